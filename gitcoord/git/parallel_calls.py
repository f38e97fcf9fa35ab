"""Splits a long request to git into parts that run on all cores, and limits the size of each answer."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_WORTH_A_PROCESS = 24


def in_parts(
    ask: Callable[[Sequence[Asked]], Sequence[Answer]], requests: Sequence[Asked], most: int
) -> Iterator[Answer]:
    """Yields the answers in the order of `requests`; `ask` gets at most `most` of them at once.

    Each part is a separate process, so threads are enough to use all cores.
    """
    cores = min(os.cpu_count() or 1, max(1, len(requests) // _WORTH_A_PROCESS))
    if cores == 1 and len(requests) <= most:
        if requests:
            yield from ask(requests)
        return
    size = min(most, -(-len(requests) // cores))
    parts = [requests[start : start + size] for start in range(0, len(requests), size)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cores) as threads:
        waiting: deque[Future[Sequence[Answer]]] = deque()
        for part in parts:
            waiting.append(threads.submit(ask, part))
            if len(waiting) > cores:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
