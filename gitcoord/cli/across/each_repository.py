"""Lets a command act in each repository of the plan. If there is only one, its `TaskPlace` has no name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gitcoord.cli.across.task_routing import TaskPlace, owner
from gitcoord.cli.context import Context, acts_across, open_context
from gitcoord.errors import Exit, GitcoordError, in_repository, usage_error
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId, TaskList

Answer = TypeVar("Answer")


def all_places(*, reads: bool = False, current: bool = False, levels: bool = False) -> list[TaskPlace]:
    """Fetches the shared refs, and returns the repositories in which the plan has tasks.

    `current` updates each part's list of the tasks that it awaits in other repositories. `levels` adds the
    complete plan, whose journal has the events of levels over several repositories.
    """
    context = open_context(reads=reads, several=True)
    if not acts_across(context.settings):
        context.store.refresh()
        return [TaskPlace(name="", context=context)]
    found, _ = _places(context, current=current, levels=levels)
    return found


def settings_places(*, reads: bool = False) -> list[TaskPlace]:
    """Returns this repository, then those that its settings name.

    Needs no plan. Fetches nothing, but clones a URL that has no clone yet.
    """
    context = open_context(reads=reads, several=True)
    if not acts_across(context.settings):
        return [TaskPlace(name="", context=context)]
    from gitcoord.cli.across.repositories import Repositories

    return [TaskPlace(name=name, context=one) for name, one in Repositories(context).contexts.items()]


def places_with(
    tasks: Sequence[str], *, reads: bool = False, restores: bool = False, current: bool = False
) -> list[TaskPlace]:
    """Returns each repository in which some of `tasks` work, with these tasks. Raises `no-such-task`.

    Fetches the shared refs. `current` updates each part's list of the tasks that it awaits in other
    repositories.
    """
    context = open_context(reads=reads, restores=restores, several=True)
    if not acts_across(context.settings):
        context.store.refresh()
        return [TaskPlace(name="", context=context, tasks=tuple(tasks))]
    places, plan = _places(context, current=current, levels=False)
    owners = {task: owner(plan, task.strip()).repositories for task in tasks}
    with_tasks = [
        TaskPlace(
            name=place.name,
            context=place.context,
            tasks=tuple(task for task, names in owners.items() if place.name in names),
        )
        for place in places
    ]
    return [place for place in with_tasks if place.tasks]


def whole_plan(*, reads: bool = False) -> Context:
    """Opens the context of the complete plan, and fetches the shared refs of all repositories."""
    context = open_context(reads=reads, several=True)
    if acts_across(context.settings):
        from gitcoord.cli.across.repositories import across

        context = across(context)
    context.store.refresh()
    return context


def places_of_list(context: Context, listed: TaskList) -> list[tuple[TaskPlace, frozenset[TaskId]]]:
    """Returns each repository of a task list, with the ids of the tasks that work there.

    `context` is that of the complete plan. Raises `no-such-repository` (exit 2).
    """
    if context.several is None:
        every = frozenset(task.id for task in listed.tasks)
        return [(TaskPlace(name="", context=context), every)]
    return [
        (TaskPlace(name=name, context=one), own)
        for name, (one, own) in context.several.by_repository(listed).items()
    ]


def _places(context: Context, *, current: bool, levels: bool) -> tuple[list[TaskPlace], Plan]:
    from gitcoord.cli.across.repositories import Repositories, whole_context
    from gitcoord.planning.parts import HOME

    several = Repositories(context)
    several.refresh()
    plan = several.plan()
    if current:
        several.update_parts(plan)
    found = [TaskPlace(name=name, context=one) for name, one in several.members(plan).items()]
    if levels:
        found.append(TaskPlace(name=HOME, context=whole_context(several)))
    return found, plan


def ask_each(
    places: Sequence[TaskPlace], ask: Callable[[TaskPlace], Answer], *, nothing: str = ""
) -> list[tuple[TaskPlace, Answer]]:
    """Asks each repository; leaves out those that raise an error with exit code 1 or with the code `nothing`.

    Raises the first such error if no repository has an answer, and any other error at once.
    """
    answers: list[tuple[TaskPlace, Answer]] = []
    refused: list[GitcoordError] = []
    for place in places:
        try:
            answers.append((place, ask(place)))
        except GitcoordError as error:
            if error.exit != Exit.NO and error.code != nothing:
                with in_repository(place.name):
                    raise
            refused.append(error)
    if refused and not answers:
        raise refused[0]
    return answers


def together(answers: Sequence[tuple[TaskPlace, Any]]) -> Any:
    """Returns the document of the only repository, or one document that holds those of all by name."""
    if [place.name for place, _ in answers] == [""]:
        return answers[0][1]
    documents: Mapping[str, Any] = {place.name: answer for place, answer in answers}
    return {"repositories": documents}


def file_of(place: TaskPlace, path: Path) -> Path:
    """Returns the file for one repository's output: `report.api.html` for `report.html`.

    Raises `several-repositories` (exit 2) for standard output (`-`) if there are several repositories.
    """
    if not place.name:
        return path
    if str(path) == "-":
        raise usage_error(
            "several-repositories",
            "Standard output takes the output of one repository only.",
            "Give a file: each repository gets its own, such as report.api.html.",
        )
    return path.with_name(f"{path.stem}.{place.name}{path.suffix}")


def show_name(place: TaskPlace) -> None:
    """Prints the repository's name as a heading; prints nothing if there is only one repository."""
    if place.name:
        from gitcoord.cli.views.output import clean, plain, show

        show(plain(f"\nRepository {clean(place.name)}", "bold magenta"))
