"""Finds the tasks on the other side of a conflict."""

from collections.abc import Iterable, Mapping

from gitcoord.git.ancestry import merge_base
from gitcoord.git.commit_facts import paths_between
from gitcoord.git.git_cli import Git, Oid
from gitcoord.tasks.model import TaskId


def other_side(
    git: Git, *, head: Oid, paths: Iterable[str], heads: Mapping[TaskId, Oid]
) -> tuple[TaskId, ...]:
    """Returns the tasks of `heads` that changed one of `paths`, or a path above or below it.

    `heads` maps tasks to their landed or folded commits. Ignores those that `head` contains, and those that
    have no history in common with it.
    """
    wanted = set(paths)
    found = []
    for task, other in heads.items():
        base = merge_base(git, head, other)
        if base is None or base == other:
            continue
        if any(_touches(path, wanted) for path in paths_between(git, base, other)):
            found.append(task)
    return tuple(found)


def _touches(path: str, wanted: set[str]) -> bool:
    return path in wanted or any(path.startswith(f"{one}/") or one.startswith(f"{path}/") for one in wanted)
