"""The one exception that crosses rooms, and its exit codes.

An expected negative (a conflict, a missing branch, a closed gate) is a value, never one of these.
"""

from collections.abc import Mapping, Sequence
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
    """Git or the forge could not be asked, or refused."""
    BUG = 70
    INTERRUPTED = 130


Passing = Literal["passes", "briefly", "perhaps", "unknown", "never"]
"""Whether what is in the way goes by itself, as far as git, the forge or the system told when it was read.

`passes`: a busy server, a full disk. `briefly`: within a minute, or somebody has to act (a lock). `perhaps`:
a refusal that may be a hiccup. `unknown`: nothing told. `never`: a hook or a rule said no.
"""
_PASSING: Mapping[ErrorCode, Passing] = {
    "state-busy": "passes",
    "push-raced": "passes",
    "disk-full": "passes",
    "github-unreachable": "passes",
    "github-no-answer": "passes",
    "rate-limited": "passes",
}
"""Of errors whose code says it all."""


class Named(Protocol):
    """One of several things that are wrong: a stable code, a sentence, and the task it is about."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def task(self) -> str | None: ...


class GitcoordError(Exception):
    """Something could not be done or found out.

    `code` is a stable name that `docs/errors.md` lists, `message` one sentence that names the thing, `hint`
    the way out, and `exit` the exit code that the command ends with. `findings` lists everything that is
    wrong when it is more than one thing. `passing` says whether it is worth trying again. Message
    and hint hold no secret.
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
        from gitcoord.redact import redact  # nobody pays for it until something goes wrong

        self.message, self.hint = redact(message), redact(hint)
        super().__init__(self.message)
        self.code = code
        self.exit = exit
        self.findings = tuple(findings)
        self.passing: Passing = passing or _PASSING.get(code, "unknown")


def usage_error(code: ErrorCode, message: str, hint: str = "") -> GitcoordError:
    """An error of the caller's making: usage, settings or the task list (exit 2)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.USAGE)


def answer_no(code: ErrorCode, message: str, hint: str = "") -> GitcoordError:
    """A command that cannot do what was asked because the world says no (exit 1)."""
    return GitcoordError(code, message, hint=hint, exit=Exit.NO)
