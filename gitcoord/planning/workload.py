"""The input of a simulated run: the network of units, their clashes, and the rules for starting."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.model import PlannedSubtask, PlannedTask
from gitcoord.planning.network import Network, minutes_of
from gitcoord.planning.predicted_conflict_waves import NO_WEIGHING, RiskWeighing
from gitcoord.planning.risks import extra_conflicts, urgency
from gitcoord.tasks.model import TaskId

Alone = Literal["", "siblings", "all"]


class Urgencies:
    """The urgency of units beside the running ones, if some will probably conflict."""

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

    def most_urgent(self, ready: Sequence[int], running: Collection[int]) -> int:
        """Returns the place of the unit to start next among the `ready` ones, which are in order of rank."""
        places = [place for place, unit in enumerate(ready) if self._owner[unit] in self._risk]
        if len(places) < len(ready):
            # Of the units without risks, the first one is the most urgent.
            plain = next(place for place, unit in enumerate(ready) if self._owner[unit] not in self._risk)
            if not places:
                return plain
            places = sorted([*places, plain])
        return max(places, key=lambda place: self.now(ready[place], running, ready))

    def now(self, unit: int, running: Collection[int], ready: Collection[int]) -> float:
        """Returns the urgency of the unit beside the running ones, in minutes.

        Other `ready` ones could start instead.
        """
        own = self._owner[unit]
        near = self._risk.get(own, {})
        conflicts = extra_conflicts(
            near,
            {self._owner[other] for other in running} - {own} if near else (),
            {self._owner[other] for other in ready} - {own} if near else (),
        )
        return urgency(self._tails[unit], self._minutes[unit], conflicts, self._rework)


class WorkNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network, and everything else that decides about its units.

    `in_order` has the units in the plan's order, `by_urgency` the most urgent first. `rank` is each unit's
    place in `by_urgency`, `turn` its level, wave and wave within its task.

    Members of a clash do not run in parallel; the first `declared` clashes are from the task list, the others
    were observed. Units of one task that clash only by the globs of the whole task may run in parallel,
    unless both are in `named` or they are a pair of `foes`. `alone` units run without a sibling, or without
    any other unit. `silent` ones declare no paths.
    """

    network: Network
    rank: list[int]
    in_order: list[int]
    by_urgency: list[int]
    turn: list[tuple[int, int, int]]
    clashes: list[list[int]] = []
    declared: int = 0
    named: set[int] = set()
    foes: set[tuple[int, int]] = set()
    alone: dict[int, Alone] = {}
    tokens: list[int] = []
    silent: set[int] = set()
    urgencies: Urgencies | None = None
    """The urgency of each unit beside others; None: by its rank alone."""
    by_depth: bool = False
    """Whether the units are tasks, each one level above its highest dependency."""

    def apart(self, one: int, other: int) -> bool:
        """Whether two units of one clash exclude each other."""
        if self.network.owner[one] != self.network.owner[other]:
            return True
        return (one in self.named and other in self.named) or (one, other) in self.foes


class RunRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for starting units: `slots` at once, and the options of `run`.

    `waves`: a wave lands as a whole (single-pr). `lands`: work lands when it is submitted. `waits`: clashing
    units wait. `budget` is in tokens, `stagger` the ticks between two starts.
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
    """The state at the start of a simulation: of units, and of tasks that are `submitted` or `landed`."""

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
    """Makes the work of the planned `tasks`, whose units are those of `network`, with `tails` in minutes.

    `clashes` are those of units in the task list, `seen` observed pairs, and `weighing` the predictions.
    """
    parts = {part.id: part for task in tasks.values() if task.subtasks for part in task.subtasks}
    number = {id: unit for unit, id in enumerate(network.units)}
    # The longest chain first, then the plan's order: the sort is stable.
    in_order = _in_order(tasks, network, number)
    by_urgency = sorted(in_order, key=tails.__getitem__, reverse=True)
    rank = [0] * len(by_urgency)
    for place, unit in enumerate(by_urgency):
        rank[unit] = place
    declared = [sorted(number[id] for id in clash if id in number) for clash in clashes]
    pairs = [[number[one], number[other]] for one, other in seen if one in number and other in number]
    traits = _Traits()
    if parts:
        for unit, id in enumerate(network.units):
            traits.add(unit, tasks[network.tasks[network.owner[unit]]], parts.get(id))
    else:
        traits.add_whole([tasks[network.tasks[task]] for task in network.owner])
    return WorkNetwork(
        network=network,
        rank=rank,
        in_order=in_order,
        by_urgency=by_urgency,
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
        by_depth=network.units == network.tasks and _rises(traits.turn, network.gates),
    )


def _rises(turn: Iterable[tuple[int, int, int]], gates: Iterable[Collection[int]]) -> bool:
    levels = [level for level, _, _ in turn]
    for level, needs in zip(levels, gates, strict=True):
        reached = -1
        for need in needs:
            if levels[need] > reached:
                reached = levels[need]
        if reached + 1 != level:
            return False
    return True


def _in_order(
    tasks: Mapping[TaskId, PlannedTask], network: Network, number: Mapping[TaskId, int]
) -> list[int]:
    """Returns the units in the order of the planned `tasks`; the rework of a whole task follows its parts."""
    if number.keys() == tasks.keys():
        return [*map(number.__getitem__, tasks)]
    places: dict[TaskId, int] = {}
    for id, task in tasks.items():
        for part in task.subtasks:
            places[part.id] = len(places)
        places.setdefault(id, len(places) - bool(task.subtasks))
    place_of = [places[id] for id in network.units]
    return sorted(range(len(place_of)), key=place_of.__getitem__)


class _Traits:
    def __init__(self) -> None:
        self.turn: list[tuple[int, int, int]] = []
        self.alone: dict[int, Alone] = {}
        self.named: set[int] = set()
        self.silent: set[int] = set()

    def add_whole(self, tasks: Sequence[PlannedTask]) -> None:
        """Adds the properties of units that are tasks without subtasks."""
        self.turn = [(task.level, task.wave, 0) for task in tasks]
        self.alone = {unit: "all" for unit, task in enumerate(tasks) if not task.parallel_safe}
        self.silent = {unit for unit, task in enumerate(tasks) if not (task.modifies or task.marked_safe)}

    def add(self, unit: int, task: PlannedTask, part: PlannedSubtask | None) -> None:
        """Adds the unit's properties. The rework of a whole task belongs to the last of its subtasks."""
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
