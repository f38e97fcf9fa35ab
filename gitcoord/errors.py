"""The one exception that crosses rooms, and its exit codes.

An expected negative (a conflict, a missing branch, a closed gate) is a value, never one of these.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    NO = 1
    """The answer is no: conflicts found, level not landed, a task failed."""
    USAGE = 2
    """Wrong usage, settings or task list."""
    REFUSED = 3
    """Git or the forge could not be asked, or refused."""
    BUG = 70
    INTERRUPTED = 130


class GitcoordError(Exception):
    """Something could not be done or found out.

    `code` is a stable kebab-case name, `message` one sentence that names the thing, `hint` the way
    out, and `exit` the exit code that the command ends with.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", exit: Exit = Exit.REFUSED) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit = exit


def usage_error(code: str, message: str, hint: str = "") -> GitcoordError:
    """An error of the caller's making: usage, settings or the task list (exit 2)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.USAGE)


def answer_no(code: str, message: str, hint: str = "") -> GitcoordError:
    """A command that cannot do what was asked because the world says no (exit 1)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.NO)
