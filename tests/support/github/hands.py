"""People's hands in mid-run: what somebody does at the very moment when a chosen request comes in."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]


@dataclass
class Hand:
    """Something that is done at the `nth` request that it matches, and at those after it up to `times`.

    `request` is searched in `METHOD /path?query`, `body` in what came along, which tells GraphQL's mutations
    apart. `when`: before the request is served, or after it took effect and before it is answered. `line` and
    `sent` are those of the request that it was.
    """

    request: str
    act: Callable[[], None]
    when: When = "before"
    nth: int = 1
    times: int = 1
    body: str = ""
    seen: int = 0
    done: bool = False
    line: str = ""
    sent: bytes = b""

    def hits(self, line: str, body: bytes) -> bool:
        """Counts a request, and says whether it is the one."""
        if self.done or not re.search(self.request, line):
            return False
        if self.body and not re.search(self.body, body.decode(errors="replace")):
            return False
        self.seen += 1
        self.done = self.seen >= self.nth + self.times - 1
        self.line, self.sent = line, body
        return self.seen >= self.nth


class Hands:
    """The hands that wait for their moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Hand] = []

    def add(self, hand: Hand) -> Hand:
        """One more."""
        with self._lock:
            self._waiting.append(hand)
        return hand

    def clear(self) -> None:
        """Nobody does anything any more."""
        with self._lock:
            self._waiting.clear()

    def move(self, when: When, line: str, body: bytes) -> None:
        """For the server: a request has come in, or was served."""
        with self._lock:
            moving = [hand for hand in self._waiting if hand.when == when and hand.hits(line, body)]
            self._waiting = [hand for hand in self._waiting if not hand.done]
        for hand in moving:
            hand.act()
