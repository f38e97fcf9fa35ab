"""What is to be played through: the network of units, what keeps them apart, and how they may start."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.model import PlannedSubtask, PlannedTask
from gitcoord.planning.network import Network, minutes_of
from gitcoord.planning.risks import extra_conflicts, urgency
from gitcoord.planning.wave_risks import NO_WEIGHING, RiskWeighing
from gitcoord.tasks.model import TaskId

Alone = Literal["", "siblings", "all"]


class Urgencies:
    """How much units are wanted beside what is at work, where some will probably conflict."""

    def __init__(self, tails: Sequence[float], network: Network, weighing: RiskWeighing) -> None:
        self._tails, self._owner = tails, network.owner
        self._minutes = [minutes_of(ticks) for ticks in network.ticks]
        number = {task: place for place, task in enumerate(network.tasks)}
        self._rework = weighing.rework_cost or 1.0
        self._risk = {
            number[task]: {number[other]: chance for other, chance in near.items() if other in number}
            for task, near in weighing.risk.items()
            if task in number
        }

    def now(self, unit: int, running: Collection[int], ready: Collection[int]) -> float:
        """The urgency of the unit beside those that run, in minutes; others could start instead."""
        own = self._owner[unit]
        near = self._risk.get(own, {})
        conflicts = extra_conflicts(
            near,
            {self._owner[other] for other in running} - {own} if near else (),
            {self._owner[other] for other in ready} - {own} if near else (),
        )
        return urgency(self._tails[unit], self._minutes[unit], conflicts, self._rework)


class WorkNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network with what else decides about its units.

    `rank` is each unit's place in the order of urgency, `turn` its level, wave and wave within its task.
    Members of a clash do not run beside each other; the first `declared` clashes are what the task list
    says, the others were seen. Units of one task that clash only by what the task as a whole names may run
    together: those that are not both in `named` and are no pair of `foes`. `alone` units have no sibling,
    or nothing at all, beside them. `silent` ones do not say what they touch.
    """

    network: Network
    rank: list[int]
    turn: list[tuple[int, int, int]]
    clashes: list[list[int]] = []
    declared: int = 0
    named: set[int] = set()
    foes: set[tuple[int, int]] = set()
    alone: dict[int, Alone] = {}
    tokens: list[int] = []
    silent: set[int] = set()
    urgencies: Urgencies | None = None
    """How much each unit is wanted beside others; None: by its rank alone."""

    def apart(self, one: int, other: int) -> bool:
        """Whether two units of one clash exclude each other."""
        if self.network.owner[one] != self.network.owner[other]:
            return True
        return (one in self.named and other in self.named) or (one, other) in self.foes


class RunRules(msgspec.Struct, frozen=True, kw_only=True):
    """How units may start: `slots` at once, and what is enough for them; the words are those of `run`.

    `waves`: what lands is a wave as a whole (single-pr). `lands`: work lands as it is handed in. `waits`:
    what clashes waits. `budget` are tokens, `stagger` ticks between two starts.
    """

    slots: int
    pipeline: bool = False
    barrier: bool = False
    waves: bool = False
    lands: bool = True
    waits: bool = True
    independent: bool = False
    budget: int | None = None
    stagger: int = 0


class StartState(msgspec.Struct, frozen=True, kw_only=True):
    """What is so already: units that run, are done, never start, have failed, are deferred; and tasks."""

    running: Sequence[int] = ()
    done: frozenset[int] = frozenset()
    never: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    deferred: frozenset[int] = frozenset()
    submitted: frozenset[int] = frozenset()
    landed: frozenset[int] = frozenset()


def work_of(
    tasks: Mapping[TaskId, PlannedTask],
    network: Network,
    tails: Sequence[float],
    clashes: Iterable[Collection[TaskId]],
    seen: Iterable[tuple[TaskId, TaskId]] = (),
    tokens: Sequence[int] = (),
    *,
    weighing: RiskWeighing = NO_WEIGHING,
) -> WorkNetwork:
    """The work of the planned `tasks`, whose units are those of `network`, each with its tail in minutes.

    `clashes` are what the task list says of units, `seen` pairs that were seen to clash, and `weighing` what
    is foretold of tasks.
    """
    parts = {part.id: part for task in tasks.values() for part in task.subtasks}
    places: dict[TaskId, int] = {}
    for id, task in tasks.items():
        for part in task.subtasks:
            places[part.id] = len(places)
        places.setdefault(id, len(places) - bool(task.subtasks))
    number = {id: unit for unit, id in enumerate(network.units)}
    urgency = [
        (-tail, places[id], unit) for unit, (tail, id) in enumerate(zip(tails, network.units, strict=True))
    ]
    rank = [0] * len(urgency)
    for place, (_, _, unit) in enumerate(sorted(urgency)):
        rank[unit] = place
    declared = [sorted(number[id] for id in clash if id in number) for clash in clashes]
    pairs = [[number[one], number[other]] for one, other in seen if one in number and other in number]
    traits = _Traits()
    for unit, id in enumerate(network.units):
        traits.add(unit, tasks[network.tasks[network.owner[unit]]], parts.get(id))
    return WorkNetwork(
        network=network,
        rank=rank,
        turn=traits.turn,
        clashes=declared + pairs,
        declared=len(declared),
        named=traits.named,
        foes={
            pair
            for part in parts.values()
            for other in part.conflicts_with
            if part.id in number and other in number
            for pair in ((number[part.id], number[other]), (number[other], number[part.id]))
        },
        alone=traits.alone,
        tokens=list(tokens),
        urgencies=Urgencies(tails, network, weighing) if weighing.risk else None,
        silent=traits.silent,
    )


class _Traits:
    def __init__(self) -> None:
        self.turn: list[tuple[int, int, int]] = []
        self.alone: dict[int, Alone] = {}
        self.named: set[int] = set()
        self.silent: set[int] = set()

    def add(self, unit: int, task: PlannedTask, part: PlannedSubtask | None) -> None:
        """Notes what is said of the unit. The rework of a whole task goes with the last of its subtasks."""
        if part is None and task.subtasks:
            part = task.subtasks[-1]
        self.turn.append((task.level, task.wave, part.wave if part else 0))
        if not task.parallel_safe:
            self.alone[unit] = "all"
        elif part and not part.parallel_safe:
            self.alone[unit] = "siblings"
        if part and part.modifies:
            self.named.add(unit)
        if not (task.modifies or task.marked_safe or (part and (part.modifies or part.marked_safe))):
            self.silent.add(unit)
