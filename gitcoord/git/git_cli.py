"""Runs the git program: one process per call, without a shell, never interactive; errors are typed."""

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitcoord import trace
from gitcoord.errors import GitcoordError
from gitcoord.git.commits import CommitReader, Oid
from gitcoord.git.git_result import GitResult
from gitcoord.redact import redact, redact_said

__all__ = ["Git", "Oid"]

_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_MERGE_AUTOEDIT": "no",
    # Ignore replace refs and grafts: they change history in this clone only.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",
}
_CONFIG = (
    # Behave like GitHub, whatever the user's configuration says.
    ("merge.directoryRenames", "conflict"),
    ("merge.renames", "true"),
    ("merge.renameLimit", "7000"),
    ("merge.default", "text"),
    # Keep the output that is parsed here the same for all users.
    ("i18n.commitEncoding", "UTF-8"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("log.showSignature", "false"),
    ("trailer.separators", ":"),
    ("core.quotePath", "false"),
    ("advice.detachedHead", "false"),
)
_WITHOUT_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
# Git sets these for hooks and aliases; they would point every process at that one repository.
NOT_INHERITED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    # Editors set these for the programs that they start; they would change the meaning of pathspecs.
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
_WHICH_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE")


def nowhere_above(directory: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the environment in which git looks for a repository only in `directory`, not above it."""
    name = "GIT_CEILING_DIRECTORIES"
    places = (str(directory.resolve().parent), environ.get(name, ""))
    return {name: os.pathsep.join(filter(None, places))}


def stdin_lines(lines: Iterable[str]) -> bytes:
    """Encodes `lines` for git's stdin; keeps the bytes of names that are not UTF-8."""
    return b"".join(os.fsencode(line) + b"\n" for line in lines)


def _encoded(environment: Mapping[str, str]) -> dict[bytes, bytes]:
    return {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}


_FIXED = _encoded(_ENVIRONMENT)
_last: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})


def _inherited() -> dict[bytes, bytes]:
    """Returns the part of this process's environment that git gets.

    Cached, because computing it takes long.
    """
    global _last
    now: dict[bytes, bytes] = getattr(os.environ, "_data", None) or dict(os.environb)
    if now != _last[0]:
        left_out = set(map(os.fsencode, NOT_INHERITED))
        _last = (dict(now), {name: value for name, value in now.items() if name not in left_out})
    return _last[1]


