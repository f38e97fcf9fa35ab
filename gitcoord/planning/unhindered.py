"""Simulates plans in one pass if only dependencies and slots hold tasks back, and no task has subtasks.

Most plans are like that. The results equal those of `simulate`, which handles every plan; a test compares
them.
"""

import heapq

import msgspec

from gitcoord.planning.workload import RunRules, WorkNetwork


class Course(msgspec.Struct, frozen=True):
    """The start of each unit, in ticks and in that order; the highest number that ran at once; the end."""

    starts: dict[int, int]
    most: int
    end: int


def unhindered(work: WorkNetwork, rules: RunRules) -> Course | None:
    """Simulates the run from its beginning; returns None if the plan needs the complete simulation."""
    network = work.network
    if work.clashes or work.alone or work.tokens or work.urgencies or network.units != network.tasks:
        return None
    if rules.budget is not None or rules.stagger or rules.independent or not rules.lands:
        return None
    if network.after != network.gates or any(network.needs):
        return None
    if rules.barrier:
        return _wave_by_wave(work, rules.slots) if not rules.pipeline and work.by_depth else None
    if rules.pipeline or not rules.waves:
        return _as_needed(work, rules.slots)
    return _wave_by_wave(work, rules.slots) if lands_by_level(work, rules) else None


def lands_by_level(work: WorkNetwork, rules: RunRules) -> bool:
    """Whether a level starts only after the previous one has landed, as with strict levels.

    This holds if waves land as a whole, each level is one wave, and nothing else holds a task back.
    """
    network = work.network
    if not rules.waves or rules.pipeline or network.units != network.tasks:
        return False
    if work.clashes or work.alone or work.urgencies:
        return False
    return work.by_depth and all(wave == 1 for _, wave, _ in work.turn)


def _wave_by_wave(work: WorkNetwork, slots: int) -> Course:
    starts: dict[int, int] = {}
    ticks, turn = work.network.ticks, work.turn
    waves: dict[tuple[int, int, int], list[int]] = {}
    for unit in work.by_urgency:
        waves.setdefault(turn[unit], []).append(unit)
    now = 0
    for _, wave in sorted(waves.items()):
        free = [now] * min(slots, len(wave))
        for unit in wave:
            start = starts[unit] = free[0]
            heapq.heapreplace(free, start + ticks[unit])
        now = max(free)
    return Course(starts, min(slots, max(map(len, waves.values()), default=0)), now)


def _as_needed(work: WorkNetwork, slots: int) -> Course:
    network, rank, unit_at = work.network, work.rank, work.by_urgency
    ticks, opens = network.ticks, network.opens
    missing = [len(gates) for gates in network.gates]
    # Sorted by urgency, so the list is a valid heap.
    ready = [place for place, unit in enumerate(unit_at) if not missing[unit]]
    running: list[tuple[int, int]] = []
    starts: dict[int, int] = {}
    push, pop = heapq.heappush, heapq.heappop
    now = most = 0
    while ready or running:
        while ready and len(running) < slots:
            unit = unit_at[pop(ready)]
            starts[unit] = now
            push(running, (now + ticks[unit], unit))
        if len(running) > most:
            most = len(running)
        now = running[0][0]
        while running and running[0][0] == now:
            for opened in opens[pop(running)[1]]:
                missing[opened] -= 1
                if not missing[opened]:
                    push(ready, rank[opened])
    return Course(starts, most, now)
