"""Makes the plan for `gitcoord plan`; keeps saved options and tasks in progress."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.cli.foresight.experience import read_experience
from gitcoord.cli.foresight.open_foresight import foretell
from gitcoord.cli.planning.plan_beginnings import AbandonedWork, PlanStart, begin_list, go_on, start_afresh
from gitcoord.errors import usage_error
from gitcoord.planning.experience import learned_estimates
from gitcoord.planning.make_plan import build_plan
from gitcoord.planning.model import Plan, Strategy
from gitcoord.planning.risks import NO_RISKS, Risks, carried
from gitcoord.planning.task_texts import Texts, task_texts, texts_digest
from gitcoord.settings import Settings
from gitcoord.settings_file import load_settings
from gitcoord.tasks.model import Finding, TaskId, TaskList
from gitcoord.tasks.sources.kinds import GITHUB

if TYPE_CHECKING:
    from gitcoord.cli.context import Context


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options on the command line; None means the saved plan's value, then the settings'."""

    base: str | None = None
    strategy: Strategy | None = None
    max_parallel: int | None = None
    everything: bool | None = None
    cancelled_satisfies: bool | None = None
    token_budget: int | None = None
    """0: no limit."""
    predict: bool | None = None
    rework_cost: float | None = None
    """0: never add a wave."""
    reset: bool = False
    force: bool = False
    new_list: bool = False
    same_tasks: bool = False


class PlanChange(msgspec.Struct, frozen=True, kw_only=True):
    """A value that differs from the saved plan's."""

    name: str
    before: str
    now: str

    def sentence(self) -> str:
        """Describes the change in one line."""
        return f"{self.name}: {self.before} -> {self.now}"


class PlanProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and the effects of saving it: changes, records that it keeps, work that it discards."""

    plan: Plan
    changes: tuple[PlanChange, ...] = ()
    given_up: tuple[AbandonedWork, ...] = ()
    carried: tuple[TaskId, ...] = ()
    texts: Texts = {}
    renamed: tuple[TaskId, ...] = ()
    """Tasks in progress of which only the text has changed."""


def make_plan(context: "Context | None", listed: TaskList, request: PlanRequest) -> PlanProposal:
    """Makes the plan of `listed`. Without a repository (`context` None) there is no saved plan.

    The caller has fetched the shared refs. Raises (exit 2) `other-plan`, `work-under-way` or `tasks-changed`
    if the saved plan must be kept, `branch-taken` if a branch belongs to another plan of the repository,
    `name-taken` if a branch cannot be created.
    """
    if context is None:
        settings = load_settings(None)
        return PlanProposal(plan=_build(listed, request, settings, request.base or "main", PlanStart()))
    from gitcoord.worker.free_branch_names import require_free_names

    store = context.store
    saved = store.plan()
    if request.new_list:
        start = begin_list(store, saved)
    elif request.reset:
        start = start_afresh(store, saved, listed, force=request.force)
    else:
        start = go_on(store, saved, listed, same_tasks=request.same_tasks)
    request = request if request.reset else with_saved(request, saved)
    base = context.base(request.base)
    listed, learned = learned_estimates(listed, read_experience(context).units)
    risks, warning = _risks(context, base, listed) if request.predict is not False else (NO_RISKS, None)
    if start.previous is not None and request.predict is not False:
        risks = carried(risks, start.previous.risks, start.under_way)
    plan = _build(listed, request, context.settings, base, start, risks)
    if start.numbered or _new_branches(plan, saved):
        plan = _beside_others(context, listed, request, base, start, plan)
    progress = store.progress() if plan.generation == store.generation else {}
    require_free_names(context.shared, plan, progress)
    notes = _settings_not_taken(context.settings, plan) if saved is not None and not request.reset else ()
    if several := context.repository.several_urls():
        notes = [*notes, Finding(code="several-urls", message=several)]
    notes = [*notes, *filter(None, [warning])]
    if context.several is not None and plan.generation == store.generation:
        notes += context.several.left_behind(listed)
    texts = task_texts(task for task in listed.tasks if task.id in plan.tasks)
    plan = msgspec.structs.replace(
        plan,
        warnings=(*plan.warnings, *notes),
        texts=texts_digest(texts),
        predict=request.predict is not False,
        estimates_from=learned or plan.estimates_from,
        source=listed.source if listed.kind == GITHUB else _inside(context.repository.root, listed.source),
    )
    return PlanProposal(
        plan=plan,
        texts=texts,
        changes=tuple(_changes(saved, plan)) if saved is not None else (),
        given_up=start.given_up,
        carried=start.carried,
        renamed=start.renamed,
    )


def _risks(context: "Context", base: str, listed: TaskList) -> tuple[Risks, Finding | None]:
    return foretell(context, base, listed) if context.several is None else context.several.foretell(listed)


def _inside(root: Path | None, source: str) -> str:
    """Returns a list's path in the repository, ending in `/` for a directory; empty if it is not there."""
    if root is None or not source:
        return ""
    # The path of a list that gitcoord found is relative to the top; a path on the command line is relative to
    # the current directory.
    for place in (root / source, Path(source).absolute()):
        found = place.resolve()
        if found.exists() and found.is_relative_to(root.resolve()):
            path = found.relative_to(root.resolve()).as_posix()
            return f"{path}/" if found.is_dir() else path
    return ""


