"""Plan and journal in git: one ref for the plan, one for each task, every change a commit.

Writes are compare-and-swap, repeated on the newest state when another worker was faster.
"""

from collections.abc import Callable, Sequence

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.events import AnyEvent, PlanSaved, RunChanged, WavesSaved
from gitcoord.git.documents import decode, encode
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.git.shared import SharedRefs, Update
from gitcoord.planning.model import Plan
from gitcoord.state.journal import Entry, in_order, now, read_entries, worker_name, write_entry
from gitcoord.state.progress import PENDING, Progress, fold
from gitcoord.tasks.model import Finding, TaskId

_PLAN_FILE = "plan.json"
_PARTS = ("plan", "run", "tasks/")
_ATTEMPTS = 40

Unless = Callable[[Progress], bool]
"""Says of a task's newest progress that an event is not to be written (any more)."""


class Store:
    """The state of one repository. Call `refresh` before reading; writing refreshes by itself when needed."""

    def __init__(self, repository: Repository, shared: SharedRefs) -> None:
        self.repository = repository
        self.shared = shared
        self._read: tuple[dict[str, Oid], list[Entry]] = ({}, [])
        self._plan: tuple[Oid, Plan] | None = None

    def refresh(self) -> None:
        """Reads the shared refs anew (branches too)."""
        self.shared.refresh()

    def plan(self) -> Plan | None:
        """The saved plan, or None. Raises `foreign-state` when the ref holds something else."""
        tip = self.shared.read(self._plan_ref)
        if tip is None:
            return None
        if self._plan is None or self._plan[0] != tip:
            text = self.repository.git.run("cat-file", "blob", f"{tip}:{_PLAN_FILE}", ok=())
            plan: Plan | None = decode(text.stdout, Plan) if text.code == 0 else None
            if plan is None:
                raise self._foreign(self._plan_ref, tip)
            self._plan = (tip, plan)
        return self._plan[1]

    def require_plan(self) -> Plan:
        """The saved plan; raises `no-plan` (exit 2) when there is none."""
        plan = self.plan()
        if plan is None:
            where = f"the remote {self.shared.remote}" if self.shared.remote else "this repository"
            raise usage_error("no-plan", f"No plan is saved in {where}.", "Run `gitcoord plan` first.")
        return plan

    def save_plan(self, plan: Plan, event: WavesSaved | None = None) -> bool:
        """Saves `plan` unless the saved one is equal. True when something was written.

        Raises `plan-moved` when another worker saved a different plan at the same moment.
        """
        before = self.shared.read(self._plan_ref)
        if before is not None and self.plan() == plan:
            return False
        tree = self._plan_tree(plan)
        told = event or PlanSaved(at=now(), by=worker_name(), levels=len(plan.levels), tasks=len(plan.tasks))
        commit = write_entry(self.repository, told, before, tree)
        if self.shared.publish([Update(self._plan_ref, before, commit)]):
            return True
        if self.plan() == plan:
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
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        def attempt() -> Plan:
            plan = change(self.require_plan())
            self.save_plan(plan, told(plan))
            return plan

        patience = Retrying(
            retry=retry_if_exception(lambda error: getattr(error, "code", "") == "plan-moved"),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            reraise=True,
        )
        return patience(attempt)

    def record(self, event: AnyEvent, unless: Unless | None = None) -> bool:
        """Appends `event` to its task's ref; False when `unless` says of the newest progress not to.

        Raises `foreign-state` when the ref holds a commit that gitcoord did not write.
        """
        from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

        patience = Retrying(
            retry=retry_if_result(lambda written: written is None),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            retry_error_callback=lambda state: None,
        )
        written: bool | None = patience(self._try_record, event, unless)
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
        also: Sequence[Update] = (),
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

    def journal(self) -> list[Entry]:
        """Every entry, oldest first, those that gitcoord did not write included; unreadable refs left out."""
        tips = self._tips()
        if tips != self._read[0]:
            self._read = (tips, self._read_on(tips) or self._read_all(tips))
        return list(self._read[1])

    def progress(self) -> dict[TaskId, Progress]:
        """Where every task stands that has a record."""
        return fold(entry.event for entry in self.journal() if entry.event is not None)

    def run(self) -> RunChanged | None:
        """The newest word on whether a run goes on, is paused, or has ended; None when there was none."""
        said = (entry.event for entry in reversed(self.journal()))
        return next((event for event in said if isinstance(event, RunChanged)), None)

    def under_way(self) -> frozenset[TaskId]:
        """The tasks that somebody has started, submitted or landed."""
        return frozenset(self.progress())

    def problems(self) -> tuple[Finding, ...]:
        """Entries and refs in gitcoord's namespace that gitcoord did not write, or that cannot be read."""
        entries = self.journal()
        found = [
            f"The commit {entry.commit[:12]} ({entry.subject}) was "
            f"{'written by a newer' if entry.newer else 'not written by'} gitcoord."
            for entry in entries
            if entry.event is None
        ]
        known = {entry.commit for entry in entries}
        lost = [ref for ref, tip in self._tips().items() if tip not in known]
        for ref in (*lost, *self.shared.broken(self.shared.state_prefix)):
            found.append(f"{ref} cannot be read: what it points to is no commit, or is not there.")
        return tuple(Finding(code="foreign-state", message=message) for message in found)

    @property
    def _plan_ref(self) -> str:
        return self.shared.state_prefix + "plan"

    def _event_ref(self, event: AnyEvent) -> str:
        name = "run" if isinstance(event, RunChanged) else f"tasks/{event.task}"
        return self.shared.state_prefix + name

    def _tips(self) -> dict[str, Oid]:
        prefix = self.shared.state_prefix
        return {name: tip for part in _PARTS for name, tip in self.shared.list(prefix + part).items()}

    def _read_on(self, tips: dict[str, Oid]) -> list[Entry] | None:
        """What was read before with what was written since; None when something else has happened."""
        before, entries = self._read
        moved = {ref: tip for ref, tip in tips.items() if before.get(ref) != tip}
        ends = [before[ref] for ref in moved if ref in before]
        if not entries or not before.keys() <= tips.keys():
            return None
        try:
            new = read_entries(self.repository.git, [*moved.values(), *(f"^{end}" for end in ends)], entries)
        except GitcoordError:
            return None
        follows = {parent for entry in new for parent in entry.parents}
        reached = {entry.commit for entry in new} >= set(moved.values())
        return in_order([*entries, *new]) if reached and follows >= set(ends) else None

    def _read_all(self, tips: dict[str, Oid]) -> list[Entry]:
        try:
            return read_entries(self.repository.git, tips.values())
        except GitcoordError:
            # One unreadable ref ends git's whole walk.
            sound = [tip for tip in tips.values() if self._entries(tip)]
            return read_entries(self.repository.git, sound)

    def _entries(self, tip: Oid) -> list[Entry]:
        """The entries of one ref; [] when it cannot be read."""
        try:
            entries = read_entries(self.repository.git, [tip])
        except GitcoordError:
            return []
        return entries if any(entry.commit == tip for entry in entries) else []

    def _try_record(self, event: AnyEvent, unless: Unless | None) -> bool | None:
        return self.try_record([event], (), unless)

    def _move(self, told: Sequence[AnyEvent], unless: Unless | None) -> Update | None:
        """The move of the task's ref that appends `told`, or None when `unless` says not to."""
        task = TaskId(told[0].task or "")
        ref = self._event_ref(told[0])
        before = self.shared.read(ref)
        events: list[AnyEvent] = []
        if before is not None:
            entries = self._entries(before)
            events = [entry.event for entry in entries if entry.event is not None]
            if any(entry.newer for entry in entries):
                raise _newer(ref)
            if not events or len(events) < len(entries):
                raise self._foreign(ref, before)
        if unless is not None and unless(fold(events).get(task, PENDING)):
            return None
        tip = before
        for event in told:
            tip = write_entry(self.repository, event, tip)
        return Update(ref, before, tip)

    def _plan_tree(self, plan: Plan) -> Oid:
        git = self.repository.git
        text = msgspec.json.format(encode(plan), indent=1) + b"\n"
        blob = git.text("hash-object", "-w", "--stdin", input=text)
        return git.text("mktree", input=f"100644 blob {blob}\t{_PLAN_FILE}\n".encode())

    def _foreign(self, ref: str, tip: Oid) -> GitcoordError:
        return GitcoordError(
            "foreign-state",
            f"{ref} at {tip[:12]} holds something that gitcoord did not write; it is left as it is.",
            hint=f"Look at it with `git show {tip[:12]}`; move it away, or set another `state-prefix`.",
        )


def _newer(ref: str) -> GitcoordError:
    return GitcoordError(
        "newer-state",
        f"{ref} was written to by a newer version of gitcoord, which knows events that this one does not.",
        hint="Upgrade gitcoord here; what it does not understand it does not go on with.",
    )
