"""Plan and journal in git: one ref for the plan, one for each task, every change a commit.

Writes are compare-and-swap, repeated on the newest state when another worker was faster.
"""

from collections.abc import Callable

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.events import AnyEvent, PlanSaved, WavesSaved
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.git.shared import SharedRefs, Update
from gitcoord.planning.model import Plan
from gitcoord.state.journal import Entry, now, read_entries, worker_name, write_entry
from gitcoord.state.progress import Progress, fold
from gitcoord.tasks.model import Finding, TaskId

_PLAN_FILE = "plan.json"
_ATTEMPTS = 40


class Store:
    """The state of one repository. Call `refresh` before reading; writing refreshes by itself when needed."""

    def __init__(self, repository: Repository, shared: SharedRefs) -> None:
        self.repository = repository
        self.shared = shared

    def refresh(self) -> None:
        """Reads the shared refs anew (branches too)."""
        self.shared.refresh()

    def plan(self) -> Plan | None:
        """The saved plan, or None. Raises `foreign-state` when the ref holds something else."""
        tip = self.shared.read(self._plan_ref)
        if tip is None:
            return None
        text = self.repository.git.run("cat-file", "blob", f"{tip}:{_PLAN_FILE}", ok=())
        try:
            if text.code == 0:
                return msgspec.json.decode(text.stdout, type=Plan)
        except (msgspec.ValidationError, msgspec.DecodeError):
            pass
        raise self._foreign(self._plan_ref, tip)

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
        self.refresh()
        if self.plan() == plan:
            return False
        raise GitcoordError(
            "plan-moved",
            "Another worker saved a different plan at the same moment.",
            hint="Look at it with `gitcoord status`, then run the command again.",
        )

    def record(self, event: AnyEvent, unless: Callable[[Progress], bool] | None = None) -> bool:
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

    def journal(self) -> list[Entry]:
        """Every entry, oldest first, those that gitcoord did not write included."""
        tips = dict(self.shared.list(self.shared.state_prefix + "tasks/"))
        plan = self.shared.read(self._plan_ref)
        return read_entries(self.repository.git, [*([plan] if plan else []), *tips.values()])

    def progress(self) -> dict[TaskId, Progress]:
        """Where every task stands that has a record."""
        return fold(entry.event for entry in self.journal() if entry.event is not None)

    def under_way(self) -> frozenset[TaskId]:
        """The tasks that somebody has started, submitted or landed."""
        return frozenset(self.progress())

    def problems(self) -> tuple[Finding, ...]:
        """Entries and refs in gitcoord's namespace that gitcoord did not write."""
        return tuple(
            Finding(
                code="foreign-state", message=f"The commit {entry.commit[:12]} ({entry.subject}) is not ours."
            )
            for entry in self.journal()
            if entry.event is None
        )

    @property
    def _plan_ref(self) -> str:
        return self.shared.state_prefix + "plan"

    def _task_ref(self, task: str) -> str:
        return f"{self.shared.state_prefix}tasks/{task}"

    def _try_record(self, event: AnyEvent, unless: Callable[[Progress], bool] | None) -> bool | None:
        ref = self._task_ref(event.task or "")
        before = self.shared.read(ref)
        if before is not None:
            entries = read_entries(self.repository.git, [before])
            if any(entry.event is None for entry in entries):
                raise self._foreign(ref, before)
            progress = fold(entry.event for entry in entries if entry.event)
            if unless is not None and unless(progress[TaskId(event.task or "")]):
                return False
        commit = write_entry(self.repository, event, before)
        if self.shared.publish([Update(ref, before, commit)]):
            return True
        self.refresh()
        return None

    def _plan_tree(self, plan: Plan) -> Oid:
        git = self.repository.git
        text = msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"
        blob = git.text("hash-object", "-w", "--stdin", input=text)
        return git.text("mktree", input=f"100644 blob {blob}\t{_PLAN_FILE}\n".encode())

    def _foreign(self, ref: str, tip: Oid) -> GitcoordError:
        return GitcoordError(
            "foreign-state",
            f"{ref} at {tip[:12]} holds something that gitcoord did not write; it is left as it is.",
            hint=f"Look at it with `git log {tip[:12]}`; move it away, or set another `state-prefix`.",
        )
