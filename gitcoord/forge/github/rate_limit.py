"""Waiting for GitHub: rate limits as it asks (Retry-After, then the reset, then ever longer), and polling.

The one who watches sees a countdown. A limited request was not performed, so writes are sent again too.
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
"""Told what is waited for, and how many seconds are left; 0 when it is over."""

LONGEST = 3900.0
"""An hour is the longest that the primary limit ever takes to be filled again."""
_UNKNOWN: wait_base = wait_exponential(multiplier=60, min=60, max=900) + wait_random(0, 10)


class RateLimitPatience:
    """How long, and how, one run waits. `longest` seconds in all for the limits that one request meets."""

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
        """Sends until it is not limited; the limited answer when waiting would take too long."""
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
        """Looks again and again, ever more slowly, until there is something; None after `seconds`."""
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
        """Sleeps, and says every second how long it still takes."""
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
