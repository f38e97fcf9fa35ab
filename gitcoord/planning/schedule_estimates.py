"""Four ways to run a plan with so many workers: one by one, level by level, as work lands, and pipelined."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.planning.model import Schedule, Schedules, Strategy
from gitcoord.planning.network import minutes_of
from gitcoord.planning.simulate import play
from gitcoord.planning.unhindered import lands_by_level
from gitcoord.planning.workload import RunRules, WorkNetwork
from gitcoord.tasks.model import TaskId

_DIGITS = 6


def schedules(work: WorkNetwork, order: Sequence[TaskId], slots: int, strategy: Strategy) -> Schedules:
    """The schedules side by side, by the rules of `run`, `run --barrier` and `run --pipeline`.

    `order` are the tasks in the order in which one worker would do them.
    """
    how = RunRules(slots=slots, waves=strategy == "single-pr")
    reckoned = _Reckoned(work, order)
    landing = reckoned.played(how)
    pipelined = landing
    if how.waves or work.clashes or any(len(parts) > 1 for parts in work.network.parts):
        pipelined = reckoned.played(msgspec.structs.replace(how, pipeline=True))
    same = landing if lands_by_level(work, how) else None
    return Schedules(
        sequential=reckoned.one_by_one(),
        level_barrier=same or reckoned.played(msgspec.structs.replace(how, barrier=True)),
        no_barrier=landing,
        pipeline=pipelined,
    )


class _Reckoned:
    def __init__(self, work: WorkNetwork, order: Sequence[TaskId]) -> None:
        network = self._network = work.network
        self._work = work
        number = {task: place for place, task in enumerate(network.tasks)}
        self._order = [unit for task in order for unit in network.parts[number[task]]]
        self._total = sum(network.ticks)

    def one_by_one(self) -> Schedule:
        starts: dict[int, int] = {}
        self._add(starts, self._order, 0)
        return self._schedule(starts, self._total, 1, 1)

    def played(self, how: RunRules) -> Schedule:
        found = play(self._work, how)
        starts, end = found.starts, found.duration
        if len(starts) < len(self._order):
            # Work under way put beside what it needs never lands with its wave: the rest comes after it.
            end = self._add(starts, [unit for unit in self._order if unit not in starts], end)
        return self._schedule(starts, end, how.slots, found.most)

    def _add(self, starts: dict[int, int], units: Sequence[int], now: int) -> int:
        """Puts `units` one after another from `now` on; the end of the last."""
        for unit in units:
            starts[unit] = now
            now += self._network.ticks[unit]
        return now

    def _schedule(self, starts: Mapping[int, int], duration: int, slots: int, most: int) -> Schedule:
        speedup = self._total / duration if duration else 1.0
        network = self._network
        told: dict[TaskId, float] = {}
        units = network.units
        if units == network.tasks:
            told = {units[unit]: minutes_of(ticks) for unit, ticks in starts.items()}
        else:
            for unit, ticks in starts.items():
                start = minutes_of(ticks)
                told.setdefault(network.tasks[network.owner[unit]], start)
                told[units[unit]] = start
        return Schedule(
            duration=minutes_of(duration),
            speedup=round(speedup, _DIGITS),
            efficiency=round(speedup / slots, _DIGITS),
            parallel_efficiency=round(speedup / max(1, most), _DIGITS),
            most=most,
            starts=told,
        )
