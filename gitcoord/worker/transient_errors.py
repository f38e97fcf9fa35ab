"""Errors of remotes and disks: those that pass by themselves, that may pass, and that a person must fix."""

import errno
import tempfile
from collections.abc import Callable
from os import fsync
from pathlib import Path
from typing import TypeVar

from gitcoord.errors import GitcoordError

LOOKS = 3
"""An error counts as lasting after this many refusals in a row: fewer may be a temporary problem."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BRIEF_SECONDS = 60.0

Answer = TypeVar("Answer")


def passes(error: BaseException) -> bool:
    """Whether the error is known to pass: a server that is down or busy, a full disk, a lock of others."""
    return isinstance(error, GitcoordError) and error.passing in ("passes", "briefly")


def may_pass(error: BaseException) -> bool:
    """Whether a few retries make sense: the error passes, or is a refusal that may be temporary."""
    return isinstance(error, GitcoordError) and (passes(error) or error.passing == "perhaps")


def lasts(error: GitcoordError, refusals: int, seconds: float) -> bool:
    """Whether a person has to act, after `refusals` in a row and `seconds` since the first error."""
    match error.passing:
        case "passes":
            return False
        case "briefly":
            return seconds > _BRIEF_SECONDS  # the process that holds the lock may have died
        case "never":
            return True
    return refusals >= LOOKS


def try_for(
    seconds: float,
    act: Callable[[], Answer],
    *,
    tell: Callable[[BaseException], None] | None = None,
    given_up: Callable[[], bool] = bool,
    first: float = 0.5,
) -> Answer:
    """Returns the result of `act`, or raises its last error.

    Tries for `seconds` if the error will pass, at most `LOOKS` times if it may pass, until `given_up` returns
    True. Calls `tell` after the first error. `first`: seconds before the second try, about doubled each time.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential, wait_random

    def over(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and passes(error):
            return (state.seconds_since_start or 0.0) >= seconds
        return state.attempt_number >= LOOKS

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if tell is not None and error is not None and state.attempt_number == 1:
            tell(error)

    patience = Retrying(
        retry=retry_if_exception(lambda error: may_pass(error) and not given_up()),
        stop=over,
        wait=wait_exponential(multiplier=first, max=20) + wait_random(0, first),
        before_sleep=say,
        reraise=True,
    )
    return patience(act)


def disk_problem(directory: Path) -> str:
    """Why no more data can be written to `directory` (full disk, quota, limit); else empty."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".gitcoord-", buffering=0) as file:
            file.write(b"\1" * 65536)
            fsync(file.fileno())
    except OSError as error:
        return (error.strerror or str(error)) if error.errno in NO_ROOM else ""
    return ""


def no_room(error: OSError) -> GitcoordError | None:
    """The error to raise instead if `error` means that disk, memory or descriptors are used up; else None."""
    if error.errno not in (*NO_ROOM, errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE):
        return None
    where = f" for {error.filename}" if error.filename else ""
    return GitcoordError("disk-full", f"There is no room{where}: {error.strerror}.", hint="Free some space.")
