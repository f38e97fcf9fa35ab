"""Where landing takes place: the repository, the plan, the level and its options, and the forge."""

from collections.abc import Mapping

import msgspec

from gitcoord.checks.model import Checker
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.landing.model import LandingSnapshot, Options
from gitcoord.landing.remade import FilesMaker
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId


class LandingContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where landing takes place."""

    repository: Repository
    shared: SharedRefs
    store: Store
    forge: Forge
    plan: Plan
    level: PlannedLevel
    options: Options
    overlaps: Mapping[TaskId, tuple[str, ...]] = {}
    """For each task, sentences about what it shares with others of its level."""
    clashes: Mapping[TaskId, tuple[TaskId, ...]] = {}
    """For each task, those that it may not share a wave with."""
    checker: Checker | None = None
    maker: FilesMaker | None = None
    """What makes files anew that rules keep from being merged; None where nothing lands."""
    shown: Mapping[TaskId, Oid] = {}
    """The heads that were shown to whoever asked for them to land: one rewritten before is as wanted."""
    spent: frozenset[str] = frozenset()
    """Branches of heads that landed before, and that pull requests of the level still go onto."""

    @property
    def ancestry(self) -> Ancestry:
        """What is known of ancestors in the repository."""
        return self.repository.ancestry


def stacks_on(context: LandingContext, snapshot: LandingSnapshot) -> Stacks:
    """The stacks on what the base of `snapshot` holds."""
    return Stacks(context.ancestry, snapshot.base_commit, snapshot.landed_heads)


def with_newest_plan(context: LandingContext) -> LandingContext:
    """The scene with the plan as it is saved now."""
    plan = context.store.require_plan()
    level = next((level for level in plan.levels if level.number == context.level.number), None)
    if level is None or set(level.tasks) != set(context.level.tasks):
        return context  # planned anew meanwhile: this run ends what it began
    return msgspec.structs.replace(context, plan=plan, level=level)
