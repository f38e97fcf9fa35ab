"""Faults as data: what goes wrong, at which request, before or after it took effect."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.support.github.exchange import Json

WRITES = r"^(?:(?:PUT|PATCH|DELETE) |POST (?!.*/git-upload-pack$))"
"""Matches every request that changes something: REST, and pushes through git."""

Kind = Literal[
    "reset",
    "eof",
    "status",
    "kill",
    "gate",
    "partial-merge",
    "late",
    "wrong-tree",
    "wrong-tree-lost",
    "delay",
    "truncate",
    "stale",
    "expire-token",
    "drop-permission",
]
HINDRANCES = {"gate", "delay", "stale", "wrong-tree", "expire-token", "drop-permission"}
"""What a request goes through all the same."""
UNICORN = b"<html><body>Unicorn! We had issues producing the response to your request.</body></html>"
_PATIENCE = 60.0


class Gate:
    """A place where a request stops until the test lets it go on."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened = threading.Event()

    def wait_until_reached(self) -> None:
        """For the test: returns when a request stands at the gate."""
        assert self._reached.wait(_PATIENCE), "no request came to the gate"

    def open(self) -> None:
        """For the test: lets the request go on."""
        self._opened.set()

    def pass_through(self) -> None:
        """For the server: stops here until the gate is opened."""
        self._reached.set()
        self._opened.wait(_PATIENCE)


@dataclass
class Fault:
    """One thing that goes wrong.

    `request` is searched in `METHOD /path`; the `nth` request that it matches is hit, and those after it as
    long as `times` lasts. `when` says whether the request takes effect first. The kinds: `reset` and `eof`
    break the connection, `status` answers with `status` and `body`, `kill` calls `kill` and answers nothing,
    `gate` stops at `gate`, `partial-merge` moves the base, leaves the pull request open and answers `status`,
    `late` breaks the connection at once, and takes effect when the next `reads` requests have come in or the
    same one comes in again, which for a merge may be by half (`partial`). `wrong-tree` merges something else
    than the two sides, `wrong-tree-lost` breaks the connection after that. `delay` answers after `seconds`,
    `truncate` breaks off within the answer, `stale` answers what the same request was answered the last time,
    `expire-token` makes the request's token invalid, `drop-permission` takes `permission` away from it, from
    this request on.
    """

    request: str
    kind: Kind
    when: Literal["before", "after"] = "before"
    nth: int = 1
    times: int = 1
    status: int = 502
    body: Json | bytes = field(default_factory=lambda: {"message": "Server Error"})
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    reads: int = 1
    partial: bool = False
    permission: str = ""
    kill: Callable[[], None] | None = None
    gate: Gate = field(default_factory=Gate)
    seen: int = 0
    fired: int = 0

    def hold(self) -> None:
        """For the server: keeps a request waiting, if that is what it is for."""
        if self.kind == "gate":
            self.gate.pass_through()
        elif self.kind == "delay":
            time.sleep(self.seconds)

    def hits(self, line: str) -> bool:
        """Counts a request, and says whether it is one to hit."""
        if not re.search(self.request, line):
            return False
        self.seen += 1
        hit = self.nth <= self.seen < self.nth + self.times
        self.fired += hit
        return hit


class Faults:
    """The faults that are set, in the order in which they were set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Sets one."""
        with self._lock:
            self._set.append(fault)
        return fault

    def clear(self) -> None:
        """Takes all of them back."""
        with self._lock:
            self._set.clear()

    def take(self, line: str) -> Fault | None:
        """The first fault that hits this request; all of them count it."""
        with self._lock:
            hits = [fault for fault in self._set if fault.hits(line)]
        return hits[0] if hits else None


def kill_process(pid: int) -> None:
    """SIGKILL for one process; fine when it has gone."""
    _kill(os.kill, pid)


def kill_group(pid: int | Path) -> None:
    """SIGKILL for a process group, by the id of its leader or a file that holds it."""
    _kill(os.killpg, int(pid.read_text()) if isinstance(pid, Path) else pid)


def _kill(send: Callable[[int, int], None], pid: int) -> None:
    try:
        send(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
