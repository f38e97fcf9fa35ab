"""Waits for GitHub: for rate limits (Retry-After, then the reset time, then growing pauses), and by polling.

Shows a countdown. GitHub does not perform a limited request, so writes are sent again, too.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential, wait_random
from tenacity.wait import wait_base

from gitcoord.forge.github.errors import seconds_asked_for
from gitcoord.forge.github.transport import NoAnswer, Reply

T = TypeVar("T")
Countdown = Callable[[str, int], None]
"""Called with the reason for the wait and the remaining seconds; 0 when it is over."""

LONGEST = 3900.0
"""The longest wait in seconds by default: the primary rate limit resets after at most an hour."""
_UNKNOWN: wait_base = wait_exponential(multiplier=60, min=60, max=900) + wait_random(0, 10)


class RateLimitPatience:
    """The waiting of one run, at most `longest` seconds in all for the rate limits of one request."""

    def __init__(
        self,
        *,
        longest: float = LONGEST,
        tell: Countdown | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._longest = longest
        self._tell = tell
        self._sleep = sleep
        self._clock = clock

    def through_limits(self, once: Callable[[], Reply | NoAnswer], what: str) -> Reply | NoAnswer:
        """Sends until the answer is not limited; returns the limited answer if the wait would be too long."""
        retrying = Retrying(
            retry=retry_if_result(_is_limited),
            wait=self._seconds,
            stop=lambda state: state.idle_for + state.upcoming_sleep > self._longest,
            sleep=lambda seconds: self.count_down(f"GitHub's rate limit on {what}", seconds),
            retry_error_callback=_last,
        )
        reply: Reply | NoAnswer = retrying(once)
        return reply

    def poll(self, look: Callable[[], T | None], *, seconds: float) -> T | None:
        """Calls `look` at growing intervals until it returns a value; returns None after `seconds`."""
        retrying = Retrying(
            retry=retry_if_result(lambda found: found is None),
            wait=wait_exponential(multiplier=0.5, max=5),
            stop=lambda state: state.idle_for + state.upcoming_sleep > seconds,
            sleep=self._sleep,
            retry_error_callback=_last,
        )
        found: T | None = retrying(look)
        return found

    def count_down(self, what: str, seconds: float) -> None:
        """Sleeps, and reports the remaining time every second."""
        left = seconds
        while left > 0:
            self._say(what, max(1, round(left)))
            step = min(1.0, left)
            self._sleep(step)
            left -= step
        self._say(what, 0)

    def _say(self, what: str, seconds: int) -> None:
        if self._tell is not None:
            self._tell(what, seconds)

    def _seconds(self, state: RetryCallState) -> float:
        reply = state.outcome.result() if state.outcome is not None else None
        asked = seconds_asked_for(reply.headers, self._clock()) if isinstance(reply, Reply) else None
        return _UNKNOWN(state) if asked is None else asked


def _is_limited(reply: Reply | NoAnswer) -> bool:
    return isinstance(reply, Reply) and reply.limited


def _last(state: RetryCallState) -> object:
    return state.outcome.result() if state.outcome is not None else None
