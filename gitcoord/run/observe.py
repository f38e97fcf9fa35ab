"""Builds the scheduler's input from the journal, git's evidence and the engine."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from gitcoord.engines.engine import AttemptView, Engine, key_of
from gitcoord.event_stamp import worker_name
from gitcoord.events import AnyEvent, AttemptStarted, BranchUpdated, TaskDeferred
from gitcoord.evidence.rollbacks import with_rollbacks
from gitcoord.evidence.snapshot import Snapshot, read_snapshot
from gitcoord.git.git_cli import Oid
from gitcoord.planning.model import Plan
from gitcoord.planning.units import Unit, Units, units_of, with_rework
from gitcoord.run.attempt_state import AttemptsAtWork, DeadAttempt
from gitcoord.run.recorded_state import KnownJournal, seen_in_journal
from gitcoord.run.retry_policy import AttemptLimits, RetryDecision, retry_decision, running_attempt
from gitcoord.run.shared_failures import common_failure
from gitcoord.schedule.model import Observation
from gitcoord.state.accounts import ClosedAccount, closed_account
from gitcoord.state.published_work import published_work
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.pid_file import held_here, is_recorded
from gitcoord.worker.done_subtasks import done_subtasks
from gitcoord.worker.leases import Leases, held_attempts

if TYPE_CHECKING:
    from gitcoord.run.speculation import Speculation


class RunView(Snapshot, frozen=True, kw_only=True):
    """The observed state of a run. `keys`: the attempts that run here; `numbers`: each unit's next attempt.

    `whole` are parents to submit, because all their subtasks are done. `memory` are the bytes that each
    running unit uses, if the engine knows. `cancelled` are running units that somebody cancelled. `overtaken`
    are the deferrals to record for speculative work whose parents landed as other commits.
    """

    units: Units
    events: tuple[AnyEvent, ...]
    seen: Observation
    keys: Mapping[TaskId, str]
    numbers: Mapping[TaskId, int]
    ended: tuple[DeadAttempt, ...] = ()
    whole: tuple[TaskId, ...] = ()
    cancelled: tuple[TaskId, ...] = ()
    memory: Mapping[TaskId, int] = {}
    overtaken: tuple[TaskDeferred, ...] = ()
    published: Mapping[TaskId, Oid] = {}
    """The unfinished work that workers of running attempts have published."""
    closed: ClosedAccount | None = None
    """The usage limit that stops this machine's agents now, if there is one."""


class Observer:
    """Observes a run repeatedly. Its state is only a cache: a new Observer sees the same.

    Without an `engine`, no attempt was ever started here.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine | None,
        limits: AttemptLimits,
        token_budget: int | None,
        *,
        unsaved: Plan | None = None,
        account: str = "",
        speculates: bool = False,
    ) -> None:
        self._store = store
        self._unsaved = unsaved
        self._engine = engine
        self._limits = limits
        self._token_budget = token_budget
        self._account = account
        self._speculation = _speculation(store) if speculates else None
        self._units: tuple[Plan, Units] | None = None
        self._known: tuple[object, Snapshot] | None = None
        self._first = True
        self._journal = KnownJournal()
        self._leases = Leases()
        self.fetched: float | None = None
        """Monotonic time of the remote's last answer; None: leases are not checked."""
        self.launched: dict[TaskId, int] = {}
        """Attempts that were started here and may not be in the journal yet."""

    def look(self, now: float, last_start: float | None) -> RunView:
        """Observes once, without a request to the remote. Raises `no-plan` or `base-missing`."""
        store = self._store
        plan = self._unsaved or store.require_plan()
        units = self._units_of(plan)
        events, journal = self._journal.read(store.journal())
        snapshot = self._snapshot(plan, journal)
        progress, landed = snapshot.progress, snapshot.landed
        done = done_units(plan, units, progress, landed) | done_subtasks(
            plan, progress, snapshot.tips, snapshot.ancestry, landed
        )
        units = with_rework(units, _sent_back(units, progress, done, landed))
        unusable = store.unusable()
        left = [unit for unit in units.by_id.values() if unit.id not in done and unit.id not in unusable]
        decisions = {unit.id: retry_decision(progress.get(unit.id, PENDING), self._limits) for unit in left}
        last_steps = [unit for unit in units.by_id.values() if unit.id in done]
        polled = self._poll(decisions, progress, last_steps)
        leases = self._observed_leases(progress)
        work = AttemptsAtWork(progress, decisions, polled, self._held, leases, self.launched)
        for unit in left:
            work.sort(unit)
        for unit in last_steps:
            work.finish(unit)
        self._first = False
        submitted = submitted_tasks(units, progress)
        over = submitted | landed.keys()
        closed = closed_account(store, self._account, now)
        failing = common_failure(events, worker_name(), self._limits.same_failures)
        known = seen_in_journal(events, decisions, now, closed, failing)
        seen = msgspec.structs.replace(
            known,
            failed={**known.failed, **{one: why for one, why in unusable.items() if one not in done}},
            running=work.running,
            elsewhere=work.elsewhere,
            done=frozenset(done),
            submitted=submitted,
            landed=frozenset(landed),
            last_start=last_start,
            not_before={**known.not_before, **{one: now + wait for one, wait in work.waits.items()}},
        )
        whole = _whole(units, progress, done, over | unusable.keys())
        view = RunView(
            **msgspec.structs.asdict(snapshot),
            units=units,
            events=events,
            seen=seen,
            keys=work.keys,
            numbers={one: decision.number for one, decision in decisions.items()},
            ended=tuple(work.ended),
            whole=whole,
            cancelled=tuple(one for one in work.running if progress.get(one, PENDING).cancelled),
            memory={one: polled[key].memory for one, key in work.keys.items() if key in polled},
            published=published_work(store, progress),
            closed=closed,
        )
        return view if self._speculation is None else _speculating(view, self._speculation)

    def _observed_leases(self, progress: Mapping[TaskId, Progress]) -> Leases:
        if self.fetched is not None:
            self._leases.look(held_attempts(self._store, progress), self.fetched)
        return self._leases

    def _held(self, unit: TaskId, started: AttemptStarted, ended: AttemptView) -> bool:
        """Whether the ended process had claimed the attempt, according to the records of this machine."""
        place = attempt_directory(
            self._store.repository.common_dir, self._store.generation, unit, started.attempt
        )
        own = self.launched.get(unit) == started.attempt and started.by == worker_name()
        if own and not is_recorded(place):
            return True  # an agent removed the records
        seen_to_end = ended.code is not None
        return started.engine != "local" or held_here(place, started.by, seen_to_end=seen_to_end)

    def _units_of(self, plan: Plan) -> Units:
        if self._units is None or self._units[0] != plan:
            self._units = (plan, units_of(plan, self._token_budget))
        return self._units[1]

    def _snapshot(self, plan: Plan, progress: Mapping[TaskId, Progress]) -> Snapshot:
        """Returns the snapshot; makes a new one only if facts on which landings depend have changed."""
        shared = self._store.shared
        records = {task: (one.head, one.state, one.landing, one.rollbacks) for task, one in progress.items()}
        asked = (plan, shared.branch(plan.base), dict(shared.branches()), records)
        if self._known is None or self._known[0] != asked:
            self._known = (asked, read_snapshot(self._store, plan, progress=progress))
        known = self._known[1]
        corrected = with_rollbacks(known.ancestry, progress, known.undone)
        return msgspec.structs.replace(known, progress=corrected)

    def _poll(
        self,
        decisions: Mapping[TaskId, RetryDecision],
        progress: Mapping[TaskId, Progress],
        last_steps: Sequence[Unit],
    ) -> Mapping[str, AttemptView]:
        """Asks the engine about all attempts that may be running, the first time also unclaimed ones."""
        ending = ((unit.id, running_attempt(progress.get(unit.id, PENDING))) for unit in last_steps)
        keys = [key_of(unit, attempt.number) for unit, attempt in ending if attempt is not None]
        for unit, decision in decisions.items():
            attempt = running_attempt(progress.get(unit, PENDING))
            if attempt is not None:
                keys.append(key_of(unit, attempt.number))
            if self._first or self.launched.get(unit) == decision.number:
                keys.append(key_of(unit, decision.number))
        if self._engine is None:
            return {key: AttemptView(key=key, state="absent") for key in keys}
        return self._engine.poll(keys)


