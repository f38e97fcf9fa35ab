"""Real git repositories for tests: hermetic, and never mocked."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.quick_commits import GitError, QuickCommits

_FEW = 50
"""Files: with more, `git fast-import` makes one pack of them."""
_GIT = Path(__file__).parent / "git"
_FORGOTTEN = ("GIT_", "GITHUB_", "GH_", "GITCOORD_", "TASKMASTER_", "TASK_ID", "EXECUTION_LEVEL", "XDG_")


class Entry(NamedTuple):
    """What lies at a path when it is no plain file: git's file mode, and content (or a commit's id)."""

    mode: str
    content: str | bytes


Content = str | bytes | Entry | None
"""What `commit` puts at a path; None deletes it."""


def executable(content: str) -> Entry:
    """A file with the executable bit."""
    return Entry("100755", content)


def symlink(target: str) -> Entry:
    """A symbolic link."""
    return Entry("120000", target)


def submodule(commit: str) -> Entry:
    """A submodule at a commit of its own repository."""
    return Entry("160000", commit)


def hermetic_environment(home: Path) -> dict[str, str]:
    """An environment in which git sees neither this machine's configuration nor its user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FORGOTTEN)}
    return kept | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(_GIT / "config"),
        "GIT_TEMPLATE_DIR": str(_GIT / "template"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A Worker",
        "GIT_AUTHOR_EMAIL": "worker@example.com",
        "GIT_COMMITTER_NAME": "A Worker",
        "GIT_COMMITTER_EMAIL": "worker@example.com",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
    }


