"""Retries a write while other workers are faster."""

from collections.abc import Callable
from typing import TypeVar

from gitcoord.errors import GitcoordError

_ATTEMPTS = 40
_Result = TypeVar("_Result")


def retry_while_plan_moves(attempt: Callable[[], _Result]) -> _Result:
    """Calls `attempt` until it does not raise `plan-moved`; raises that after `_ATTEMPTS` calls."""
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    patience = Retrying(
        retry=retry_if_exception(
            lambda error: isinstance(error, GitcoordError) and error.code == "plan-moved"
        ),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        reraise=True,
    )
    return patience(attempt)


def retry_until_value(attempt: Callable[[], bool | None]) -> bool | None:
    """Calls `attempt` until it returns a value that is not None; returns None after `_ATTEMPTS` calls."""
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

    patience = Retrying(
        retry=retry_if_result(lambda written: written is None),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        retry_error_callback=lambda state: None,
    )
    written: bool | None = patience(attempt)
    return written
