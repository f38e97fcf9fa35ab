"""What is in the way of a remote or a disk: what passes by itself, what may, and what somebody must fix."""

import errno
import tempfile
from collections.abc import Callable
from os import fsync
from pathlib import Path
from typing import TypeVar

from gitcoord.errors import GitcoordError

LOOKS = 3
"""So often in a row something may be refused before it counts as lasting: hiccups look the same."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BRIEF_SECONDS = 60.0

Answer = TypeVar("Answer")


def passes(error: BaseException) -> bool:
    """Whether what `error` tells of is known to pass: a server that is down or busy, a full disk."""
    return isinstance(error, GitcoordError) and error.passing in ("passes", "briefly")


def may_pass(error: BaseException) -> bool:
    """Whether it is worth a few more looks: it passes, or it is a refusal that may be a hiccup."""
    return isinstance(error, GitcoordError) and (passes(error) or error.passing == "perhaps")


def lasts(error: GitcoordError, refusals: int, seconds: float) -> bool:
    """Whether somebody has to act, after so many refusals in a row and so many seconds of trouble."""
    match error.passing:
        case "passes":
            return False
        case "briefly":
            return seconds > _BRIEF_SECONDS  # whoever held it may have died
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
    """What `act` gives, tried again for `seconds` while what it raises passes, `LOOKS` times if it may."""
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
    """Why nothing can be written at `directory` (a full disk, a quota, a limit), or nothing."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".gitcoord-", buffering=0) as file:
            file.write(b"\1" * 65536)
            fsync(file.fileno())
    except OSError as error:
        return (error.strerror or str(error)) if error.errno in NO_ROOM else ""
    return ""


def no_room(error: OSError) -> GitcoordError | None:
    """The error to go on with when `error` only says that there is no room."""
    if error.errno not in (*NO_ROOM, errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE):
        return None
    where = f" for {error.filename}" if error.filename else ""
    return GitcoordError("disk-full", f"There is no room{where}: {error.strerror}.", hint="Free some space.")