def _speculation(store: Store) -> "Speculation":
    from gitcoord.run.speculation import Speculation  # commands that only look do not need it

    return Speculation(store.repository)


def _speculating(view: RunView, speculation: "Speculation") -> RunView:
    from gitcoord.run.speculation import SpeculationFacts

    facts = SpeculationFacts(
        **{name: getattr(view, name) for name in Snapshot.__struct_fields__},
        submitted=view.seen.submitted,
        at_work={*view.seen.running, *view.seen.elsewhere},
        updated={one.head: one.commit for one in view.events if isinstance(one, BranchUpdated)},
    )
    seen = msgspec.structs.replace(view.seen, apart=speculation.apart(facts))
    return msgspec.structs.replace(view, seen=seen, overtaken=speculation.overtaken(facts))


def _whole(
    units: Units, progress: Mapping[TaskId, Progress], done: Collection[TaskId], over: Collection[TaskId]
) -> tuple[TaskId, ...]:
    """The parents whose subtasks are all done, and that are neither `over` nor rolled back."""
    finished = frozenset(done)
    return tuple(
        task
        for task, parts in units.of_task.items()
        if task not in units.by_id and task not in over and finished.issuperset(parts)
        if progress.get(task, PENDING).state != "rolled-back"
    )


def _sent_back(
    units: Units,
    progress: Mapping[TaskId, Progress],
    done: Collection[TaskId],
    landed: Collection[TaskId],
) -> list[TaskId]:
    """The parents that were deferred for a conflict although all their subtasks are done."""
    parents = (task for task in units.of_task if task not in units.by_id and task not in landed)
    return [
        task
        for task in parents
        if progress.get(task, PENDING).deferral is not None and set(units.of_task[task]) <= set(done)
    ]


def done_units(
    plan: Plan, units: Units, progress: Mapping[TaskId, Progress], landed: Collection[TaskId]
) -> set[TaskId]:
    """The units that need no worker: submitted and landed tasks with all their subtasks."""
    over = submitted_tasks(units, progress) | set(landed)
    return {unit.id for unit in units.by_id.values() if unit.task in over}


def submitted_tasks(units: Units, progress: Mapping[TaskId, Progress]) -> frozenset[TaskId]:
    """The tasks whose work is submitted, and was neither deferred nor requested again since."""
    return frozenset(
        task
        for task in units.of_task
        if (task_progress := progress.get(task, PENDING)).state in ("submitted", "landed")
        and task_progress.head is not None
        and task_progress.deferral is None
        # A parent has no worker that could do it again.
        and not (task in units.by_id and _wanted_again(task_progress))
    )


def _wanted_again(progress: Progress) -> bool:
    """Whether a retry of submitted work was requested and has not ended yet."""
    newest = progress.attempt
    if newest is None:
        return False
    if newest.running and newest.started is not None:
        return newest.started.at > progress.submitted_at
    return progress.retry_pending