class Git:
    """The git program in one directory. `environment` is added to every process.

    `unmerged` are patterns as in .gitignore: merges in memory take the first side's version of files that
    match.
    """

    def __init__(
        self, directory: Path, environment: Mapping[str, str] | None = None, unmerged: Sequence[str] = ()
    ) -> None:
        self.directory = directory
        self.unmerged = tuple(unmerged)
        self.commits: CommitReader | None = None
        """Reads single commits in-process, if the command enabled it because it reads many."""
        self.merges: dict[tuple[Oid, Oid], Any] | None = None
        """The results of merges in memory, if the command enabled it because it repeats them."""
        self.made: dict[tuple[Oid, ...], Oid] | None = None
        """Synthetic commits by tree and parents; enabled together with `merges`."""
        self._environment = dict(environment or {})
        self._own = {**_FIXED, **_encoded(self._environment)}
        self._objects = ""

    @property
    def scratch(self) -> Path | None:
        """The directory for a quarantine's objects; None outside a quarantine."""
        place = self._environment.get("GIT_OBJECT_DIRECTORY")
        return Path(place) if place else None

    def run(
        self,
        *arguments: str,
        input: bytes | None = None,
        ok: Collection[int] = (0,),
        hooks: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> GitResult:
        """Runs `git ARGUMENTS` and returns its result.

        Raises `git-failed` or `damaged-repository` if the exit code is not in `ok` (an empty `ok` accepts
        any), and `no-git` or `no-directory` if git cannot be started. Runs the repository's hooks only with
        `hooks`.
        """
        argv = self._command(arguments, hooks=hooks)
        began = trace.clock()
        try:
            ended = subprocess.run(
                argv,
                cwd=self.directory,
                env=self._whole_environment(environment or {}),
                capture_output=True,
                check=False,
                stdin=None if input else subprocess.DEVNULL,
                input=input or None,
            )
        except OSError as error:
            raise _cannot_start(self.directory, error) from error
        stderr = redact_said(os.fsdecode(ended.stderr))
        result = GitResult(ended.returncode, ended.stdout, stderr)
        if trace.clock():
            trace.asked(f"git {trace.words(arguments)}", began, _outcome(result))
        if ok and result.code not in ok:
            from gitcoord.git.damage import git_failed

            what = f"`git {_shown(arguments)}` failed: {result.reason}"
            raise git_failed(what, stderr, self.directory, self._environment.get("GIT_DIR", ""))
        return result

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Starts a git process for a dialogue; the caller ends it. Discards its stderr."""
        trace.asked(f"git {trace.words(arguments)}", trace.clock(), "started")
        try:
            return subprocess.Popen(
                self._command(arguments),
                cwd=self.directory,
                env=self._whole_environment({}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise _cannot_start(self.directory, error) from error

    def text(self, *arguments: str, input: bytes | None = None) -> str:
        """Runs a git command that must succeed, and returns its stdout."""
        return self.run(*arguments, input=input).text

    def lines(self, *arguments: str) -> list[str]:
        """Returns the stdout of a git command that must succeed, line by line."""
        # Not `splitlines`: names may contain a Unicode line separator.
        text = self.text(*arguments)
        return text.split("\n") if text else []

    def probe(self, *arguments: str) -> str | None:
        """Returns the stdout of a git command, or None if its exit code is not 0."""
        result = self.run(*arguments, ok=())
        return result.text if result.code == 0 else None

    def at(self, directory: Path) -> "Git":
        """Returns this git for another directory.

        It uses only a repository in that directory, never one above.
        """
        kept = {name: value for name, value in self._environment.items() if name not in _WHICH_REPOSITORY}
        return Git(directory, kept | nowhere_above(directory), self.unmerged)

    def within(self, git_directory: Path, worktree: Path) -> "Git":
        """Returns this git for `worktree` with the repository at `git_directory`; ignores `worktree/.git`."""
        which = dict(zip(_WHICH_REPOSITORY, (str(git_directory), str(worktree)), strict=True))
        return Git(worktree, self._environment | which, self.unmerged)

    def with_environment(self, added: Mapping[str, str], unmerged: Sequence[str] = ()) -> "Git":
        """Returns this git with additional environment variables, and more `unmerged` patterns."""
        return Git(self.directory, {**self._environment, **added}, (*self.unmerged, *unmerged))

    def merging_everything(self) -> "Git":
        """Returns this git without `unmerged`: merges conflict in those files."""
        return Git(self.directory, self._environment) if self.unmerged else self

    def object_places(self) -> list[str]:
        """Returns the object directories of this git, as `GIT_ALTERNATE_OBJECT_DIRECTORIES` has them."""
        # Cached: the object directory does not move while a command runs.
        if not self._objects:
            self._objects = self.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
        own = self._objects
        added = {**os.environ, **self._environment}.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        if os.pathsep in own or own.startswith('"'):
            escaped = own.replace("\\", "\\\\").replace('"', '\\"')
            own = f'"{escaped}"'
        return [own, *filter(None, [added])]

    @contextmanager
    def quarantine(self) -> Iterator["Git"]:
        """Yields a git whose new objects go to a temporary directory, which is removed after the block."""
        places = self.object_places()
        from gitcoord.git.object_quarantine import (
            scratch_directory,
        )  # imported here: most commands make no objects

        with scratch_directory() as scratch:
            yield Git(
                self.directory,
                {
                    **self._environment,
                    "GIT_OBJECT_DIRECTORY": scratch,
                    "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(places),
                },
                self.unmerged,
            )

    def _command(self, arguments: Sequence[str], *, hooks: bool = False) -> list[str]:
        return ["git", *(() if hooks else _WITHOUT_HOOKS), *self._config(), *arguments]

    def _whole_environment(self, added: Mapping[str, str]) -> dict[bytes, bytes]:
        return {**_inherited(), **self._own, **_encoded(added)}

    def _config(self) -> Iterator[str]:
        for key, value in _CONFIG:
            yield from ("-c", f"{key}={value}")


def _outcome(result: GitResult) -> str:
    return f"{result.code} {result.reason}" if result.code and result.stderr else str(result.code)


def _cannot_start(directory: Path, error: OSError) -> GitcoordError:
    if not directory.is_dir():
        return GitcoordError("no-directory", f"The directory {directory} does not exist.")
    if isinstance(error, FileNotFoundError):
        return GitcoordError("no-git", "The git program was not found.", hint="Install git 2.39 or newer.")
    return GitcoordError("no-git", f"The git program cannot be started in {directory}: {error.strerror}.")


def _shown(arguments: Sequence[str]) -> str:
    words = list(arguments[:3])
    return redact(" ".join(words) + (" …" if len(arguments) > len(words) else ""))
