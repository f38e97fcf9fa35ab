"""Rate limits: the primary one that counts requests, and the sentences of both kinds."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.github.exchange import Answer, ApiError

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
BLOCKED = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)
_HOUR = 3600


@dataclass
class PrimaryLimit:
    """How many requests are left until `reset`. `status`: GitHub answers 403 and 429, both have been seen."""

    limit: int = 5000
    remaining: int = 5000
    reset: float = field(default_factory=lambda: time.time() + _HOUR)
    status: int = 403
    enabled: bool = True
    """Off on a GitHub Enterprise Server, which then leaves the headers out too."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        """Takes one request off; raises GitHub's refusal when none is left."""
        with self._lock:
            if not self.enabled:
                return
            if time.time() >= self.reset:
                self.remaining, self.reset = self.limit, time.time() + _HOUR
            if self.remaining <= 0:
                raise ApiError(self.status, "API rate limit exceeded for user ID 1.")
            self.remaining -= 1

    def give_back(self) -> None:
        """A conditional request that was answered 304 is free."""
        with self._lock:
            self.remaining += 1

    def headers(self) -> Mapping[str, str]:
        """What stands on every answer."""
        if not self.enabled:
            return {}
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.limit - self.remaining),
            "x-ratelimit-resource": "core",
            "x-ratelimit-reset": str(int(self.reset)),
        }

    def as_resource(self) -> dict[str, int]:
        """As `GET /rate_limit` has it."""
        used = self.limit - self.remaining
        return {
            "limit": self.limit,
            "used": used,
            "remaining": self.remaining,
            "reset": int(self.reset),
        }


def secondary(status: int, retry_after: int | None, message: str = SECONDARY) -> Answer:
    """The answer to too much at once; often it does not say how long to wait."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return ApiError(status, message, headers=headers).answer
