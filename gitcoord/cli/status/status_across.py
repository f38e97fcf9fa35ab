"""`gitcoord status` of a plan over several repositories: landed tasks in each, and each part's status."""

from collections.abc import Callable, Collection

from gitcoord.cli.across.repositories import Repositories
from gitcoord.cli.context import Context
from gitcoord.cli.status.status_document import StatusDocument
from gitcoord.cli.views.output import clean, count_of, emit_json, plain, show, warn
from gitcoord.cli.views.status import status_view
from gitcoord.cli.views.styled_text import StyledText, TextColumn, TextTable
from gitcoord.level_events import LevelAcross
from gitcoord.planning.model import Plan
from gitcoord.planning.parts import landed_everywhere, partly_landed
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 8


def show_status(home: Context, read: Callable[[Context], StatusDocument], *, as_json: bool) -> None:
    """Prints the status of the complete plan. `read` returns the status of one repository."""
    several = Repositories(home)
    several.refresh()
    plan = several.plan()
    documents = {name: read(context) for name, context in several.members(plan).items()}
    landed = {
        name: [task for task, told in found.tasks.items() if told.state == "landed"]
        for name, found in documents.items()
    }
    rolling_back = _rolling_back(several, plan)
    if as_json:
        emit_json("status", {**_whole(plan, landed), "rolling_back": rolling_back, "repositories": documents})
        return
    show(_headline(plan, landed), _levels(plan, landed))
    show(*_half_in(plan, landed, rolling_back), soft_wrap=True)
    for name, document in documents.items():
        warn(document.warnings)
        show(plain(f"\nRepository {clean(name)}", "bold magenta"), *status_view(document))


def _whole(plan: Plan, landed: "dict[str, list[TaskId]]") -> "dict[str, object]":
    found = {name: frozenset(tasks) for name, tasks in landed.items()}
    inside = landed_everywhere(plan, found)
    return {
        "tag": plan.tag,
        "levels": [
            {
                "name": level.name,
                "landed": inside.issuperset(level.tasks),
                "in": {
                    name: [task for task in level.tasks if task in tasks] for name, tasks in found.items()
                },
                "out": {
                    name: [
                        task
                        for task in level.tasks
                        if name in plan.tasks[task].repositories and task not in tasks
                    ]
                    for name, tasks in found.items()
                },
            }
            for level in plan.levels
        ],
        "half_in": partly_landed(plan, found),
        "progress": {"tasks": len(plan.tasks), "landed": len(inside)},
    }


def _headline(plan: Plan, landed: "dict[str, list[TaskId]]") -> StyledText:
    inside = landed_everywhere(plan, {name: frozenset(tasks) for name, tasks in landed.items()})
    line = plain(f"{len(inside)} of {count_of(len(plan.tasks), 'task')} landed everywhere", "bold")
    line.append(f"  tag {clean(plan.tag)}, {len(landed)} repositories", "dim")
    return line


def _levels(plan: Plan, landed: "dict[str, list[TaskId]]") -> TextTable:
    """Returns a table with a row for each level: how many of its tasks have landed in each repository."""
    table = TextTable(*(TextColumn(clean(column)) for column in ("level", *landed)))
    for level in plan.levels:
        cells = []
        for name, tasks in landed.items():
            own = [task for task in level.tasks if name in plan.tasks[task].repositories]
            inside = [task for task in own if task in tasks]
            style = "green" if own and len(inside) == len(own) else "yellow" if inside else ""
            cells.append(plain(f"{len(inside)} of {len(own)} landed" if own else "", style))
        table.add_row(plain(level.name, "bold cyan"), *cells)
    return table


def _rolling_back(several: Repositories, plan: Plan) -> list[str]:
    """Returns the names of the levels whose rollback has begun and is not complete."""
    states = {
        event.task: event.state
        for entry in several.store.journal()
        if isinstance(event := entry.event, LevelAcross)
    }
    return [level.name for level in plan.levels if states.get(TaskId(level.name)) == "rolling-back"]


def _half_in(
    plan: Plan, landed: "dict[str, list[TaskId]]", rolling_back: Collection[str]
) -> list[StyledText]:
    """Returns a line for each level that has landed only in part, or is being rolled back."""
    found = {name: frozenset(tasks) for name, tasks in landed.items()}
    lines = []
    for level in plan.levels:
        if level.name in rolling_back:
            own = {name: [task for task in level.tasks if task in tasks] for name, tasks in found.items()}
            words = [f"{named_tasks(tasks, _MOST_NAMED)} in {name}" for name, tasks in own.items() if tasks]
            left = f"Not rolled back: {'; '.join(words)}" if words else "Nothing of it is left in a base"
            further = f"To continue: `gitcoord rollback {level.number}`."
            lines.append(plain(clean(f"! {level.name} is being rolled back. {left}. {further}"), "yellow"))
            continue
        out = {
            name: [t for t in level.tasks if name in plan.tasks[t].repositories and t not in tasks]
            for name, tasks in found.items()
        }
        some_in = any(task in tasks for tasks in found.values() for task in level.tasks)
        if some_in and any(out.values()):
            words = [f"{named_tasks(tasks, _MOST_NAMED)} in {name}" for name, tasks in out.items() if tasks]
            lines.append(
                plain(clean(f"! {level.name} has landed in part. Missing: {'; '.join(words)}."), "yellow")
            )
    return lines