def with_saved(request: PlanRequest, saved: Plan | None) -> PlanRequest:
    """Fills in the saved plan's values for all options that are not on the command line."""
    if saved is None:
        return request
    return msgspec.structs.replace(
        request,
        base=request.base or saved.base,
        strategy=request.strategy or saved.strategy,
        max_parallel=request.max_parallel or saved.max_parallel,
        token_budget=saved.token_budget if request.token_budget is None else request.token_budget,
        predict=saved.predict if request.predict is None else request.predict,
        rework_cost=saved.rework_cost if request.rework_cost is None else request.rework_cost,
        everything=saved.everything if request.everything is None else request.everything,
        cancelled_satisfies=saved.cancelled_satisfies
        if request.cancelled_satisfies is None
        else request.cancelled_satisfies,
    )


def _build(
    listed: TaskList,
    request: PlanRequest,
    settings: Settings,
    base: str,
    start: PlanStart,
    risks: Risks = NO_RISKS,
) -> Plan:
    return build_plan(
        listed,
        base=base,
        strategy=request.strategy or settings.strategy,
        max_parallel=request.max_parallel or settings.max_parallel,
        task_branch=settings.task_branch,
        level_branch=settings.level_branch,
        everything=bool(request.everything),
        cancelled_satisfies=request.cancelled_satisfies is not False,
        token_budget=request.token_budget or None,
        previous=start.previous,
        under_way=start.under_way,
        generation=start.generation,
        risks=risks,
        rework_cost=request.rework_cost or None,
    )


def _new_branches(plan: Plan, saved: Plan | None) -> set[str]:
    before = _branches(saved) if saved is not None else set()
    return _branches(plan) - before


def _branches(plan: Plan) -> set[str]:
    return {task.branch for task in plan.tasks.values()} | {level.branch for level in plan.levels}


def _beside_others(
    context: "Context", listed: TaskList, request: PlanRequest, base: str, start: PlanStart, plan: Plan
) -> Plan:
    """Changes the plan's branch names until no plan or journal under another state prefix uses them.

    A new plan gets the next generation whose branch names are free. A plan that continues keeps its
    generation: raises `branch-taken` (exit 2).
    """
    from gitcoord.state.other_states import foreign_branches

    theirs = foreign_branches(context.shared)
    while taken := sorted(_branches(plan) & theirs.keys()):
        if not start.numbered:
            raise usage_error(
                "branch-taken",
                f"The branch {taken[0]} belongs to the plan under {theirs[taken[0]]}.",
                "Put {tag} or another word into `task-branch` and `level-branch`, or use `--new-list`.",
            )
        start = msgspec.structs.replace(start, generation=start.generation + 1)
        plan = _build(listed, request, context.settings, base, start, plan.risks)
    return plan


def _changes(saved: Plan, plan: Plan) -> list[PlanChange]:
    named = (
        ("base", saved.base, plan.base),
        ("strategy", saved.strategy, plan.strategy),
        ("max-parallel", saved.max_parallel, plan.max_parallel),
        ("tag", saved.tag, plan.tag),
        ("tasks", saved.source or "elsewhere", plan.source or "elsewhere"),
        ("token-budget", saved.token_budget or "none", plan.token_budget or "none"),
        ("predict", saved.predict, plan.predict),
        ("rework-cost", saved.rework_cost or "none", plan.rework_cost or "none"),
        ("all", saved.everything, plan.everything),
        ("plan-cancelled", not saved.cancelled_satisfies, not plan.cancelled_satisfies),
        ("generation", saved.generation, plan.generation),
    )
    return [PlanChange(name=name, before=str(old), now=str(new)) for name, old, new in named if old != new]


def _settings_not_taken(settings: Settings, plan: Plan) -> Collection[Finding]:
    """Returns a warning for each setting that is not the default and differs from the saved plan's value."""
    usual = Settings()
    named = (
        ("base", settings.base, usual.base, plan.base),
        ("strategy", settings.strategy, usual.strategy, plan.strategy),
        ("max-parallel", settings.max_parallel, usual.max_parallel, plan.max_parallel),
    )
    return [
        Finding(
            code="settings-not-taken",
            message=f"In the settings, {name} is {wanted}, but the saved plan keeps {kept}: "
            f"change the plan with `gitcoord plan --{name} {wanted}`.",
        )
        for name, wanted, default, kept in named
        if wanted not in (default, kept)
    ]
