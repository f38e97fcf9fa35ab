"""Plan and journal in git: one ref for the plan, one for each task, every change a commit.

Writes are compare-and-swap, repeated on the newest state when another worker was faster.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.events import AnyEvent, PlanSaved, RunChanged, WavesSaved
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.planning.model import Plan
from gitcoord.state.contention import until_known, until_still
from gitcoord.state.journal import JournalEntry, write_entry
from gitcoord.state.journal_reader import JournalReader
from gitcoord.state.saved_plan import GENERATIONS, SavedPlan, foreign, newer, own_prefix, plan_saved
from gitcoord.state.task_history import PENDING, Progress, fold
from gitcoord.state.unusable_records import find_problems, unusable_records
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Finding, TaskId

if TYPE_CHECKING:
    from gitcoord.planning.task_texts import Texts

Unless = Callable[[Progress], bool]
"""Says of a task's newest progress that an event is not to be written (any more)."""


class Store:
    """The state of one repository. Call `refresh` before reading; writing refreshes by itself when needed.

    It belongs to one generation of the task list, by default the one that is saved when it is first read, and
    stays with it: whoever works at an old list's task writes into that list's journal. An `area`, such as
    `adopted/`, holds a plan and a journal of its own beside those of the task list.
    """

    def __init__(
        self, repository: Repository, shared: SharedRefs, generation: int | None = None, area: str = ""
    ) -> None:
        self.repository = repository
        self.shared = shared
        self._generation = generation
        self._area = area
        self._reader = JournalReader(repository.git)
        self.saved = SavedPlan(repository.git, shared, self.prefix)
        self._identities: tuple[Plan | None, dict[TaskId, TaskIdentity]] = (None, {})

    def refresh(self) -> None:
        """Reads the shared refs anew (branches too)."""
        self.shared.refresh()

    def follow(self) -> None:
        """Goes over to the generation that is saved now, for those who only watch."""
        self._generation = None

    def of_generation(self, generation: int) -> "Store":
        """The state of another generation; its journal can be read."""
        return Store(self.repository, self.shared, generation, self._area)

    @property
    def prefix(self) -> str:
        """What the refs of this state begin with."""
        return self.shared.state_prefix + self._area

    @property
    def generation(self) -> int:
        """Which of the task lists this is about, counted from 1."""
        if self._generation is None:
            plan = self.saved.read()
            self._generation = plan.generation if plan is not None else max(self.generations())
        return self._generation

    def generations(self) -> range:
        """The numbers of all generations that have left something."""
        prefix = self.prefix + GENERATIONS
        names = (name.removeprefix(prefix).partition("/")[0] for name in self.shared.list(prefix))
        return range(1, max((int(name) for name in names if name.isdecimal()), default=1) + 1)

    @property
    def own_prefix(self) -> str:
        """What the refs of this generation begin with; the plan's ref is one for all."""
        return own_prefix(self.prefix, self.generation)

    def plan(self) -> Plan | None:
        """The saved plan, or None.

        Raises `foreign-state` when the ref holds something else, `list-replaced` when somebody has saved the
        plan of another generation since this store was first read.
        """
        plan = self.saved.read()
        if plan is not None and plan.generation != self.generation:
            raise answer_no(
                "list-replaced",
                f"The plan of another task list was saved meanwhile: generation {plan.generation} "
                f"in place of {self.generation}.",
                "What was done so far stays on its branches. Run the command again to go by the new plan.",
            )
        return plan

    def require_plan(self) -> Plan:
        """The saved plan; raises `no-plan` (exit 2) when there is none."""
        plan = self.plan()
        if plan is None and self.shared.remote is not None:
            # An agent that shares the clone may have removed what was fetched of the remote's refs.
            self.refresh()
            plan = self.plan()
        if plan is None:
            where = f"the remote {self.shared.remote}" if self.shared.remote else "this repository"
            raise usage_error("no-plan", f"No plan is saved in {where}.", "Run `gitcoord plan` first.")
        return plan

    def save_plan(
        self,
        plan: Plan,
        event: WavesSaved | None = None,
        *,
        texts: "Texts | None" = None,
        carried: Collection[TaskId] = (),
    ) -> bool:
        """Saves `plan` unless the saved one is equal. True when something was written.

        `texts` are its tasks' words (None: those that are saved). When it begins another generation, the
        records of the tasks (and subtasks) `carried` go with it. Raises `plan-moved` when another worker
        saved a different plan at the same moment.
        """
        before = self.saved.tip
        if before is not None and self.saved.read() == plan:
            return False
        tree = self.saved.tree(plan, texts)
        commit = write_entry(self.repository, event or plan_saved(plan), before, tree).commit
        records = {} if plan.generation == self.generation else self._records(carried)
        begun = self.of_generation(plan.generation)
        moves = [RefUpdate(begun.task_ref(task), None, tip) for task, tip in records.items()]
        if self.shared.publish([RefUpdate(self.saved.ref, before, commit), *moves]):
            if plan.generation != self.generation:
                self.follow()
            return True
        if self.saved.read() == plan:
            return False
        raise GitcoordError(
            "plan-moved",
            "Another worker saved a different plan at the same moment.",
            hint="Look at it with `gitcoord status`, then run the command again.",
        )

    def change_plan(self, change: Callable[[Plan], Plan], told: Callable[[Plan], WavesSaved]) -> Plan:
        """Applies `change` to the newest saved plan, again when another worker was faster.

        Raises `no-plan`, or `plan-moved` when it never stood still.
        """

        def attempt() -> Plan:
            plan = change(self.require_plan())
            self.save_plan(plan, told(plan))
            return plan

        return until_still(attempt)

    def put_plan(self, make: Callable[[Plan | None], Plan]) -> Plan:
        """Saves what `make` makes of the newest saved plan, if any, again when another worker was faster.

        Raises `plan-moved` when it never stood still.
        """

        def attempt() -> Plan:
            plan = make(self.plan())
            self.save_plan(plan)
            return plan

        return until_still(attempt)

    def record(self, event: AnyEvent, unless: Unless | None = None) -> bool:
        """Appends `event` to its task's ref; False when `unless` says of the newest progress not to.

        Raises `foreign-state` when the ref holds a commit that gitcoord did not write.
        """
        written = until_known(lambda: self.try_record([event], (), unless))
        if written is None:
            raise GitcoordError(
                "state-busy",
                f"The record of task {event.task} kept changing while it was written to.",
                hint="Run the command again.",
            )
        return written

    def record_all(self, wanted: Sequence[tuple[AnyEvent, Unless]]) -> None:
        """Appends several tasks' events in one write; each by itself when somebody else was faster.

        Raises what `record` raises.
        """
        moves = [move for event, unless in wanted if (move := self._move([event], unless)) is not None]
        if moves and not self.shared.publish(moves):
            for event, unless in wanted:
                self.record(event, unless)

    def try_record(
        self,
        events: Sequence[AnyEvent],
        also: Sequence[RefUpdate] = (),
        unless: Unless | None = None,
        *,
        hooks: bool = False,
    ) -> bool | None:
        """Appends the events of one task and moves the refs `also`, all or nothing.

        False when `unless` says not to, None when somebody else was faster: look again, and decide anew.
        Raises what `record` raises.
        """
        move = self._move(events, unless)
        if move is None:
            return False
        return True if self.shared.publish([*also, move], hooks=hooks) else None

    def journal(self) -> list[JournalEntry]:
        """Every entry, oldest first, those that gitcoord did not write included; unreadable refs left out."""
        own, of = [], 1
        for entry in self._reader.read(self._tips()):
            # The plan's ref is one for all generations.
            of = entry.event.generation if isinstance(entry.event, PlanSaved) else of
            if of == self.generation or not isinstance(entry.event, PlanSaved | WavesSaved):
                own.append(entry)
        return own

    def progress(self) -> dict[TaskId, Progress]:
        """Where every task stands that has a record."""
        if not self.shared.list(self.task_ref("")):
            return {}  # nobody has begun anything: git need not be asked for a journal
        return fold(entry.event for entry in self.journal() if entry.event is not None)

    def run(self) -> RunChanged | None:
        """The newest word on whether a run goes on, is paused, or has ended; None when there was none."""
        said = (entry.event for entry in reversed(self.journal()))
        return next((event for event in said if isinstance(event, RunChanged)), None)

    def under_way(self) -> frozenset[TaskId]:
        """The tasks that somebody has started, submitted or landed."""
        return frozenset(task for task, told in self.progress().items() if told.begun)

    def unusable(self) -> dict[TaskId, str]:
        """The tasks and subtasks whose records gitcoord cannot go on with, each with the reason."""
        prefix, tips = self.task_ref(""), self._tips()
        return unusable_records(self._reader.read(tips), tips, self.shared.broken(prefix), prefix)

    def problems(self) -> tuple[Finding, ...]:
        """Entries and refs in gitcoord's namespace that gitcoord did not write, or that cannot be read."""
        tips = self._tips()
        return find_problems(self._reader.read(tips), tips, self.shared.broken(self.prefix))

    def task_ref(self, task: str | None) -> str:
        """The ref that holds the record of `task`."""
        return f"{self.own_prefix}tasks/{task}"

    def _event_ref(self, event: AnyEvent) -> str:
        return f"{self.own_prefix}run" if isinstance(event, RunChanged) else self.task_ref(event.task)

    def _tips(self) -> dict[str, Oid]:
        own = self.own_prefix
        parts = (self.saved.ref, f"{own}run", f"{own}tasks/")
        return {name: tip for part in parts for name, tip in self.shared.list(part).items()}

    def _records(self, tasks: Collection[TaskId]) -> dict[TaskId, Oid]:
        tips = {task: self.shared.read(self.task_ref(task)) for task in tasks}
        return {task: tip for task, tip in tips.items() if tip is not None}

    def _identity(self, task: TaskId, before: Progress) -> TaskIdentity | None:
        """Which task the id is, where the record does not say so yet."""
        try:
            plan = self.saved.read()
        except GitcoordError:
            return None  # recording goes on beside a plan that cannot be read
        if plan is None or plan.generation != self.generation:
            return None
        if self._identities[0] is not plan:
            self._identities = (plan, plan.identities())
        identity = self._identities[1].get(task)
        return None if identity == before.identity else identity

    def _move(self, told: Sequence[AnyEvent], unless: Unless | None) -> RefUpdate | None:
        """The move of the task's ref that appends `told`, or None when `unless` says not to."""
        task = TaskId(told[0].task or "")
        ref = self._event_ref(told[0])
        before = self.shared.read(ref)
        events: list[AnyEvent] = []
        if before is not None:
            entries = self._reader.read_one(before)
            events = [entry.event for entry in entries if entry.event is not None]
            if any(entry.newer for entry in entries):
                raise newer(ref)
            if not events or len(events) < len(entries):
                raise foreign(ref, before)
        known = fold(events).get(task, PENDING)
        if unless is not None and unless(known):
            return None
        tip, identity = before, told[0].identity or self._identity(task, known)
        for number, event in enumerate(told):
            first = number == 0 and identity is not None
            named = msgspec.structs.replace(event, identity=identity) if first else event
            document = write_entry(self.repository, named, tip)
            self._reader.remember(document)
            tip = document.commit
        return RefUpdate(ref, before, tip)
