"""Opens, plans and reads the repositories of a plan that is saved in its home repository.

The home repository stores the complete plan and its own part. Each other repository stores its part and its
own journal, so one push moves a branch and its record together, or neither.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from gitcoord.cli.across.repository_identity import identities, no_part, other_name, same_repository
from gitcoord.cli.across.repository_places import follow_remote, is_kept, open_member
from gitcoord.cli.context import Context
from gitcoord.errors import Exit, GitcoordError, in_repository, usage_error
from gitcoord.events import WavesSaved
from gitcoord.evidence.model import Landing
from gitcoord.evidence.snapshot import Snapshot, find_snapshot
from gitcoord.planning.model import Plan, PlanPart
from gitcoord.planning.parts import HOME, awaited, make_part, members_of, named_repositories
from gitcoord.planning.risks import NO_RISKS, Risks
from gitcoord.state.store import Store
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import Finding, TaskId, TaskList
from gitcoord.worker.free_branch_names import require_free_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitcoord.planning.task_texts import Texts

AREA = "repositories/"
"""The area of the complete plan in the home repository."""
LandedIn = Mapping[str, Mapping[TaskId, Landing]]


class Repositories:
    """The repositories of a plan: `contexts` by name, the home repository's first."""

    def __init__(self, home: Context) -> None:
        self.home = home
        self.contexts: dict[str, Context] = {HOME: home}
        there = dict.fromkeys(identities(home), HOME)
        for name, given in home.settings.repositories.items():
            member = open_member(home, name, given)
            for identity in identities(member):
                twin = there.setdefault(identity, name)
                if twin != name:
                    raise same_repository(twin, name, identity)
            self.contexts[name] = member
        self.store = WholeStore(self)

    def refresh(self) -> None:
        """Fetches the shared refs of all repositories."""
        for name, context in self.contexts.items():
            with in_repository(name):
                context.shared.refresh()
                given = self.home.settings.repositories.get(name)
                if given is not None and is_kept(given) and follow_remote(context):
                    # The settings file in the clone may have changed.
                    self.contexts[name] = open_member(self.home, name, given)
                    self.contexts[name].shared.refresh()

    def plan(self) -> Plan:
        """Returns the complete plan. Raises `no-plan`, `no-such-repository` or `same-repository`."""
        plan = self.store.require_plan()
        for name in members_of(plan):
            if name not in self.contexts:
                raise usage_error(
                    "no-such-repository",
                    f"Tasks of the plan work in {name}, which is no longer under [repositories].",
                    "Add it again, or change the tasks and plan again.",
                )
            part = self.contexts[name].store.plan()
            self._require_own(name, part if is_part(part, plan) else None)
        return plan

    def _require_own(self, name: str, part: Plan | None) -> None:
        """Raises `same-repository` if `part` was saved under another name that the settings still have."""
        saved = part.part.name if part is not None and part.part is not None else name
        if saved != name and saved in self.contexts:
            raise other_name(name, saved, self.contexts[name])

    def members(self, plan: Plan) -> dict[str, Context]:
        """Returns the repositories in which tasks of the plan work, in the order of the settings."""
        used = members_of(plan)
        return {name: context for name, context in self.contexts.items() if name in used}

    def landed(self, plan: Plan) -> LandedIn:
        """Returns the tasks that have landed on the base of each repository, as of the last fetch."""
        snapshots = self.snapshots(plan)
        return {name: snapshots[name].landed if name in snapshots else {} for name in self.members(plan)}

    def snapshots(self, plan: Plan) -> dict[str, Snapshot]:
        """Reads a snapshot of each repository that has its part and its base, as of the last fetch."""
        found = {}
        for name, context in self.members(plan).items():
            with in_repository(name):
                part = context.store.plan()
                snapshot = find_snapshot(context.store, part) if is_part(part, plan) and part else None
            if snapshot is not None:
                found[name] = snapshot
        return found

    def update_parts(self, plan: Plan) -> LandedIn:
        """Updates each part's list of tasks that it awaits; returns the landed tasks of each repository."""
        landed = self.landed(plan)
        for name, context in self.members(plan).items():
            awaits = dict(awaited(plan, name, landed))
            part = context.store.plan()
            if part is None or not is_part(part, plan):
                raise no_part(name, part)
            if part.part is not None and part.part.awaits != awaits:
                with in_repository(name):
                    _save_awaits(context.store, awaits)
        return landed

    def save_parts(self, plan: Plan, texts: "Texts | None", carried: "Collection[TaskId]") -> None:
        """Makes all parts, then saves each in its repository."""
        made = {name: self._part(name, plan) for name in self.members(plan)}
        for name, part in made.items():
            own = {id: text for id, text in (texts or {}).items() if id in part.tasks}
            kept = tuple(task for task in carried if task.partition(".")[0] in part.tasks)
            with in_repository(name):
                store = self.contexts[name].store
                store.save_plan(part, texts=own if texts is not None else None, carried=kept)

    def _part(self, name: str, plan: Plan) -> Plan:
        context = self.contexts[name]
        before = context.store.plan()
        if before is not None and name != HOME and not is_part(before, plan):
            raise no_part(name, before)
        own = before if is_part(before, plan) else None
        self._require_own(name, own)
        given = self.home.settings.repositories.get(name, "")
        strategy = None if isinstance(given, str) else given.strategy
        kept = own is not None and context.settings.base is None and context.shared.branch(own.base)
        base = plan.base if name == HOME else own.base if own is not None and kept else context.base()
        landed = self.landed(plan)
        part = make_part(
            plan,
            name,
            base=base,
            strategy=strategy or plan.strategy,
            awaits=awaited(plan, name, landed),
            before=own if own is not None and own.generation == plan.generation else None,
        )
        with in_repository(name):
            require_free_names(context.shared, part, context.store.progress() if own is not None else {})
        return part

    def assigned(self, listed: TaskList) -> TaskList:
        """Returns the list with the repositories of each task. Raises `no-such-repository` (exit 2)."""
        tasks = [
            msgspec.structs.replace(task, repositories=named_repositories(task.repo)) for task in listed.tasks
        ]
        wrong = [
            Finding(
                code="no-such-repository",
                message=f"Task {task.id} works in {name}, which is not under [repositories].",
                task=task.id,
            )
            for task in tasks
            for name in task.repositories
            if name not in self.contexts
        ]
        if wrong:
            raise GitcoordError(
                "no-such-repository",
                "\n".join(one.message for one in wrong),
                hint=f"Known repositories: {', '.join(self.contexts)}. Add the others under [repositories], "
                "or change `repo` of these tasks.",
                exit=Exit.USAGE,
                findings=wrong,
            )
        return msgspec.structs.replace(listed, tasks=tuple(tasks))

    def by_repository(self, listed: TaskList) -> dict[str, tuple[Context, frozenset[TaskId]]]:
        """Returns the repositories of the list's tasks by name, each with the ids of its tasks."""
        tasks = self.assigned(listed).tasks
        found = {
            name: (context, frozenset(task.id for task in tasks if name in task.repositories))
            for name, context in self.contexts.items()
        }
        return {name: (context, own) for name, (context, own) in found.items() if own}

    def left_behind(self, listed: TaskList) -> list[Finding]:
        """Returns a warning for each task with unlanded work in a repository that it no longer names."""
        return [
            Finding(
                code="work-elsewhere",
                message=f"Task {task.id} has work in {name}, but the list no longer names {name} for it: "
                f"{progress.branch or 'its branch'} stays there and does not land.",
                task=task.id,
            )
            for name, context in self.contexts.items()
            for task in listed.tasks
            if name not in task.repositories
            and (progress := context.store.progress().get(task.id)) is not None
            and progress.begun
            and progress.landing is None
        ]

    def foretell(self, listed: TaskList) -> tuple[Risks, Finding | None]:
        """Predicts the risks of each repository's tasks from its history; also returns the first warning."""
        from gitcoord.cli.foresight.open_foresight import foretell

        found, warning = NO_RISKS, None
        for name, context in self.contexts.items():
            own = tuple(task for task in listed.tasks if name in task.repositories)
            if not own:
                continue
            risks, problem = foretell(context, context.base(), msgspec.structs.replace(listed, tasks=own))
            warning = warning or problem
            found = Risks(
                pairs=tuple(sorted((*found.pairs, *risks.pairs), key=lambda pair: -pair.conflict)),
                files={**risks.files, **found.files},
                changes=found.changes + risks.changes,
            )
        return found, warning


