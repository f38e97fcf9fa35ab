"""Stores the results of checks under the git directory. A tree never changes, so its result stays valid.

Each tree and command has one directory, with the result and the log. The directories are safe to delete, and
safe with many processes: a result is written by renaming, and a lock shows that a process runs the check.
"""

import contextlib
import os
import shutil
from pathlib import Path

import msgspec

from gitcoord.checks.model import CheckCommand, CheckResult, check_key
from gitcoord.git.git_cli import Oid
from gitcoord.path_search import matching_paths

RESULT_FILE, LOG_FILE, LOCK_FILE = "result.json", "log", "lock"
MOST_KEPT = 1000
"""The number of results to keep; the oldest are removed first."""
MOST_LOGS = 200


class CheckMemo:
    """The results of one command in the repository with the git directory `common_dir`."""

    def __init__(self, common_dir: Path, command: CheckCommand) -> None:
        self._folder = common_dir / "gitcoord" / "checks"
        self._command = command

    def place(self, tree: Oid) -> Path:
        """Returns the directory of the check of `tree`."""
        return self._folder / check_key(tree, self._command.digest)

    def read(self, tree: Oid) -> CheckResult | None:
        """Returns the result for `tree`; None if there is no clear one."""
        found = read_result(self.place(tree))
        return found if found is not None and found.tree == tree and found.outcome != "unclear" else None

    def forget_failures(self) -> int:
        """Deletes this command's results other than `passed`, to check again; returns the number of them."""
        count = 0
        for place in matching_paths(self._folder, f"*-{self._command.digest}"):
            found = read_result(place)
            if found is not None and found.outcome != "passed":
                (place / RESULT_FILE).unlink(missing_ok=True)
                count += 1
        return count

    def make_room(self) -> None:
        """Removes the oldest results beyond `MOST_KEPT`, and the oldest logs beyond `MOST_LOGS`."""
        with contextlib.suppress(OSError):
            places = [(one.stat().st_mtime_ns, one) for one in self._folder.iterdir() if one.is_dir()]
            newest = [place for _, place in sorted(places, reverse=True)]
            for place in newest[MOST_LOGS:]:
                (place / LOG_FILE).unlink(missing_ok=True)
            for place in newest[MOST_KEPT:]:
                shutil.rmtree(place, ignore_errors=True)


def check_log(common_dir: Path, tree: Oid, command: str) -> Path:
    """Returns the path of the log of the check of `tree` by the command with the digest `command`."""
    return common_dir / "gitcoord" / "checks" / check_key(tree, command) / LOG_FILE


def read_result(place: Path) -> CheckResult | None:
    """Reads the result in a check's directory; returns None if there is none or it cannot be read."""
    try:
        return msgspec.json.decode((place / RESULT_FILE).read_bytes(), type=CheckResult)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_result(place: Path, result: CheckResult) -> None:
    """Writes `result` into its check's directory, atomically. Raises OSError."""
    draft = place / f"{RESULT_FILE}.{os.getpid()}"
    try:
        draft.write_bytes(msgspec.json.encode(result))
        draft.replace(place / RESULT_FILE)
    finally:
        draft.unlink(missing_ok=True)
