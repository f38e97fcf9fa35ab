"""Stores plan and journal in git: one ref for the plan, one for each task; each change is a commit.

Writes are compare-and-swap, and are repeated on the newest state if another worker was faster.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.events import AnyEvent, PlanSaved, RunChanged, WavesSaved
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.planning.model import Plan
from gitcoord.state.contention import retry_until_value, retry_while_plan_moves
from gitcoord.state.journal import JournalEntry, write_entry
from gitcoord.state.journal_reader import JournalReader
from gitcoord.state.saved_plan import GENERATIONS, SavedPlan, own_prefix, plan_saved
from gitcoord.state.task_history import Progress, replay
from gitcoord.state.task_records import PlannedIdentities, append, recorded_progress
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Finding, TaskId

if TYPE_CHECKING:
    from gitcoord.planning.task_texts import Texts

Unless = Callable[[Progress], bool]
"""Returns True if, with the task's newest progress, the event must not be written."""


class Store:
    """The state of one repository. Call `refresh` before reading; writes refresh when needed.

    A store belongs to one generation of the task list, by default the one that is saved at the first read,
    and stays with it: a worker on an old list's task writes into that list's journal. An `area`, such as
    `adopted/`, has its own plan and journal beside those of the task list.
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
        self._identities = PlannedIdentities()

    def refresh(self) -> None:
        """Fetches the shared refs, also branches."""
        self.shared.refresh()

    def follow(self) -> None:
        """Switches to the generation that is saved now, for commands that only watch."""
        self._generation = None

    def of_generation(self, generation: int) -> "Store":
        """Returns the state of another generation, to read its journal."""
        return Store(self.repository, self.shared, generation, self._area)

    @property
    def prefix(self) -> str:
        """The prefix of this state's refs."""
        return self.shared.state_prefix + self._area

    @property
    def generation(self) -> int:
        """The number of the task list, from 1."""
        if self._generation is None:
            plan = self.saved.read()
            self._generation = plan.generation if plan is not None else max(self.generations())
        return self._generation

    def generations(self) -> range:
        """Returns the numbers from 1 to the newest generation with data."""
        prefix = self.prefix + GENERATIONS
        names = (name.removeprefix(prefix).partition("/")[0] for name in self.shared.list(prefix))
        return range(1, max((int(name) for name in names if name.isdecimal()), default=1) + 1)

    @property
    def own_prefix(self) -> str:
        """The prefix of this generation's refs; all generations share the plan's ref."""
        return own_prefix(self.prefix, self.generation)

    def plan(self) -> Plan | None:
        """Returns the saved plan, or None.

        Raises `foreign-state` if gitcoord did not write the ref, `list-replaced` if somebody has saved the
        plan of another generation since this store was first read.
        """
        plan = self.saved.read()
        if plan is not None and plan.generation != self.generation:
            raise answer_no(
                "list-replaced",
                f"Somebody saved the plan of another task list: generation {plan.generation} "
                f"instead of {self.generation}.",
                "The work so far stays on its branches. Run the command again to use the new plan.",
            )
        return plan

    def require_plan(self) -> Plan:
        """Returns the saved plan. Raises `no-plan` (exit 2) if there is none."""
        plan = self.plan()
        if plan is None and self.shared.remote is not None:
            # An agent that shares the clone may have deleted the fetched copies of the remote's refs.
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
        """Saves `plan` unless the saved one is equal. Returns whether it wrote something.

        `texts` are its tasks' texts (None: keep the saved ones). If it starts another generation, copies the
        records of the tasks (and subtasks) `carried`. Raises `plan-moved` if another worker saved a different
        plan at the same time.
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
            "Another worker saved a different plan at the same time.",
            hint="Look at it with `gitcoord status`, then run the command again.",
        )

    def change_plan(self, change: Callable[[Plan], Plan], event_of: Callable[[Plan], WavesSaved]) -> Plan:
        """Applies `change` to the newest saved plan; repeats that if another worker was faster.

        Raises `no-plan`, or `plan-moved` if other workers were faster each time.
        """

        def attempt() -> Plan:
            plan = change(self.require_plan())
            self.save_plan(plan, event_of(plan))
            return plan

        return retry_while_plan_moves(attempt)

    def put_plan(self, make: Callable[[Plan | None], Plan]) -> Plan:
        """Saves the plan that `make` returns for the newest saved one (or None).

        Repeats that if another worker was faster. Raises `plan-moved` if other workers were faster each time.
        """

        def attempt() -> Plan:
            plan = make(self.plan())
            self.save_plan(plan)
            return plan

        return retry_while_plan_moves(attempt)

    def record(self, event: AnyEvent, unless: Unless | None = None, extra: RefUpdate | None = None) -> bool:
        """Appends `event` to its task's ref. Returns False if `unless` forbids it for the newest progress.

        `extra` as in `try_record`. Raises `foreign-state` or `newer-state` if this version cannot continue
        the record, and `state-busy` if other workers were faster each time.
        """
        written = retry_until_value(lambda: self.try_record([event], (), unless, extra=extra))
        if written is None:
            raise GitcoordError(
                "state-busy",
                f"Other workers kept changing the record of task {event.task}.",
                hint="Run the command again.",
            )
        return written

    def record_all(self, wanted: Sequence[tuple[AnyEvent, Unless]]) -> None:
        """Appends several tasks' events in one push; one by one if somebody else was faster.

        Raises the errors of `record`.
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
        extra: RefUpdate | None = None,
    ) -> bool | None:
        """Appends the events of one task and moves the refs `also`, atomically.

        Moves `extra`, too, if the server accepts that. Returns False if `unless` forbids the events, None if
        somebody else was faster: then read and decide again. Raises `foreign-state` or `newer-state`.
        """
        move = self._move(events, unless)
        if move is None:
            return False
        return True if self.shared.publish([*also, move], hooks=hooks, extra=extra) else None

    def journal(self) -> list[JournalEntry]:
        """Returns all readable entries, oldest first, also those that gitcoord did not write."""
        own, of = [], 1
        for entry in self._reader.read(self._tips()):
            # All generations share the plan's ref.
            of = entry.event.generation if isinstance(entry.event, PlanSaved) else of
            if of == self.generation or not isinstance(entry.event, PlanSaved | WavesSaved):
                own.append(entry)
        return own

    def progress(self) -> dict[TaskId, Progress]:
        """Returns the progress of every task that has a record."""
        if not self.shared.list(self.task_ref("")):
            return {}  # no task has a record: there is no journal to read
        return replay(entry.event for entry in self.journal() if entry.event is not None)

    def run(self) -> RunChanged | None:
        """Returns the newest event about a run: started, paused or ended; None if there is none."""
        said = (entry.event for entry in reversed(self.journal()))
        return next((event for event in said if isinstance(event, RunChanged)), None)

    def under_way(self) -> frozenset[TaskId]:
        """Returns the tasks on which work has begun."""
        return frozenset(task for task, task_progress in self.progress().items() if task_progress.begun)

    def unusable(self) -> dict[TaskId, str]:
        """Returns the tasks and subtasks whose records gitcoord cannot use, each with the reason."""
        prefix, tips = self.task_ref(""), self._tips()
        from gitcoord.state.unusable_records import unusable_records

        return unusable_records(self._reader.read(tips), tips, self.shared.broken(prefix), prefix)

    def problems(self) -> tuple[Finding, ...]:
        """Returns warnings about entries and refs that gitcoord did not write, or cannot read."""
        tips = self._tips()
        from gitcoord.state.unusable_records import find_problems

        return find_problems(self._reader.read(tips), tips, self.shared.broken(self.prefix))

    def task_ref(self, task: str | None) -> str:
        """Returns the ref of the record of `task`."""
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

    def _move(self, events: Sequence[AnyEvent], unless: Unless | None) -> RefUpdate | None:
        """Returns the ref update that appends the events of one task, or None if `unless` forbids it."""
        ref = self._event_ref(events[0])
        before = self.shared.read(ref)
        known = recorded_progress(self._reader, ref, before, TaskId(events[0].task or ""))
        if unless is not None and unless(known):
            return None
        identity = events[0].identity or self._identity(TaskId(events[0].task or ""), known)
        return RefUpdate(ref, before, append(self.repository, self._reader, before, events, identity))

    def _identity(self, task: TaskId, before: Progress) -> TaskIdentity | None:
        """Returns the identity of `task` from the plan; None if the record has it, or the plan lacks it."""
        try:
            plan = self.saved.read()
        except GitcoordError:
            return None  # record the event even if the plan cannot be read
        if plan is None or plan.generation != self.generation:
            return None
        identity = self._identities.of(plan, task)
        return None if identity == before.identity else identity
