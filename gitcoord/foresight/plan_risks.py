"""Predicts the risks of a list's tasks, in the form that a plan stores."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from gitcoord.foresight.foresee import Foresight
from gitcoord.foresight.model import TaskText
from gitcoord.planning.risks import LEAST, PairRisk, Risks, RiskyFile, band_of
from gitcoord.tasks.model import Task, TaskId

MOST_TASKS: Final = 200
"""The number of pairs grows with the square; later tasks are predicted when the list is planned again."""
_MOST_PAIRS: Final = 200
_MOST_FILES: Final = 5
_LIKELY: Final = 0.3


def task_text(task: Task) -> TaskText:
    """Returns the text of a task with its subtasks, and the globs that it declares."""
    own = (task.description, task.details, task.test_strategy)
    below = (text for part in task.subtasks for text in (part.title, part.description, part.details))
    globs = (glob for part in task.subtasks for glob in part.modifies)
    return TaskText(
        id=task.id,
        title=task.title,
        body="\n".join(filter(None, (*own, *below))),
        modifies=tuple(dict.fromkeys((*task.modifies, *globs))),
    )


def pair_risk(foresight: Foresight, one: Task, other: Task) -> PairRisk:
    """Returns the risk of a pair of tasks."""
    chances = foresight.pair(task_text(one), task_text(other))
    return PairRisk(
        tasks=(one.id, other.id),
        conflict=round(chances.conflict, 4),
        share=round(chances.share, 4),
        files=chances.files,
        asserted=one.marked_safe or other.marked_safe,
        band=band_of(chances.conflict),
        shift=foresight.shift,
    )


def likely_files(foresight: Foresight, task: Task, most: int = _MOST_FILES) -> tuple[RiskyFile, ...]:
    """Returns the files that the task most likely changes."""
    return foresight.likely_files(task_text(task), most)


def plan_risks(foresight: Foresight, tasks: Sequence[Task]) -> Risks:
    """Returns the riskiest pairs of the first `MOST_TASKS` tasks, and the likely files of each of these.

    Leaves out pairs in which one task depends on the other, and pairs whose risk is below `LEAST`.
    """
    tasks = tasks[:MOST_TASKS]
    before = _needed(tasks)
    pairs = [
        risk
        for one, other in combinations(tasks, 2)
        if one.id not in before[other.id]
        and other.id not in before[one.id]
        and (risk := pair_risk(foresight, one, other)).conflict >= LEAST
    ]
    pairs.sort(key=lambda risk: -risk.conflict)
    return Risks(
        pairs=tuple(pairs[:_MOST_PAIRS]),
        files={
            task.id: files
            for task in tasks
            if (files := foresight.likely_files(task_text(task), _MOST_FILES, _LIKELY))
        },
        changes=foresight.change_count,
        own_pairs=foresight.own_pairs,
    )


def _needed(tasks: Sequence[Task]) -> dict[TaskId, set[TaskId]]:
    """Returns, for each task, all its direct and indirect dependencies."""
    needs = {task.id: task.depends_on for task in tasks}
    found: dict[TaskId, set[TaskId]] = {}
    for task in needs:
        todo, seen = [task], set[TaskId]()
        while todo:
            new = [need for need in needs[todo.pop()] if need in needs and need not in seen]
            seen.update(new)
            todo += new
        found[task] = seen
    return found
