"""The rounds of a level under single-PR: each round has its own level branch and pull request.

A task that conflicts in one round moves to the next round, and so to a new branch: no level branch has two
pull requests.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from gitcoord.planning.model import PlannedLevel
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import BranchPulls


def round_names(level: PlannedLevel) -> Iterator[str]:
    """Yields the names of the level branches of rounds 1, 2, 3 …"""
    yield level.branch
    number = 2
    while True:
        yield f"{level.branch}-{number}"
        number += 1


def finished_rounds(level: PlannedLevel, progress: Mapping[TaskId, Progress]) -> set[str]:
    """Returns the level branches that have landed according to the journal, also if rolled back since."""
    known = [progress[task] for task in level.tasks if task in progress]
    finished = {entry.landing.branch for entry in known if entry.landing is not None}
    return finished.union(*(entry.rolled_back_branches for entry in known))


def present_round(
    level: PlannedLevel, progress: Mapping[TaskId, Progress], pulls: "Mapping[str, BranchPulls] | None" = None
) -> str:
    """Returns the current level branch: the first that has not landed and that nobody rejected.

    Without `pulls`, uses the rejections in the journal.
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
    """Returns the level branches of all rounds that may have a pull request, and of the next round."""
    names = []
    for name in round_names(level):
        names.append(name)
        if name not in branches and name not in finished:
            return names
    return names