class WholeStore(Store):
    """The complete plan in the home repository, with the journals of all repositories."""

    def __init__(self, several: Repositories) -> None:
        super().__init__(several.home.repository, several.home.shared, area=AREA)
        self._several = several

    def refresh(self) -> None:
        """Fetches the shared refs of all repositories."""
        self._several.refresh()

    def generations(self) -> range:
        """Returns the numbers of all generations with data in any repository."""
        stores = [context.store for context in self._several.contexts.values()]
        own = super().generations()
        return range(1, max([own.stop, *(store.generations().stop for store in stores)]))

    def progress(self) -> dict[TaskId, Progress]:
        """Returns the progress of each recorded task; of several records, the first one with started work."""
        found: dict[TaskId, Progress] = {}
        saved = self.saved.read()
        for context in self._several.contexts.values():
            if saved is not None and not is_part(context.store.plan(), saved):
                continue
            for task, task_progress in context.store.progress().items():
                if task not in found or (task_progress.begun and not found[task].begun):
                    found[task] = task_progress
        return found

    def save_plan(
        self,
        plan: Plan,
        event: WavesSaved | None = None,
        *,
        texts: "Texts | None" = None,
        carried: "Collection[TaskId]" = (),
    ) -> bool:
        """Saves the parts, then the complete plan. If a later save is interrupted, the next saves the rest.

        After an interrupted first save, the next may raise `repository-planned`: it uses a new identifier.
        """
        saved = self.saved.read()
        part = saved.part if saved is not None and saved.part else PlanPart(plan=uuid4().hex[:12], name="")
        whole = msgspec.structs.replace(plan, part=part)
        self._several.save_parts(whole, texts, carried)
        return super().save_plan(whole, event, texts=texts)


def across(home: Context) -> Context:
    """Returns the context of commands that act on the complete plan."""
    return whole_context(Repositories(home))


def whole_context(several: Repositories) -> Context:
    """Returns the context of commands that act on the complete plan of these repositories."""
    home = several.home
    whole = Context(home.repository, home.settings, home.environ)
    whole.shared = home.shared
    whole.several = several
    whole.store = several.store
    return whole


def is_part(part: Plan | None, whole_plan: Plan) -> bool:
    """Whether a repository's plan is its part of `whole_plan`, or of any plan if that is not saved yet."""
    return (
        part is not None and part.part is not None and part.part.plan == (whole_plan.part or part.part).plan
    )


def _save_awaits(store: Store, awaits: dict[TaskId, tuple[TaskId, ...]]) -> None:
    def change(plan: Plan | None) -> Plan:
        if plan is None or plan.part is None:
            raise no_part("", plan)
        return msgspec.structs.replace(plan, part=msgspec.structs.replace(plan.part, awaits=awaits))

    store.put_plan(change)
