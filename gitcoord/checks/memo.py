"""Results of checks, kept under the git directory: a tree never changes, so its result does not either.

A directory for each tree and command, which holds the check's log, too. Safe to delete, and safe with many
processes: a result is written by renaming, and the lock of a check tells who is at it.
"""

import contextlib
import os
import shutil
from pathlib import Path

import msgspec

from gitcoord.checks.model import CheckCommand, CheckResult, check_key
from gitcoord.git.git_cli import Oid

RESULT_FILE, LOG_FILE, LOCK_FILE = "result.json", "log", "lock"
MOST_KEPT = 1000
"""Results that are kept; the oldest go first."""
MOST_LOGS = 200


class CheckMemo:
    """The results of one command in the repository whose git directory is `common_dir`."""

    def __init__(self, common_dir: Path, command: CheckCommand) -> None:
        self._folder = common_dir / "gitcoord" / "checks"
        self._command = command

    def place(self, tree: Oid) -> Path:
        """The directory of the check of `tree`."""
        return self._folder / check_key(tree, self._command.digest)

    def read(self, tree: Oid) -> CheckResult | None:
        """The result for `tree`; None when nothing clear is known."""
        found = read_result(self.place(tree))
        return found if found is not None and found.tree == tree and found.outcome != "unclear" else None

    def forget_failures(self) -> int:
        """Remove the failures of this command, so that they are checked again; return how many."""
        count = 0
        for place in self._folder.glob(f"*-{self._command.digest}"):
            found = read_result(place)
            if found is not None and found.outcome != "passed":
                (place / RESULT_FILE).unlink(missing_ok=True)
                count += 1
        return count

    def make_room(self) -> None:
        """Remove the oldest results beyond `MOST_KEPT`, and the oldest logs beyond `MOST_LOGS`."""
        with contextlib.suppress(OSError):
            places = [(one.stat().st_mtime_ns, one) for one in self._folder.iterdir() if one.is_dir()]
            newest = [place for _, place in sorted(places, reverse=True)]
            for place in newest[MOST_LOGS:]:
                (place / LOG_FILE).unlink(missing_ok=True)
            for place in newest[MOST_KEPT:]:
                shutil.rmtree(place, ignore_errors=True)


def check_log(common_dir: Path, tree: Oid, command: str) -> Path:
    """The log of a check of `tree` by the command with that digest."""
    return common_dir / "gitcoord" / "checks" / check_key(tree, command) / LOG_FILE


def read_result(place: Path) -> CheckResult | None:
    """The result in the directory of a check; None when there is none, or it cannot be read."""
    try:
        return msgspec.json.decode((place / RESULT_FILE).read_bytes(), type=CheckResult)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_result(place: Path, result: CheckResult) -> None:
    """Keep `result` in the directory of its check, in one move. Raises OSError."""
    draft = place / f"{RESULT_FILE}.{os.getpid()}"
    try:
        draft.write_bytes(msgspec.json.encode(result))
        draft.replace(place / RESULT_FILE)
    finally:
        draft.unlink(missing_ok=True)
