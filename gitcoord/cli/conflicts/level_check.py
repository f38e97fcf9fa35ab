"""Checks the branches of one level for conflicts, and returns the report."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.cli.conflicts.level_inputs import CheckInputs, CheckRequest
from gitcoord.cli.context import Context
from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput, ConflictReport
from gitcoord.conflicts.rules import Rulebook
from gitcoord.evidence.foreign_commits import Carried
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.landing.proof import LevelProof
from gitcoord.landing.reorder_by_conflicts import candidates
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.tasks.model import TaskId
from gitcoord.worker.task_list_changes import list_paths, without_lists
from gitcoord.worker.worktree_snapshots import WorktreeSnapshot, with_working_copies


class CheckedLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a level of a plan.

    `otherwise`: the report without `--what-if` and `--without`; None if neither was given.
    """

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
