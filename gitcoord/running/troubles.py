"""What is in the way of a remote or a disk: what passes by itself, what may, and what somebody must mend."""

import errno
import re
import tempfile
from collections.abc import Callable
from os import fsync
from pathlib import Path
from typing import TypeVar

from gitcoord.errors import GitcoordError

LOOKS = 3
"""So often in a row something may be refused before it counts as lasting: hiccups look the same."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BUSY = frozenset(
    {"state-busy", "push-raced", "disk-full", "github-unreachable", "github-no-answer", "rate-limited"}
)
_TOLD = frozenset({"unreachable", "push-refused", "git-failed", "worktree-failed", "submodule-failed"})
_REFUSED = re.compile(
    r"authentication failed|could not read (username|password)|permission (to \S+ )?denied"
    r"|access denied|not authori[sz]ed|repository not found|host key verification"
    r"|error: 40[134]\b|HTTP 40[134]\b",
    re.IGNORECASE,
)
_FOR_GOOD = re.compile(r"permission to \S+ denied|protected branch|\bGH0\d\d:|pre-push hook", re.IGNORECASE)
_PASSES = re.compile(
    r"error: (408|429|5\d\d)\b|HTTP (408|429|5\d\d)\b|internal server error|service unavailable|hung up"
    r"|disconnect|connection|timed? ?out|could ?n.t (resolve|connect)|could not resolve|early EOF"
    r"|RPC failed|unexpected EOF|protocol error|bad line length|cannot lock ref|unable to lock"
    r"|unable to create '[^']*\.lock'|failed to lock|failed to update ref|try again|temporar"
    r"|no space left|quota exceeded|remote unpack failed|unpacker error|unable to write",
    re.IGNORECASE,
)

_LOCKED = re.compile(r"cannot lock ref|unable to create '[^']*\.lock'|failed to lock", re.IGNORECASE)
_LOCKED_SECONDS = 60.0

Answer = TypeVar("Answer")


def passes(error: BaseException) -> bool:
    """Whether what `error` tells of is known to pass: a server that is down or busy, a full disk."""
    if not isinstance(error, GitcoordError):
        return False
    if error.code in _BUSY:
        return True
    if error.code == "unreachable":
        return not _REFUSED.search(error.message)
    return error.code in _TOLD and bool(_PASSES.search(error.message)) and not lasts_at_once(error)


def may_pass(error: BaseException) -> bool:
    """Whether it is worth a few more looks: it passes, or it is a refusal that may be a hiccup."""
    if not isinstance(error, GitcoordError) or lasts_at_once(error):
        return False
    return passes(error) or error.code in ("unreachable", "push-refused")


def lasts_at_once(error: GitcoordError) -> bool:
    """Whether the first look says that somebody has to do something: a permission that is missing."""
    return error.code == "push-refused" and bool(_FOR_GOOD.search(error.message))


def lasts(error: GitcoordError, refusals: int, seconds: float) -> bool:
    """Whether somebody has to act, after so many refusals in a row and so many seconds of trouble."""
    if lasts_at_once(error):
        return True
    if _LOCKED.search(error.message):
        return seconds > _LOCKED_SECONDS  # whoever held it may have died
    return not passes(error) and refusals >= LOOKS


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
