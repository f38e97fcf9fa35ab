"""The checkouts for checks: separate repositories, which borrow the user's objects and share nothing else.

A check may do anything to its repository: the user's branches, configuration and worktrees are not in it. A
checkout moves from tree to tree, and keeps ignored files such as build output for the next check.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Git, Oid, nowhere_above
from gitcoord.git.write_commits import fixed_author
from gitcoord.settings import RuleSettings

_COPIED = r"^(filter\..*|core\.(autocrlf|eol|safecrlf|symlinks|filemode|ignorecase|longpaths))$"
"""The git settings of the user's repository that affect the files of a checkout."""
Waiting = Callable[[], bool]
"""Sleeps a moment, except at the first call; returns whether to stop waiting."""


class BorrowedRepository(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the user's repository that checkouts depend on."""

    common_dir: str
    object_format: str
    settings: tuple[tuple[str, str], ...] = ()


def source_of(git: Git, common_dir: Path) -> BorrowedRepository:
    """Reads the facts about the repository at `common_dir`."""
    told = git.probe("config", "--local", "-z", "--get-regexp", _COPIED) or ""
    pairs = (entry.partition("\n") for entry in told.split("\0") if entry)
    return BorrowedRepository(
        common_dir=str(common_dir),
        object_format=git.probe("rev-parse", "--show-object-format") or "sha1",
        settings=tuple((name, value if has else "true") for name, has, value in pairs),
    )


class Slot:
    """One checkout, which this process holds until the block of `held_slot` ends."""

    def __init__(self, directory: Path, number: int, source: BorrowedRepository) -> None:
        self.directory = directory
        self.number = number
        self._source = source
        self._inside = directory / ".git"
        which = {"GIT_DIR": str(self._inside), "GIT_WORK_TREE": str(directory)}
        self._git = Git(directory, nowhere_above(directory) | which)

    def move_to(self, tree: Oid, parent: Oid, *, clean: bool) -> None:
        """Checks out `tree` as a commit on top of `parent`. Keeps ignored files without `clean`.

        Makes a new checkout if the old one cannot be changed to `tree`. Raises OSError and GitcoordError.
        """
        from gitcoord.errors import GitcoordError

        try:
            self._move(tree, parent, clean=clean)
        except (GitcoordError, OSError):
            shutil.rmtree(self.directory, ignore_errors=True)
            self._move(tree, parent, clean=clean)

    def tree_of_files(self, tree: Oid, rules: RuleSettings) -> Oid:
        """Returns `tree` with the generated files of this checkout, written to the user's repository.

        All other files are as in `tree`, even if they were changed here. Raises GitcoordError.
        """
        from gitcoord.conflicts.rules import Rulebook

        self._configure()  # a command may have changed what git does with files
        if self._git.probe("diff-index", "--cached", "--quiet", tree) is None:
            self._git.run("read-tree", tree)
        self._git.run("update-index", "-q", "--refresh", ok=())
        differing = self._git.text("diff-files", "--name-only", "-z")
        new = self._git.text("ls-files", "--others", "--exclude-standard", "-z")
        paths = Rulebook(rules).by("regenerate", filter(None, (differing + new).split("\0")))
        if not paths:
            return tree
        inside = {"GIT_OBJECT_DIRECTORY": str(Path(self._source.common_dir) / "objects")}
        request = b"".join(os.fsencode(path) + b"\0" for path in paths)
        asked = ("add", "-A", "-f", "--pathspec-from-file=-", "--pathspec-file-nul")
        self._git.run(*asked, input=request, environment={**inside, "GIT_LITERAL_PATHSPECS": "1"})
        return self._git.run("write-tree", environment=inside).text

    def _move(self, tree: Oid, parent: Oid, *, clean: bool) -> None:
        self._make()
        commit = self._git.run(
            "commit-tree", tree, "-p", parent, "-m", "A combination to check", environment=fixed_author()
        ).text
        self._git.run("checkout", "--quiet", "--force", "--detach", commit)
        # `-ff` also removes nested repositories that a check made.
        self._git.run("clean", "-ffdq", *(("-x",) if clean else ()))

    def _make(self) -> None:
        """Makes the repository, or reverts changes of an earlier check."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self._inside / "HEAD").is_file():
            shutil.rmtree(self._inside, ignore_errors=True)
            options = ("--quiet", "--template=", f"--object-format={self._source.object_format}")
            Git(self.directory, nowhere_above(self.directory)).run("init", *options)
        for left in (
            "hooks",
            "config.worktree",
            "packed-refs",
            "refs/heads",
            "refs/tags",
            "index.lock",
            "HEAD.lock",
        ):
            place = self._inside / left
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(
                missing_ok=True
            )
        (self._inside / "refs").mkdir(exist_ok=True)
        common, info = Path(self._source.common_dir), self._inside / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "alternates").write_bytes(os.fsencode(common / "objects") + b"\n")
        (self._inside / "info").mkdir(exist_ok=True)
        for name in ("attributes", "exclude"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(common / "info" / name, self._inside / "info" / name)
        self._configure()

    def _configure(self) -> None:
        sha256 = self._source.object_format != "sha1"
        (self._inside / "config").write_text(
            f"[core]\n\trepositoryformatversion = {int(sha256)}\n\tbare = false\n"
            + (f"[extensions]\n\tobjectformat = {self._source.object_format}\n" if sha256 else ""),
            encoding="ascii",
        )
        for name, value in self._source.settings:
            self._git.run("config", "--add", name, value)


@contextlib.contextmanager
def held_slot(
    place: Path, count: int, source: BorrowedRepository, *, given_up: Waiting
) -> Iterator[Slot | None]:
    """Yields a free one of the `count` checkouts under `place`; None if `given_up` returns True first."""
    place.mkdir(parents=True, exist_ok=True)
    while not given_up():
        for number in range(1, count + 1):
            lock = os.open(place / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            try:
                yield Slot(place / str(number), number, source)
            finally:
                os.close(lock)
            return
    yield None


@contextlib.contextmanager
def held_lock(file: Path, *, given_up: Waiting) -> Iterator[bool]:
    """Holds the lock of `file`; yields False if `given_up` returns True before the lock is free."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not given_up():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield True
            return
        yield False
    finally:
        os.close(lock)
