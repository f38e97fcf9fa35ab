"""The only exception that crosses packages, and the exit codes.

An expected negative result (a conflict, a missing branch, a pending review) is a value, never an exception.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Literal, Protocol

from gitcoord.error_codes import ErrorCode


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    NO = 1
    """The answer is no: conflicts found, level not landed, a task failed."""
    USAGE = 2
    """Wrong usage, settings or task list."""
    REFUSED = 3
    """Git or the forge could not be reached, or refused."""
    BUG = 70
    INTERRUPTED = 130


Passing = Literal["passes", "briefly", "perhaps", "unknown", "never"]
"""Whether the cause of an error goes away by itself, as far as git, the forge or the system says.

`passes`: a busy server, a full disk. `briefly`: within a minute, or somebody must act (a lock). `perhaps`: a
refusal that may be temporary. `unknown`: nothing says so. `never`: a hook or a rule refused.
"""
_PASSING: Mapping[ErrorCode, Passing] = {
    "state-busy": "passes",
    "push-raced": "passes",
    "disk-full": "passes",
    "github-unreachable": "passes",
    "github-no-answer": "passes",
    "rate-limited": "passes",
}
"""For errors whose code alone decides."""


class Named(Protocol):
    """One of several findings: a stable code, a sentence, and its task."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def task(self) -> str | None: ...


class GitcoordError(Exception):
    """An action or a question failed.

    `code` is a stable name from `docs/errors.md`, `message` one sentence about the problem, `hint` how to fix
    it, and `exit` the command's exit code. `findings` lists all problems if there are several. `passing` says
    whether a retry may help. Message and hint contain no secret.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        hint: str = "",
        exit: Exit = Exit.REFUSED,
        findings: Sequence[Named] = (),
        passing: Passing | None = None,
    ) -> None:
        from gitcoord.redact import redact  # imported here: only errors need it

        self.message, self.hint = redact(message), redact(hint)
        super().__init__(self.message)
        self.code = code
        self.exit = exit
        self.findings = tuple(findings)
        self.passing: Passing = passing or _PASSING.get(code, "unknown")


@contextmanager
def in_repository(name: str) -> Iterator[None]:
    """Begins the message of an error with the repository's `name`; does nothing if that is empty."""
    try:
        yield
    except GitcoordError as error:
        if name and not error.message.startswith(f"{name}: "):
            error.message = f"{name}: {error.message}"
            error.args = (error.message,)
        raise


def usage_error(code: ErrorCode, message: str, hint: str = "") -> GitcoordError:
    """Returns an error in the usage, the settings or the task list (exit 2)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.USAGE)


def answer_no(code: ErrorCode, message: str, hint: str = "") -> GitcoordError:
    """Returns an error for a negative answer: the command could run, but the answer is no (exit 1)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.NO)
