"""What git itself tells of the processes that a command started: their words, and where they ran.

Source: https://git-scm.com/docs/api-trace2 (`start`, `cmd_name`, `def_repo`).
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

_NAME = "GIT_TRACE2_EVENT"
_FILE = "gitcoord-trace"


class GitProcess(msgspec.Struct, kw_only=True):
    """One git process: its command line in lower case, its command, and the worktree that it ran in."""

    argv: tuple[str, ...]
    command: str = ""
    worktree: str = ""


class _TraceLine(msgspec.Struct):
    """What is read of one line."""

    event: str = ""
    sid: str = ""
    argv: tuple[str, ...] = ()
    name: str = ""
    worktree: str = ""


class GitTrace:
    """The trace of the commands of the attempt whose directory is `place`.

    It lies in the git directory itself: an agent may remove what gitcoord keeps below that.
    """

    def __init__(self, place: Path) -> None:
        self._file = place.parents[2] / f"{_FILE}-{place.parent.name}-{place.name}"

    @property
    def environment(self) -> dict[str, str]:
        """What lets git tell of itself; who has git tell somebody else already is not disturbed."""
        return {} if _NAME in os.environ else {_NAME: str(self._file)}

    def take(self) -> list[GitProcess]:
        """All that was told so far, in the order of the starts; it is deleted: there may be secrets in it."""
        decoder, found = msgspec.json.Decoder(_TraceLine), dict[str, GitProcess]()
        with suppress(OSError), self._file.open("rb") as lines:
            for line in lines:
                with suppress(msgspec.DecodeError):
                    _add(found, decoder.decode(line))
        self._file.unlink(missing_ok=True)
        return list(found.values())


def _add(found: dict[str, GitProcess], told: _TraceLine) -> None:
    if told.event == "start":
        found[told.sid] = GitProcess(argv=tuple(word.lower() for word in told.argv))
    elif (process := found.get(told.sid)) is None:
        return
    elif told.event == "cmd_name":
        process.command = told.name
    elif told.event == "def_repo":
        process.worktree = told.worktree
