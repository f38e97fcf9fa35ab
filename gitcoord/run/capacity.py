"""The capacity of this machine for units: slots, free memory, load, and the memory that one unit needs."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from gitcoord.engines.engine import Engine
from gitcoord.events import AnyEvent, AttemptEnded
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import Capacity

_MIB = 2**20
_RESERVE = 512 * _MIB
"""Memory that is left for all other programs on the machine."""
_FIRST_GUESS = 300 * _MIB
_MOST_FOR_EACH_CORE = 4
"""Agents wait for their model most of the time, so a core can run several."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine now: free memory in bytes, load per core, and the cores that this process may use."""

    memory: int
    load: float
    cores: int


def measure() -> Machine:
    """Measures this machine."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(
        memory=min(int(psutil.virtual_memory().available), _limit_of_container()),
        load=psutil.getloadavg()[0] / cores,
        cores=cores,
    )


class ResourceNeeds:
    """The memory that a unit needs: the largest amount that a running unit has used."""

    def __init__(self) -> None:
        self._most = 0

    def learn(self, used: Collection[int]) -> None:
        """Learns from the bytes that running units use now."""
        self._most = max([self._most, *used])

    @property
    def each(self) -> int:
        """Bytes to reserve for one more unit."""
        return self._most or _FIRST_GUESS


def tokens_each(events: Sequence[AnyEvent]) -> int:
    """The median of the tokens that successful attempts used; 0 if none of them reported any."""
    told = [e.tokens for e in events if isinstance(e, AttemptEnded) and e.outcome == "ok" and e.tokens]
    if not told:
        return 0
    from statistics import median

    return int(median(told))


def free_memory(machine: Machine) -> int:
    """Bytes that units may still use."""
    return max(0, machine.memory - _RESERVE)


def automatic(machine: Machine, needs: ResourceNeeds, at_work: int) -> int:
    """The number of units that may run at once: those that fit into memory, at most a few for each core."""
    fits = at_work + free_memory(machine) // needs.each
    return max(1, min(fits, machine.cores * _MOST_FOR_EACH_CORE))


class CapacityMeter:
    """Measures the capacity of a run, from its own limits and from this machine or the engine's free slots.

    `max_parallel` is None if the machine or engine decides; `stagger` is the time between two starts in
    seconds.
    """

    def __init__(
        self, engine: Engine, *, max_parallel: int | None, token_budget: int | None, stagger: float
    ) -> None:
        self._engine = engine
        self._max_parallel = max_parallel
        self._token_budget = token_budget
        self._stagger = stagger
        self._needs = ResourceNeeds()

    def measure(self, view: RunView) -> Capacity:
        """Returns the capacity now, counting the units that run in `view`."""
        tokens = tokens_each(view.events) if self._token_budget else 0
        at_work = len(view.seen.running)
        if (free := self._engine.free()) is not None:
            return Capacity(
                max_parallel=self._max_parallel or max(1, at_work + free),
                token_budget=self._token_budget,
                tokens_each=tokens,
                engine_free=free,
                stagger=self._stagger,
            )
        self._needs.learn([used for used in view.memory.values() if used])
        machine = measure()
        return Capacity(
            max_parallel=self._max_parallel or automatic(machine, self._needs, at_work),
            token_budget=self._token_budget,
            tokens_each=tokens,
            memory=free_memory(machine),
            memory_each=self._needs.each,
            load=machine.load if self._max_parallel is None else None,
            stagger=self._stagger,
        )


def _limit_of_container() -> int:
    """Bytes that the container's memory limit leaves; a very large number when there is no limit."""
    unlimited = 2**62
    place = Path("/sys/fs/cgroup")
    try:
        limit = (place / "memory.max").read_text(encoding="ascii").strip()
        current = int((place / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return unlimited
    return max(0, int(limit) - current) if limit.isdigit() else unlimited
