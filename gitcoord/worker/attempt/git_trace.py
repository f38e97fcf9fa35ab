"""Reads git's own trace of the git processes that a command started: command lines and worktrees.

The trace names the directory with `.git` as the worktree. If that `.git` leads to another worktree, only the
index file that git opens shows which one.
Source: https://git-scm.com/docs/api-trace2 (`start`, `cmd_name`, `def_repo`, `region_enter`, `atexit`).
"""

import os
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

_NAME = "GIT_TRACE2_EVENT"
_FILE = "gitcoord-trace"
WRITE_COMMANDS = frozenset(
    {
        *("add", "am", "apply", "checkout", "checkout-index", "cherry-pick", "clean", "commit", "merge"),
        *("mv", "pull", "read-tree", "rebase", "reset", "restore", "revert", "rm", "sparse-checkout"),
        *("stash", "switch", "update-index"),
    }
)
"""Commands that write to the worktree, its index, or its branch."""
BRANCH_COMMANDS = frozenset({"branch", "update-ref", "switch", "checkout", "fetch", "push"})
"""Commands that move a branch named on their command line."""
_OF_ALL = frozenset({"--all", "--branches", "--mirror"})


class GitProcess(msgspec.Struct, kw_only=True):
    """One git process: its command line in lower case, its command, and the worktree that it works on.

    `ran_in` is the directory whose files the process uses, and `index` is the index file that it opened. The
    index belongs to another worktree if `.git` or `GIT_DIR` leads there. `began` and `ended` are seconds
    since the epoch.
    """

    argv: tuple[str, ...]
    command: str = ""
    worktree: str = ""
    ran_in: str = ""
    index: str = ""
    began: float = 0.0
    ended: float = msgspec.field(default_factory=time.time)

    def names(self, branch: str) -> bool:
        """Whether the command line names the branch, also as the destination of a refspec."""
        known = {branch.lower(), f"heads/{branch}".lower(), f"refs/heads/{branch}".lower()}
        return not known.isdisjoint(word.rpartition(":")[2].removeprefix("+") for word in self.argv)

    def may_push(self, branch: str) -> bool:
        """Whether a push may update the branch.

        Its command line names the branch, a pattern or all branches; or none, so git's configuration decides.
        """
        given = self.argv[self.argv.index("push") + 1 :] if "push" in self.argv else ()
        _, *named = [word for word in given if not word.startswith("-")] or ("origin",)
        several = any("*" in word or word in _OF_ALL for word in given)
        return several or not named or self.names(branch)


class _TraceLine(msgspec.Struct):
    """The fields that are read from one line of the trace."""

    event: str = ""
    sid: str = ""
    argv: tuple[str, ...] = ()
    name: str = ""
    worktree: str = ""
    time: str = ""
    category: str = ""
    msg: str = ""


class GitTrace:
    """The trace of the commands of the attempt whose directory is `place`.

    The trace file is at the top of the git directory, because an agent may remove gitcoord's directory in it.
    """

    def __init__(self, place: Path) -> None:
        self._file = place.parents[2] / f"{_FILE}-{place.parent.name}-{place.name}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment that turns the trace on; empty if the user already sends git's trace elsewhere."""
        return {} if _NAME in os.environ else {_NAME: str(self._file)}

    def read(self) -> list[GitProcess]:
        """Returns all processes so far, in the order in which they started."""
        decoder, found = msgspec.json.Decoder(_TraceLine), dict[str, GitProcess]()
        with suppress(OSError), self._file.open("rb") as lines:
            for line in lines:
                with suppress(msgspec.DecodeError, ValueError):
                    _add(found, decoder.decode(line))
        return list(found.values())

    def delete(self) -> None:
        """Deletes the trace, because it may contain secrets."""
        self._file.unlink(missing_ok=True)


def _add(found: dict[str, GitProcess], line: _TraceLine) -> None:
    if line.event == "start":
        argv = tuple(word.lower() for word in line.argv)
        found[line.sid] = GitProcess(argv=argv, began=_seconds(line.time))
    elif (process := found.get(line.sid)) is None:
        return
    elif line.event == "cmd_name":
        process.command = line.name
    elif line.event == "def_repo":
        process.worktree = process.ran_in = line.worktree
    elif line.event == "region_enter" and line.category == "index" and line.msg:
        process.index = str(Path(process.ran_in, line.msg))
    elif line.event == "atexit":
        process.ended = _seconds(line.time)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