class Repo:
    """A repository at `path`; `main` is its first branch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = hermetic_environment(path.parent)
        self._clock = 1_700_000_000

    @classmethod
    def create(cls, path: Path, *, bare: bool = False, branch: str = "main") -> "Repo":
        """A new, empty repository."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "--quiet", f"--initial-branch={branch}", *(["--bare"] if bare else []))
        return repo

    @classmethod
    def pair(cls, directory: Path, files: Mapping[str, Content] | None = None) -> tuple["Repo", "Repo"]:
        """A bare remote `origin.git` with a first commit on `main`, and a clone `work` of it."""
        remote = cls.create(directory / "origin.git", bare=True)
        remote.commit({"README.md": "# Project\n"} if files is None else files, "first commit")
        return remote, remote.clone(directory / "work")

    def at(self, path: Path) -> "Repo":
        """The same where somebody copied it to; its next commit comes after the last one."""
        repo = Repo(path)
        repo._clock = self._clock
        return repo

    def git(self, *arguments: str, input: bytes | None = None, ok: Sequence[int] = (0,)) -> str:
        """stdout of a git command, without the last line feed; fails the test on another exit code."""
        ended = subprocess.run(
            ["git", *arguments], cwd=self.path, env=self.environment, input=input or b"", capture_output=True
        )
        assert ended.returncode in ok, f"git {arguments}: {os.fsdecode(ended.stderr)}"
        return os.fsdecode(ended.stdout).removesuffix("\n")

    def commit(
        self,
        changes: Mapping[str, Content],
        message: str = "change",
        *,
        branch: str = "main",
        at: str | None = None,
        orphan: bool = False,
        merge: Sequence[str] = (),
    ) -> str:
        """Commits `changes` on `branch` and returns the commit's id; a worktree on it follows.

        A branch that does not exist starts at `at` (default: `main`), or from nothing with `orphan`.
        `merge` names further parents; the tree is still what `changes` make of the first one's.
        """
        ref = f"refs/heads/{branch}"
        before = self.find(ref)
        start = None if orphan else before or self.find(at or "refs/heads/main")
        self._clock += 60
        stamp = f"A Worker <worker@example.com> {self._clock} +0000\n".encode()
        text = os.fsencode(message)
        parents = [*filter(None, [start]), *map(self.tip, merge)]
        quick = self._quick() if len(changes) <= _FEW and ref.isprintable() else None
        if quick is not None:
            plain = {os.fsencode(path): _plain(content) for path, content in _in_order(changes)}
            new = quick.commit(ref, parents, stamp, text, plain)
            if self._plain_git_dir() != self.path and quick.head() == ref:
                self.git("read-tree", "-m", "-u", *([before] if before else []), new)
            return new
        stream = [b"commit " + os.fsencode(ref) + b"\nmark :1\n", b"author " + stamp, b"committer " + stamp]
        stream.append(b"data %d\n%b\n" % (len(text), text))
        if start:
            stream.append(f"from {start}\n".encode())
        stream += [f"merge {self.tip(name)}\n".encode() for name in merge]
        for path, content in _in_order(changes):
            stream.append(_change(path, content))
        stream.append(b"get-mark :1\n")
        new = self.git("fast-import", "--quiet", "--force", "--date-format=raw", input=b"".join(stream))
        self._follow(ref, before, new)
        return new

    def commit_many(
        self,
        specs: Sequence[tuple[str, str | None, Mapping[str, Content]]],
        merges: Mapping[str, str] | None = None,
    ) -> None:
        """Makes many branches in one process: `(branch, branch that it starts from, changes)`, in order.

        `merges` gives some of the branches another one as a second parent.
        """
        stream = []
        for branch, start, changes in specs:
            self._clock += 60
            stamp = f"A Worker <worker@example.com> {self._clock} +0000\n".encode()
            stream += [b"commit refs/heads/" + os.fsencode(branch) + b"\n", b"author " + stamp]
            stream += [b"committer " + stamp, b"data 4\nwork\n"]
            if start:
                stream.append(f"from refs/heads/{start}\n".encode())
            if merges and branch in merges:
                stream.append(f"merge refs/heads/{merges[branch]}\n".encode())
            for path, content in _in_order(changes):
                stream.append(_change(path, content))
            stream.append(b"\n")
        self.git("fast-import", "--quiet", "--force", "--date-format=raw", input=b"".join(stream))

    def branch(self, name: str, at: str = "main") -> str:
        """Makes (or moves) a branch and returns its tip."""
        self.git("update-ref", f"refs/heads/{name}", self.tip(at))
        return self.tip(name)

    def clone(self, path: Path, *options: str) -> "Repo":
        """A clone of this repository, with `origin` as its remote."""
        self.git("clone", "--quiet", *options, "--", self.path.as_uri(), str(path))
        return Repo(path)

    def find(self, name: str) -> str | None:
        """The commit that a ref or branch names, or None."""
        git_dir = self._plain_git_dir() if name.startswith("refs/heads/") else None
        if git_dir is not None:
            loose = git_dir / name
            if loose.is_file() and (said := loose.read_text().strip()).isalnum():
                return said
            if not loose.exists() and not (git_dir / "packed-refs").exists():
                return None
            quick = self._quick() if name.isprintable() else None
            if quick is not None and (found := quick.find(name)):
                return found
        return (
            self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^0", ok=(0, 1)) or None
        )

    def tip(self, name: str) -> str:
        """The commit that a branch, ref or id names."""
        found = self.find(f"refs/heads/{name}") or self.find(name)
        assert found, f"{name} is not in {self.path}"
        return found

    def tree(self, name: str) -> str:
        """The id of a commit's tree."""
        return self.git("rev-parse", "--verify", "--end-of-options", f"{self.tip(name)}^{{tree}}")

    def read(self, name: str, path: str) -> str:
        """The content of a file in a commit."""
        return self.git("cat-file", "blob", f"{self.tip(name)}:{path}")

    def files(self, name: str) -> list[str]:
        """Every path of a commit."""
        return self.git("ls-tree", "-r", "-z", "--name-only", self.tip(name)).split("\0")[:-1]

    def refs(self) -> dict[str, str]:
        """Every ref with its target."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.rsplit(" ", 1) for line in lines)

    def objects(self) -> list[str]:
        """Every object in the database, reachable or not."""
        listing = ("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
        return self.git(*listing).splitlines()

    def _quick(self) -> QuickCommits | None:
        """Commits without a process; None for what libgit2 cannot open, such as a repository with SHA-256."""
        try:
            return QuickCommits(self.path)
        except GitError:
            return None

    def _plain_git_dir(self) -> Path | None:
        """Where refs lie as files, without asking git; None where they lie otherwise, as in a worktree."""
        for place in (self.path / ".git", self.path):
            if (place / "HEAD").is_file() and (place / "refs").is_dir():
                return place
        return None

    def _follow(self, ref: str, before: str | None, new: str) -> None:
        if self._plain_git_dir() == self.path:
            return
        if self.git("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)) == ref:
            self.git("read-tree", "-m", "-u", *([before] if before else []), new)


def _in_order(changes: Mapping[str, Content]) -> list[tuple[str, Content]]:
    """Deletions first, so that a file may take a directory's place."""
    return sorted(changes.items(), key=lambda change: change[1] is not None)


def _plain(content: Content) -> tuple[bytes, bytes] | None:
    if content is None:
        return None
    mode, data = content if isinstance(content, Entry) else ("100644", content)
    return mode.encode(), data if isinstance(data, bytes) else os.fsencode(data)


def _change(path: str, content: Content) -> bytes:
    name = os.fsencode(path)
    quoted = b'"' + b"".join(b"\\%03o" % byte for byte in name) + b'"'
    if content is None:
        return b"D " + quoted + b"\n"
    mode, data = content if isinstance(content, Entry) else ("100644", content)
    raw = data if isinstance(data, bytes) else os.fsencode(data)
    if mode == "160000":
        return b"M 160000 " + raw + b" " + quoted + b"\n"
    return b"M " + mode.encode() + b" inline " + quoted + b"\ndata %d\n%b\n" % (len(raw), raw)
