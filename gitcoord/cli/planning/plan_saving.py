"""Makes, saves and prints the plan for `gitcoord plan`, or prints only the saved plan."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitcoord.cli.foresight.experience import read_experience
from gitcoord.cli.planning.issue_lists import issue_reader
from gitcoord.cli.planning.plan_making import PlanProposal, PlanRequest, make_plan, with_saved
from gitcoord.cli.views.output import say
from gitcoord.cli.views.plan_formats import print_plan
from gitcoord.errors import usage_error
from gitcoord.tasks.reader import read_task_list

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.planning.model import Plan


def plan_and_save(
    context: "Context | None",
    request: PlanRequest,
    *,
    tasks: str | None,
    origin: str | None,
    tag: str | None,
    format: str,
    dry_run: bool,
) -> None:
    """Plans the list and saves the plan unless `dry_run`. The caller has fetched the shared refs."""
    _check(request)
    with _uncollected():
        _plan_and_save(context, request, tasks=tasks, origin=origin, tag=tag, format=format, dry_run=dry_run)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turns garbage collection off for the block: the objects of a list form no cycles and stay in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _plan_and_save(
    context: "Context | None",
    request: PlanRequest,
    *,
    tasks: str | None,
    origin: str | None,
    tag: str | None,
    format: str,
    dry_run: bool,
) -> None:
    saved = context.store.plan() if context is not None else None
    wanted = request if request.reset else with_saved(request, saved)
    listed = read_task_list(
        root=context.repository.root if context else None,
        tasks=tasks,
        origin=origin,
        usual=context.settings.tasks.origin if context else "",
        in_order=context is not None and context.settings.tasks.in_order,
        tag=tag,
        kept_tag=saved.tag if saved is not None and not (request.reset or request.new_list) else None,
        kept_list=saved.source if saved is not None else "",
        cancelled_satisfies=wanted.cancelled_satisfies is not False,
        read_issues=issue_reader(context),
    )
    if context is not None and context.several is not None:
        listed = context.several.assigned(listed)
    made = make_plan(context, listed, request)
    changed = context is not None and not dry_run and save(context, made)
    if context is not None and changed and (request.reset or request.new_list):
        _forget_log_ends(context)
    for line in _effects(made, dry_run=dry_run):
        say(line)
    print_plan(
        made,
        format=format,
        saved=context is not None and not dry_run,
        no_repository=context is None,
        changed=changed,
    )


def _forget_log_ends(context: "Context") -> None:
    """Deletes the log ends of the list or plan that was replaced. If that fails, the next run does it."""
    from contextlib import suppress

    from gitcoord.errors import GitcoordError
    from gitcoord.state.log_ends import prune_log_ends

    with suppress(GitcoordError):
        prune_log_ends(context.store, context.settings.run.keep_log_ends)


def save(context: "Context", made: PlanProposal) -> bool:
    """Saves the plan, and records the new texts of tasks in progress. Returns whether the plan changed.

    Raises `plan-moved`.
    """
    from gitcoord.event_stamp import now, worker_name
    from gitcoord.events import TaskRenamed

    # Save the experience now: after another list has replaced this one, it cannot be read any more.
    read_experience(context, saves=True)
    changed = context.store.save_plan(made.plan, texts=made.texts, carried=made.carried)
    identities = made.plan.identities()
    renamed = [
        TaskRenamed(at=now(), by=worker_name(), task=task, identity=identities[task])
        for task in made.renamed
        if task in identities
    ]
    if renamed:
        context.store.record_all([(event, lambda _: False) for event in renamed])  # False: never skip
    return changed


def print_saved(context: "Context", saved: "Plan", format: str, tag: str | None = None) -> None:
    """Prints the saved plan, and a warning on stderr if the task list here has changed.

    Raises `other-plan` (exit 2) if the plan is for another tag, and `tasks-changed` (exit 2) if the list has
    another task under the id of a task in progress.
    """
    if tag is not None and tag != saved.tag:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {saved.tag}, not {tag}.",
            f"Leave --tag out, or plan first: `gitcoord plan --tag {tag}`.",
        )
    from gitcoord.cli.planning.list_changes import list_changes

    notes = list_changes(context, saved)
    made = PlanProposal(plan=saved)
    print_plan(made, format=format, saved=True, no_repository=False, notes=notes, fresh=False)


def _check(request: PlanRequest) -> None:
    ways = (
        ("--reset", request.reset),
        ("--new-list", request.new_list),
        ("--same-tasks", request.same_tasks),
    )
    given = [name for name, wanted in ways if wanted]
    if len(given) > 1:
        raise usage_error("usage", f"{given[0]} and {given[1]} contradict each other.", "Choose one of them.")
    if request.force and not request.reset:
        raise usage_error("usage", "--force needs --reset.", "It discards work in progress.")


def _effects(made: PlanProposal, *, dry_run: bool) -> list[str]:
    """Returns one line for each change of the plan and for each discarded task."""
    lines = [change.sentence() for change in made.changes]
    if made.given_up:
        verb = "Would discard" if dry_run else "Discarded"
        lines += [f"{verb} {given.sentence()}" for given in made.given_up]
        lines.append("The branches stay. `git push origin --delete BRANCH` deletes one.")
    return lines
