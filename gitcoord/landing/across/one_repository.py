"""Prepares a level for landing in one repository (everything except the merge), and then lands it there."""

from collections.abc import Container, Sequence

import msgspec

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import WavesSaved
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Oid
from gitcoord.landing.across.model import RepositoryState
from gitcoord.landing.combinations import Combinations
from gitcoord.landing.context import WAITS_FOR_REPOSITORIES, LandingContext, stacks_on
from gitcoord.landing.decide import carrier_of
from gitcoord.landing.loop import Lander
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.report import Report
from gitcoord.landing.steps import HandOver, Merge, MergeTogether
from gitcoord.notices import EventsRecorded, Tell
from gitcoord.planning.later_wave import brought_forward
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId

_MERGE_QUEUE = (
    "the forge's merge queue would land it at its own time, but repositories of a level land in order: merge "
    "it there yourself, or remove the queue from the base's rules"
)
_MOVED = "the base has moved since the level was proved in all repositories"


def prepare(
    name: str, context: LandingContext, tell: Tell, *, only: frozenset[TaskId] | None = None
) -> RepositoryState:
    """Opens pull requests, runs the check and asks for the gates; merges nothing.

    With `only`, the other ready tasks wait.
    """
    ready: dict[str, Carrier] = {}
    snapshots: list[LandingSnapshot] = []

    def hold_ready(snapshot: LandingSnapshot, step: Merge | MergeTogether | HandOver) -> str:
        if isinstance(step, HandOver):
            return _MERGE_QUEUE
        carriers = step.carriers if isinstance(step, MergeTogether) else (step.carrier,)
        ready.update({carrier.branch: carrier for carrier in carriers})
        snapshots[:] = [snapshot]
        return WAITS_FOR_REPOSITORIES

    options = msgspec.structs.replace(context.options, wait=0.0, delete_branches=False)
    preparing = msgspec.structs.replace(context, options=options, only=only, permit=hold_ready)
    report = Lander(preparing, tell).land()
    open_tasks = {task for wave in context.level.waves for task in wave} - {one.task for one in report.landed}
    wave = next((wave for wave in context.level.waves if open_tasks.intersection(wave)), ())
    # A later wave conflicts with this one: it lands after this one has landed everywhere.
    here = [one for one in ready.values() if open_tasks.intersection(wave, one.tasks)]
    carriers = tuple(sorted(here, key=lambda carrier: carrier.wave))
    commit = _merged_commit(context, snapshots[0], carriers) if carriers else report.base_commit
    return RepositoryState(
        name=name,
        report=report,
        carriers=carriers,
        wave=frozenset(open_tasks.intersection(wave)),
        base_commit=report.base_commit,
        commit=commit,
        tree=tree_of(context.repository.git, commit) if commit is not None else None,
    )


def bring_forward(context: LandingContext, task: TaskId, landed: Container[TaskId], tell: Tell) -> None:
    """Saves a plan in which `task` lands before the others that have not landed, and reports it."""

    def event(plan: Plan) -> WavesSaved:
        waves = plan.level_of(task).waves
        return WavesSaved(at=now(), by=worker_name(), level=context.level.name, waves=waves)

    plan = context.store.change_plan(lambda plan: brought_forward(plan, task, landed), event)
    tell(EventsRecorded(events=(event(plan),)))


def land(context: LandingContext, tasks: frozenset[TaskId], tree: Oid, tell: Tell) -> tuple[Report, bool]:
    """Lands `tasks` if that gives the base the tree `tree`; also returns whether it would give another."""
    moved = False

    def permit(snapshot: LandingSnapshot, step: Merge | MergeTogether | HandOver) -> str:
        nonlocal moved
        carriers = step.carriers if isinstance(step, MergeTogether) else (step.carrier,)
        if isinstance(step, HandOver):
            return _MERGE_QUEUE
        if not tasks.issuperset(task for carrier in carriers for task in carrier.tasks):
            return WAITS_FOR_REPOSITORIES
        carriers_left = _remaining(snapshot, carriers, tasks, single=context.options.strategy == "single-pr")
        commit = _merged_commit(context, snapshot, carriers_left)
        if commit is None or tree_of(context.repository.git, commit) != tree:
            moved = True
            return _MOVED
        return ""

    options = msgspec.structs.replace(context.options, wait=0.0)
    landing = msgspec.structs.replace(context, options=options, only=tasks, permit=permit)
    report = Lander(landing, tell).land()
    return report, moved


def _remaining(
    snapshot: LandingSnapshot, carriers: Sequence[Carrier], tasks: frozenset[TaskId], *, single: bool
) -> list[Carrier]:
    """Returns the carriers that have not landed, the next ones first."""
    if single:
        return list(carriers)
    next_ones = {carrier.branch for carrier in carriers}
    others = [
        carrier_of(work)
        for work in snapshot.works
        if work.standing == "ready" and work.task in tasks and work.branch not in next_ones
    ]
    return [*carriers, *sorted(others, key=lambda carrier: carrier.wave)]


def _merged_commit(
    context: LandingContext, snapshot: LandingSnapshot, carriers: Sequence[Carrier]
) -> Oid | None:
    """Returns the commit that results from merging all carriers onto the base; None if they conflict."""
    heads = [carrier.head for carrier in carriers]
    found = Combinations(context.repository.git, stacks_on(context, snapshot), heads)
    return found.commit(tuple(range(len(heads))))
