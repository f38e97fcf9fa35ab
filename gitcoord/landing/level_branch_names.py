"""The rounds of a level under single-PR: each is a level branch and a pull request of its own.

What conflicts in one round goes to the next, so that no branch ever has two pull requests.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from gitcoord.planning.model import PlannedLevel
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import BranchPulls


def round_names(level: PlannedLevel) -> Iterator[str]:
    """The level branch's name in round 1, 2, 3 …"""
    yield level.branch
    number = 2
    while True:
        yield f"{level.branch}-{number}"
        number += 1


def finished_rounds(level: PlannedLevel, progress: Mapping[TaskId, Progress]) -> set[str]:
    """The level branches that the journal says have landed, those that were rolled back since included."""
    known = [progress[task] for task in level.tasks if task in progress]
    finished = {entry.landing.branch for entry in known if entry.landing is not None}
    return finished.union(*(entry.finished for entry in known))


def present_round(
    level: PlannedLevel, progress: Mapping[TaskId, Progress], pulls: "Mapping[str, BranchPulls] | None" = None
) -> str:
    """The level branch that work is folded into now: the first that has not landed or been given up.

    Without `pulls` the journal says which have been given up.
    """
    finished = finished_rounds(level, progress)
    if pulls is None:
        known = (progress[task].rejection for task in level.tasks if task in progress)
        finished |= {rejection.branch for rejection in known if rejection is not None}
    else:
        from gitcoord.landing.rejections import is_given_up

        finished |= {name for name, known in pulls.items() if is_given_up(known)}
        finished |= {n for n, known in pulls.items() if known.current and known.current.state == "merged"}
    return next(name for name in round_names(level) if name not in finished)


def known_rounds(level: PlannedLevel, branches: Collection[str], finished: Collection[str]) -> list[str]:
    """The names of every round that may have a pull request, and the one after them."""
    names = []
    for name in round_names(level):
        names.append(name)
        if name not in branches and name not in finished:
            return names
    return names
