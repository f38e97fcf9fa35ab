"""Divides tasks into waves by predicted conflicts: as few as possible, or more if that pays off."""

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

import msgspec

from gitcoord.planning.declared_conflicts import Clashes
from gitcoord.planning.model import Plan
from gitcoord.planning.risks import LEAST, expected_conflicts
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.planning.risk_partition import Risk

MOST_TASKS: Final = 400
"""A larger level or wave keeps its order."""


class RiskWeighing(msgspec.Struct, frozen=True, kw_only=True):
    """The predictions, and the cost of a conflict in waves (None: no wave is ever added to avoid one)."""

    risk: Mapping[TaskId, Mapping[TaskId, float]] = {}
    rework_cost: float | None = None


NO_WEIGHING: Final = RiskWeighing()


def weighed_waves(
    waves: Sequence[Sequence[TaskId]], clashes: Clashes, fixed: Collection[TaskId], weighing: RiskWeighing
) -> list[list[TaskId]]:
    """Separates tasks that probably conflict, if there are several waves.

    Adds a wave only if the conflicts that it avoids cost more than the wave.
    """
    found = [list(wave) for wave in waves]
    tasks = [task for wave in waves for task in wave]
    if len(tasks) > MOST_TASKS or weighing.risk.keys().isdisjoint(tasks):
        return found
    from gitcoord.planning.risk_partition import respread

    risk = _with_clashes(tasks, clashes, weighing.risk)
    if len(found) > 1:
        found = respread(found, risk=risk, fixed=fixed, least=LEAST)
    while weighing.rework_cost:
        more = respread([*found, []], risk=risk, fixed=fixed, least=LEAST)
        saved = expected_conflicts(found, weighing.risk) - expected_conflicts(more, weighing.risk)
        if not more[-1] or saved * weighing.rework_cost <= 1:
            break
        found = more
    return found


def capped_parts(plan: Plan, wave: Sequence[TaskId]) -> list[list[TaskId]]:
    """Divides a wave into as few parts of at most `max_parallel` as possible, tasks of similar length
    together.

    Separates tasks that probably conflict if that takes less time than the conflicts would.
    """
    minutes = {task: plan.tasks[task].estimate for task in wave}
    risk = plan.risks.by_task()
    count = -(-len(wave) // plan.max_parallel)
    if count < 2 or len(wave) > MOST_TASKS or risk.keys().isdisjoint(wave):
        longest_first = sorted(wave, key=lambda task: -minutes[task])
        return [
            list(longest_first[at : at + plan.max_parallel]) for at in range(0, len(wave), plan.max_parallel)
        ]
    from gitcoord.planning.risk_partition import spread

    again = math.fsum(minutes.values()) / len(minutes) * (plan.rework_cost or 1.0)
    return spread(wave, count=count, room=plan.max_parallel, risk=risk, minutes=minutes, rework=again or 1.0)


def _with_clashes(tasks: Sequence[TaskId], clashes: Clashes, risk: "Risk") -> "Risk":
    """Returns the risks, with a prohibitive cost for pairs that exclude each other."""
    from gitcoord.planning.risk_partition import NEVER

    here = set(tasks)
    found = {task: dict(risk.get(task, {})) for task in tasks}
    excluded = [pair for clash in clashes.sets for pair in combinations(sorted(clash & here), 2)]
    excluded += [(one, other) for one in sorted(clashes.alone & here) for other in tasks if one != other]
    for one, other in excluded:
        found[one][other] = found[other][one] = NEVER
    return found
