"""Checks one level for conflicts: reads the repository now, and returns a report."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.levels import find_level
from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput, ConflictReport
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import usage_error
from gitcoord.evidence.foreign_commits import Carried, Tracks
from gitcoord.evidence.snapshot import read_snapshot
from gitcoord.evidence.stacks import Parents
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.landing.foreign_work import all_carried
from gitcoord.landing.landing_order import candidates
from gitcoord.landing.proof import LevelProof
from gitcoord.natural_order import natural_key
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.settings import SerializeOn
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.task_list_changes import list_paths, without_lists
from gitcoord.worker.worktree_snapshots import WorktreeSnapshot, with_working_copies


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a check. `first` lands first, `without` not at all; `most`: tasks in a wave."""

    level: str | None = None
    serialize_on: SerializeOn | None = None
    ignore: tuple[str, ...] = ()
    first: str | None = None
    without: tuple[str, ...] = ()
    worktrees: bool = False
    most: int | None = None


class CheckedLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a level of a plan. `otherwise`: the report without what-ifs; None if there are none."""

    plan: Plan
    level: PlannedLevel
    report: ConflictReport
    otherwise: ConflictReport | None = None
    copies: tuple[WorktreeSnapshot, ...] = ()
    carried: Mapping[TaskId, Carried] = {}
    adopted: bool = False
    """Whether the branches are adopted: there are no tasks to check out."""
    proof: LevelProof | None = None
    """The check's results for the landing order; None if it was not run."""

    @property
    def lands(self) -> bool:
        """Whether all existing branches can land as one wave, and pass the check, if it was run."""
        proof = self.proof
        return self.report.one_wave() and (
            proof is None or not (proof.failing or proof.unclear or proof.base)
        )


class CheckInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the repository that a check depends on. Equal inputs give equal reports."""

    plan: Plan
    level: PlannedLevel
    base_commit: Oid
    branches: tuple[BranchInput, ...]
    landed_heads: Mapping[Oid, Oid] = {}
    carried: Mapping[TaskId, Carried] = {}
    """For each task, the commits of unsubmitted tasks that its branch contains."""
    adopted: bool = False


def look(context: Context, request: CheckRequest) -> CheckInputs:
    """Fetches and reads the plan and the branches. Raises `no-such-level` or `no-such-task` (exit 2)."""
    context.store.refresh()
    plan = context.store.require_plan()
    snapshot = read_snapshot(context.store, plan)
    base_commit, progress, landed = snapshot.base_commit, snapshot.progress, snapshot.landed
    inputs = _inputs(context, plan, landed)
    level = find_level(plan, request.level, [branch.task for branch in inputs if branch.landed])
    require_tasks(level, request)
    git, stacks = context.repository.git, snapshot.make_stacks()
    parents = Parents(git, stacks, plan, progress, landed)
    branches = tuple(_judged(parents, plan, one) for one in inputs if one.task in level.tasks)
    heads = {
        branch.task: branch.commit
        for branch in branches
        if branch.commit is not None and not branch.landed and progress.get(branch.task, PENDING).head
    }
    tracks = Tracks(plan=plan, progress=progress, landed=landed)
    return CheckInputs(
        plan=plan,
        level=level,
        base_commit=base_commit,
        branches=branches,
        landed_heads=stacks.landed,
        carried=all_carried(git, snapshot.ancestry, base_commit, tracks, snapshot.tips, heads),
    )


def require_tasks(level: PlannedLevel, request: CheckRequest) -> None:
    """Raises `no-such-task` (exit 2) if a what-if names a task that is not in the level."""
    for task in filter(None, (request.first, *request.without)):
        if task not in level.tasks:
            known = ", ".join(sorted(level.tasks, key=natural_key)[:12])
            more = " …" if len(level.tasks) > 12 else ""
            what = f"{level.name} has no task {task!r}."
            raise usage_error("no-such-task", what, f"It has: {known}{more}.")


def check(context: Context, request: CheckRequest, inputs: CheckInputs) -> CheckedLevel:
    """Checks the inputs and returns the report."""
    if not request.worktrees:
        return _check(context, context.repository, request, inputs, ())
    with with_working_copies(context.repository, inputs.branches) as (repository, branches, copies):
        return _check(
            context, repository, request, msgspec.structs.replace(inputs, branches=tuple(branches)), copies
        )


def _check(
    context: Context,
    repository: Repository,
    request: CheckRequest,
    inputs: CheckInputs,
    copies: Sequence[WorktreeSnapshot],
) -> CheckedLevel:
    book = Rulebook(context.settings.rules, (*context.settings.ignore, *request.ignore))
    weighed = candidates(inputs.plan, inputs.level)

    def report(branches: Sequence[BranchInput], tasks: Sequence[Candidate]) -> ConflictReport:
        stacks = Stacks(repository.ancestry, inputs.base_commit, inputs.landed_heads)
        lists = list_paths(context.settings, inputs.plan.source)
        with without_lists(repository, inputs.base_commit, branches, stacks, lists) as (inside, seen, tips):
            return _under_own_names(examined(inside, seen, tasks), tips)

    def examined(
        inside: Repository, branches: Sequence[BranchInput], tasks: Sequence[Candidate]
    ) -> ConflictReport:
        return check_branches(
            inside,
            level=inputs.level.name,
            base=inputs.plan.base,
            base_commit=inputs.base_commit,
            branches=branches,
            candidates=tasks,
            serialize_on=request.serialize_on or context.settings.serialize_on,
            book=book,
            most=request.most,
            stacks=Stacks(inside.ancestry, inputs.base_commit, inputs.landed_heads),
            largest_first=inputs.plan.adopted,
        )

    plain = report(inputs.branches, weighed)
    chosen = plain
    if request.first or request.without:
        left = [branch for branch in inputs.branches if branch.task not in request.without]
        chosen = report(left, [_ahead(task) if task.id == request.first else task for task in weighed])
    return CheckedLevel(
        plan=inputs.plan,
        carried=inputs.carried,
        adopted=inputs.adopted,
        level=inputs.level,
        report=chosen,
        otherwise=plain if chosen is not plain else None,
        copies=tuple(copies),
    )


def _under_own_names(report: ConflictReport, tips: Mapping[Oid, Oid]) -> ConflictReport:
    """Returns the report with the branches' own tips instead of the substituted commits."""
    if not tips:
        return report
    change = msgspec.structs.replace
    branches = tuple(change(one, commit=tips.get(one.commit or "", one.commit)) for one in report.branches)
    proof = tuple(
        tuple(change(step, head=tips.get(step.head, step.head)) for step in wave) for wave in report.proof
    )
    return change(report, branches=branches, proof=proof)


def _ahead(task: Candidate) -> Candidate:
    return msgspec.structs.replace(task, wave=0, priority=float("inf"))


def _inputs(context: Context, plan: Plan, landed: Collection[TaskId]) -> list[BranchInput]:
    """Returns every task's branch, from the shared refs."""
    tips = context.shared.branches()
    return [
        BranchInput(
            task=TaskId(task), branch=planned.branch, commit=tips.get(planned.branch), landed=task in landed
        )
        for task, planned in plan.tasks.items()
    ]


def _judged(parents: Parents, plan: Plan, branch: BranchInput) -> BranchInput:
    """Returns the branch; if its parent landed as other commits, with the reason why it cannot land."""
    if branch.commit is None or branch.landed:
        return branch
    unknown = parents.unknown(branch.commit, branch.task)
    reason = unknown.sentence(branch.branch, plan.base) if unknown else ""
    return msgspec.structs.replace(branch, unknown=reason)
