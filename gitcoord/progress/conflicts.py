"""Conflicts between tasks: which were predicted, which were found, and how many tasks had one."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from itertools import combinations, pairwise

import msgspec

from gitcoord.events import AnyEvent, TaskDeferred, TasksClash
from gitcoord.natural_order import natural_key
from gitcoord.planning.declared_conflicts import find_clashes
from gitcoord.planning.model import Plan
from gitcoord.planning.risks import Band, band_of
from gitcoord.planning.waves import footprint
from gitcoord.progress.attempts import TimedAttempt
from gitcoord.progress.units import PlanUnit
from gitcoord.tasks.model import TaskId

# If more tasks than this touch one path, that says little about any two of them, and makes too many pairs.
_LARGEST_SET = 200
_EDGES = (1.01, 0.5, 0.3, 0.2, 0.1, 0.05, 0.0)
"""The probabilities at which the rows of the reliability table begin and end, highest first."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks: whether the plan predicted that they clash, and whether they did, in `paths`.

    `by_check`: they merge cleanly, and the check failed on the result.
    """

    tasks: tuple[TaskId, TaskId]
    predicted: bool
    found: bool
    paths: tuple[str, ...] = ()
    by_check: bool = False


class ForetoldConflicts(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the reliability table: pairs that ran at the same time, with a probability in a range.

    `expected` is the sum of the probabilities, `found` the number of pairs that conflicted, `by_check` that
    of pairs that merged and failed the check together.
    """

    band: Band
    least: float
    most: float
    pairs: int
    expected: float
    found: int
    by_check: int


class Conflicts(msgspec.Struct, frozen=True, kw_only=True):
    """The conflicts of a run. `rate` is the share of tasks with work that conflicted with another one.

    `side_by_side` counts the pairs of tasks that ran at the same time, which could have clashed.
    """

    rate: float
    tasks: int
    conflicted: int
    predicted: int
    found: int
    both: int
    side_by_side: int
    pairs: tuple[Pair, ...]
    foretold: tuple[ForetoldConflicts, ...] = ()


def conflicts_of(
    plan: Plan,
    units: Mapping[TaskId, PlanUnit],
    events: Sequence[AnyEvent],
    tries: Sequence[TimedAttempt],
    now: float,
) -> Conflicts:
    """Compares the conflicts that were predicted with those that were found; sorts the pairs by their ids."""
    parents = {unit.id: unit.parent for unit in units.values()}
    found = _found(events, parents)
    predicted = _predicted(plan)
    engaged = {parents.get(one.unit, one.unit) for one in tries}
    conflicted = {task for pair in found for task in pair} | {
        parents.get(one.unit, one.unit) for one in tries if one.outcome == "conflict"
    }
    checked = {
        _pair_of(parents, event.task, other)
        for event in events
        if isinstance(event, TaskDeferred) and event.check
        for other in event.others
    }
    pairs = [_pair(pair, predicted, found, pair in checked) for pair in {*predicted, *found}]
    beside = _side_by_side(tries, parents, now)
    return Conflicts(
        rate=len(conflicted & engaged) / len(engaged) if engaged else 0.0,
        tasks=len(engaged),
        conflicted=len(conflicted & engaged),
        predicted=len(predicted),
        found=len(found),
        both=len(predicted & found.keys()),
        side_by_side=len(beside),
        foretold=_foretold(plan, beside, found, checked),
        pairs=tuple(sorted(pairs, key=lambda pair: [natural_key(task) for task in pair.tasks])),
    )


def _pair(
    pair: frozenset[TaskId],
    predicted: set[frozenset[TaskId]],
    found: Mapping[frozenset[TaskId], tuple[str, ...]],
    by_check: bool,
) -> Pair:
    one, other = sorted(pair, key=natural_key)
    return Pair(
        tasks=(one, other),
        predicted=pair in predicted,
        found=pair in found,
        paths=found.get(pair, ()),
        by_check=by_check,
    )


def _foretold(
    plan: Plan,
    beside: Collection[frozenset[TaskId]],
    found: Container[frozenset[TaskId]],
    checked: Container[frozenset[TaskId]],
) -> tuple[ForetoldConflicts, ...]:
    """Compares predictions and conflicts of pairs that ran at the same time; the riskiest row is first."""
    risks = [risk for risk in plan.risks.pairs if frozenset(risk.tasks) in beside]
    rows = []
    for most, least in pairwise(_EDGES):
        inside = [risk for risk in risks if least <= risk.conflict < most]
        pairs = [frozenset(risk.tasks) for risk in inside]
        row = ForetoldConflicts(
            band=band_of(least),
            least=least,
            most=min(1.0, most),
            pairs=len(pairs),
            expected=round(sum(risk.conflict for risk in inside), 2),
            found=sum(pair in found and pair not in checked for pair in pairs),
            by_check=sum(pair in checked for pair in pairs),
        )
        rows += [row] if pairs else []
    return tuple(rows)


def _found(
    events: Iterable[AnyEvent], parents: Mapping[TaskId, TaskId]
) -> dict[frozenset[TaskId], tuple[str, ...]]:
    found: dict[frozenset[TaskId], tuple[str, ...]] = {}
    for event in events:
        if isinstance(event, TasksClash):
            others: tuple[str, ...] = (event.other,)
        elif isinstance(event, TaskDeferred):
            others = event.others
        else:
            continue
        for other in others:
            pair = _pair_of(parents, event.task, other)
            if len(pair) == 2:
                found[pair] = tuple(dict.fromkeys((*found.get(pair, ()), *event.paths)))
    return found


def _pair_of(parents: Mapping[TaskId, TaskId], task: str | None, other: str) -> frozenset[TaskId]:
    """The tasks of two units: a single one if both are parts of the same task."""
    return frozenset(parents.get(TaskId(id), TaskId(id)) for id in (task or "", other))


def _predicted(plan: Plan) -> set[frozenset[TaskId]]:
    sets = find_clashes([footprint(task) for task in plan.tasks.values()]).sets
    return {
        frozenset(pair)
        for clash in sets
        if len(clash) <= _LARGEST_SET
        for pair in combinations(sorted(clash), 2)
        if not _needs(plan, *pair)
    }


def _needs(plan: Plan, one: TaskId, other: TaskId) -> bool:
    """Whether one depends directly on the other, in which case they cannot conflict."""
    return other in plan.tasks[one].depends_on or one in plan.tasks[other].depends_on


def _side_by_side(
    tries: Sequence[TimedAttempt], parents: Mapping[TaskId, TaskId], now: float
) -> set[frozenset[TaskId]]:
    pairs: set[frozenset[TaskId]] = set()
    at_work: list[TimedAttempt] = []
    for one in tries:
        at_work = [other for other in at_work if other.start + other.seconds(now) > one.start]
        mine = parents.get(one.unit, one.unit)
        pairs |= {
            frozenset((mine, theirs))
            for other in at_work
            if (theirs := parents.get(other.unit, other.unit)) != mine
        }
        at_work.append(one)
    return pairs
