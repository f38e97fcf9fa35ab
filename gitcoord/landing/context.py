"""The context of a landing: the repository, the plan, the level, its options and the forge."""

from collections.abc import Callable, Mapping

import msgspec

from gitcoord.checks.model import Checker
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.landing.generated_files import FilesMaker
from gitcoord.landing.model import Carrier, LandingSnapshot, Options
from gitcoord.landing.steps import HandOver, Merge, MergeTogether, Step
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

WAITS_FOR_REPOSITORIES = "it is ready and waits for the other repositories"
Permit = Callable[[LandingSnapshot, Merge | MergeTogether | HandOver], str]


class LandingContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context of a landing."""

    repository: Repository
    shared: SharedRefs
    store: Store
    forge: Forge
    plan: Plan
    level: PlannedLevel
    options: Options
    overlaps: Mapping[TaskId, tuple[str, ...]] = {}
    """For each task, sentences about paths that it shares with others of its level."""
    clashes: Mapping[TaskId, tuple[TaskId, ...]] = {}
    """For each task, the tasks that must not be in the same wave."""
    checker: Checker | None = None
    maker: FilesMaker | None = None
    """Generates the files under `regenerate`; None: generates none."""
    shown: Mapping[TaskId, Oid] = {}
    """The heads that the user saw before the landing: they may land although their branch was rewritten."""
    spent: frozenset[str] = frozenset()
    """Branches that landed earlier and are still the base of pull requests of the level."""

    only: frozenset[TaskId] | None = None
    """The tasks that may land now; None: all ready ones. For landings across repositories."""
    permit: Permit | None = None
    """Returns why a merge must not be sent now, or an empty text; for landings across repositories."""

    @property
    def ancestry(self) -> Ancestry:
        """The repository's cache of answers about ancestry."""
        return self.repository.ancestry

    def held_by_permit(self, snapshot: LandingSnapshot, step: Step) -> tuple[Carrier, str] | None:
        """Returns the step's carrier and the reason if `permit` forbids the step now; else None."""
        if self.permit is None or not isinstance(step, Merge | MergeTogether | HandOver):
            return None
        why = self.permit(snapshot, step)
        return (step.carrier, why) if why else None


def stacks_on(context: LandingContext, snapshot: LandingSnapshot) -> Stacks:
    """Returns the stacks on the base of `snapshot`."""
    return Stacks(context.ancestry, snapshot.base_commit, snapshot.landed_heads)


def with_newest_plan(context: LandingContext) -> LandingContext:
    """Returns the context with the saved plan; unchanged if the level has other tasks in that plan."""
    plan = context.store.require_plan()
    level = next((level for level in plan.levels if level.number == context.level.number), None)
    if level is None or set(level.tasks) != set(context.level.tasks):
        return context  # the level was planned again: this run finishes the old one
    return msgspec.structs.replace(context, plan=plan, level=level)
