"""Makes the plan that `gitcoord plan` was asked for, beside what is saved and under way."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import usage_error
from gitcoord.planning.build import build_plan
from gitcoord.planning.model import Plan, Strategy
from gitcoord.sentences import named_tasks
from gitcoord.settings import Settings
from gitcoord.settings_file import load_settings
from gitcoord.tasks.model import TaskId, TaskList

if TYPE_CHECKING:
    from gitcoord.cli.context import Context


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; None where it leaves the choice to the settings."""

    base: str | None = None
    strategy: Strategy | None = None
    max_parallel: int | None = None
    everything: bool = False
    cancelled_satisfies: bool = True
    token_budget: int | None = None
    reset: bool = False


def make_plan(context: "Context | None", listed: TaskList, asked: Asked) -> Plan:
    """The plan of `listed`; without a repository (None) it starts from nothing.

    Raises `other-plan` or `work-under-way` (exit 2) when the saved plan must not be given up,
    `name-taken` when a branch of the plan cannot be made.
    """
    if context is None:
        settings = load_settings(None)
        return _build(listed, asked, settings, asked.base or "main", None, frozenset())
    from gitcoord.running.branch_names import require_free_names

    context.store.refresh()
    saved = context.store.plan()
    under_way = context.store.under_way()
    previous = _kept(saved, under_way & saved.tasks.keys() if saved else frozenset(), listed, asked)
    # What is under way was begun for this base; only a person may change it.
    base = context.base(asked.base or (previous.base if previous and under_way else None))
    made = _build(listed, asked, context.settings, base, previous, under_way)
    require_free_names(context.shared, made, context.store.progress())
    return made


def _kept(saved: Plan | None, under_way: Collection[TaskId], listed: TaskList, asked: Asked) -> Plan | None:
    """The saved plan if the new one has to go on from it, None if it may be given up."""
    if saved is None or (saved.tag == listed.tag and not asked.reset):
        return saved
    if not under_way:
        return None
    if saved.tag != listed.tag:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {saved.tag}, and {_some(under_way)} of it under way; "
            f"the task list was read for the tag {listed.tag}.",
            f"Say `--tag {saved.tag}`; or give this tag its own state and branches: `state-prefix`, "
            "and {tag} in `task-branch` and `level-branch`.",
        )
    raise usage_error(
        "work-under-way",
        f"The plan cannot be started afresh: {_some(under_way)} under way.",
        "Plan without --reset, which keeps the place of what is under way.",
    )


def _some(tasks: Collection[TaskId]) -> str:
    from gitcoord.planning.order import natural_key

    ids = sorted(tasks, key=natural_key)
    return f"{named_tasks(ids, 5)} {'is' if len(ids) == 1 else 'are'}"


def _build(
    listed: TaskList,
    asked: Asked,
    settings: Settings,
    base: str,
    previous: Plan | None,
    under_way: Collection[TaskId],
) -> Plan:
    begun = previous.strategy if previous and under_way else None
    return build_plan(
        listed,
        base=base,
        strategy=asked.strategy or begun or settings.strategy,
        max_parallel=asked.max_parallel or settings.max_parallel,
        task_branch=settings.task_branch,
        level_branch=settings.level_branch,
        everything=asked.everything,
        cancelled_satisfies=asked.cancelled_satisfies,
        token_budget=asked.token_budget,
        previous=previous,
        under_way=under_way,
    )
