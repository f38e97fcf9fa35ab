"""Reads the inputs of a conflict check: the options, the plan, and the branches of a level."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.levels import find_level
from gitcoord.conflicts.model import BranchInput
from gitcoord.errors import usage_error
from gitcoord.evidence.foreign_commits import Carried, Tracks
from gitcoord.evidence.snapshot import read_snapshot
from gitcoord.evidence.stacks import Parents
from gitcoord.git.git_cli import Oid
from gitcoord.landing.foreign_work import all_carried
from gitcoord.natural_order import natural_key
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.settings import SerializeOn
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a check.

    `first`: the task that lands first. `without`: the tasks to leave out. `most`: the maximum number of tasks
    in a wave.
    """

    level: str | None = None
    serialize_on: SerializeOn | None = None
    ignore: tuple[str, ...] = ()
    first: str | None = None
    without: tuple[str, ...] = ()
    worktrees: bool = False
    most: int | None = None


class CheckInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the repository that a check depends on.

    With equal options, equal inputs give equal reports, apart from uncommitted work in worktrees.
    """

    plan: Plan
    level: PlannedLevel
    base_commit: Oid
    branches: tuple[BranchInput, ...]
    landed_heads: Mapping[Oid, Oid] = {}
    carried: Mapping[TaskId, Carried] = {}
    """For each task, the commits of unsubmitted tasks that its branch contains."""
    adopted: bool = False


def read_inputs(context: Context, request: CheckRequest) -> CheckInputs:
    """Fetches and reads the plan and the branches.

    Raises `no-plan`, `no-such-level` or `no-such-task` (exit 2).
    """
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
            raise usage_error("no-such-task", what, f"Its tasks: {known}{more}.")


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
    """Returns the branch; adds the reason why it cannot land if its parent has landed as other commits."""
    if branch.commit is None or branch.landed:
        return branch
    unknown = parents.unknown(branch.commit, branch.task)
    reason = unknown.sentence(branch.branch, plan.base) if unknown else ""
    return msgspec.structs.replace(branch, unknown=reason)
