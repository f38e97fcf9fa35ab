"""Replays the history: computes the predictions for past changes as if they had been planned as tasks.

Takes changes in runs of consecutive ones. The predictions for a run use only the commits before it.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gitcoord.foresight.constants import Constants
from gitcoord.foresight.foresee import Foresight, open_foresight
from gitcoord.foresight.mining import MOST_CHANGES, HistoryReader, split_message
from gitcoord.foresight.model import TaskText
from gitcoord.tasks.model import TaskId

_PROGRAMS: Final = re.compile(r"\[bot\]|dependabot|renovate|pre-commit-ci|github-actions|greenkeeper", re.I)
_ROUTINE: Final = re.compile(
    r"(chore|build|fix)\(deps|(chore: )?(bump|upgrade|update dependenc)\b|\[automated|"
    r"update .* to v?\d|(prepare )?release\b|"
    r"\[pre-commit|v?\d+\.\d+(\.\d+)?$|chore: release|merge (branch|remote)|prepar(e|ing) (for )?version",
    re.IGNORECASE,
)


class PastTask(msgspec.Struct, frozen=True, kw_only=True):
    """A past change as a task; `paths` are those that it changed, renamed ones by both names."""

    commit: str
    parent: str
    title: str
    body: str
    paths: frozenset[str]

    def text(self, *, body: bool = True) -> TaskText:
        """Returns the text of the task."""
        return TaskText(id=TaskId(self.commit), title=self.title, body=self.body if body else "")


class PlanPoint(msgspec.Struct, frozen=True):
    """Consecutive tasks, and the foresight right before the first of them."""

    tasks: Sequence[PastTask]
    foresight: Foresight


def past_tasks(reader: HistoryReader, commit: str, most: int) -> list[PastTask]:
    """Returns at most `most` of the newest changes by people, without routine ones, oldest first."""
    found: list[PastTask] = []
    for change in reader.read_changes(commit, 2 * most + 1000):
        title, body = split_message(change.message)
        if not change.parent or not change.paths or _PROGRAMS.search(change.author) or _ROUTINE.match(title):
            continue
        former = (name for name, _ in change.renames)
        found.append(
            PastTask(
                commit=change.commit,
                parent=change.parent,
                title=title,
                body=body,
                paths=frozenset((*change.paths, *former)),
            )
        )
        if len(found) == most:
            break
    found.reverse()
    return found


def replay(
    reader: HistoryReader,
    tasks: Sequence[PastTask],
    *,
    points: int,
    every: int,
    common_dir: Path | None,
    constants: Constants | None = None,
    most: int = MOST_CHANGES,
) -> Iterator[PlanPoint]:
    """Yields the newest `points` runs of `every` tasks, oldest first.

    Yields fewer if there are too few tasks: at least `every` older ones remain to learn from.
    """
    count = min(points, len(tasks) // every - 1)
    for start in range(len(tasks) - count * every, len(tasks), every):
        part = tasks[start : start + every]
        known = open_foresight(reader, common_dir, part[0].parent, most=most, constants=constants)
        if known is not None:
            yield PlanPoint(part, known)
