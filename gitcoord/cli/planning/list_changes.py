"""Compares the task list in this checkout with the saved plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitcoord.errors import GitcoordError
from gitcoord.planning.plan_identity import listed_identities, same
from gitcoord.state.known_tasks import find_others, tasks_changed
from gitcoord.tasks.model import Finding
from gitcoord.tasks.reader import read_task_list

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.planning.model import Plan


def list_changes(
    context: "Context", saved: "Plan", tasks: str | None = None, origin: str | None = None
) -> Sequence[Finding]:
    """Returns a warning if the task list differs from the saved plan.

    Returns nothing if no list can be read here, or for the part of a plan over several repositories. Raises
    `tasks-changed` (exit 2) if the list has another task under the id of a task in progress.
    """
    if saved.part is not None and saved.part.name:
        return []  # the list belongs to the complete plan
    try:
        listed = read_task_list(
            root=context.repository.root,
            tasks=tasks,
            origin=origin,
            usual=context.settings.tasks.origin,
            tag=saved.tag,
            kept_list=saved.source,
            environ={},
        )
    except GitcoordError:
        return []
    others = find_others(listed, saved, context.store.progress(), context.store.shared.branches())
    if others:
        raise tasks_changed(others, listed.source)
    identities, planned = listed_identities(listed), saved.identities()
    tops = {task.id for task in listed.tasks} - set(saved.satisfied)
    added = sorted(tops - saved.tasks.keys())
    gone = sorted(saved.tasks.keys() - {task.id for task in listed.tasks})
    other = [task for task in saved.tasks if task in identities and not same(planned[task], identities[task])]
    counts = ((added, "added"), (gone, "gone"), (other, "changed"))
    words = [f"{len(ids)} {word}" for ids, word in counts if ids]
    if not words:
        return []
    message = f"The task list has changed since the plan was saved: {', '.join(words)}."
    return [Finding(code="list-changed", message=f"{message} Run `gitcoord plan` to update the plan.")]
