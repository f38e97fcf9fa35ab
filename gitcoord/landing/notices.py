"""Sends the notices of a landing: one method for each notice."""

from collections.abc import Sequence

from gitcoord.checks.model import CheckResult
from gitcoord.checks.window import Window
from gitcoord.events import AnyEvent
from gitcoord.git.git_cli import Oid
from gitcoord.landing.model import Carrier, TaskState
from gitcoord.landing.report import WaitingTask
from gitcoord.notices import (
    BranchHeld,
    BranchMerged,
    BranchRebuilt,
    Caution,
    CheckEnded,
    ChecksRunning,
    EventsRecorded,
    FilesRemade,
    ForgeAnswered,
    LandingStopped,
    TasksWaiting,
    Tell,
    WindowChosen,
)
from gitcoord.tasks.model import TaskId


class LandingNotices:
    """Sends the notices of one landing run to `tell`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._waiting: TasksWaiting | None = None
        self._carried: set[str] = set()
        self._window: WindowChosen | None = None
        self._running: ChecksRunning | None = None
        self._trees: dict[Oid, tuple[tuple[TaskId, ...], str]] = {}

    def carried(self, works: Sequence[TaskState]) -> None:
        """Warns once about each work that contains commits of unsubmitted tasks."""
        for work in works:
            if work.standing == "ready" and work.carries and work.carries not in self._carried:
                self._carried.add(work.carries)
                self.caution(f"{work.carries}: they land with it")

    def recorded(self, *events: AnyEvent) -> None:
        """Reports events that were just recorded."""
        if events:
            self._tell(EventsRecorded(events=events))

    def merged(self, carrier: Carrier, base: str, commit: Oid) -> None:
        """Reports a merge by the forge."""
        self._tell(BranchMerged(branch=carrier.branch, tasks=carrier.tasks, base=base, commit=commit))

    def generated(self, branch: str, paths: Sequence[str]) -> None:
        """Reports files that were generated again on the level branch."""
        self._tell(FilesRemade(branch=branch, paths=tuple(paths)))

    def rebuilt(self, branch: str, base: str) -> None:
        """Reports a rebuilt level branch."""
        self._tell(BranchRebuilt(branch=branch, base=base))

    def held(self, branch: str, tasks: Sequence[TaskId], reason: str) -> None:
        """Reports why a branch does not land for now."""
        self._tell(BranchHeld(branch=branch, tasks=tuple(tasks), reason=reason))

    def answered(self, carrier: Carrier, message: str, *, again: bool = False) -> None:
        """Reports the forge's message about a request that it did not carry out."""
        self._tell(ForgeAnswered(branch=carrier.branch, tasks=carrier.tasks, message=message, again=again))

    def window(self, window: Window, slots: int, *, each: bool) -> None:
        """Reports the window of checks, if it has changed."""
        told = WindowChosen(
            size=window.size,
            slots=slots,
            failures=window.failures,
            landings=window.landings,
            each=each,
            requested=window.requested,
        )
        if self._window is None or (told.size, each) != (self._window.size, self._window.each):
            self._window = told
            self._tell(told)

    def checking(self, running: ChecksRunning) -> None:
        """Reports the running checks, if they have changed."""
        if running != self._running:
            self._running = running
            self._tell(running)

    def name_tree(self, tree: Oid, tasks: Sequence[TaskId], base: str) -> None:
        """Stores the tasks and the base of a checked tree, for the result: a check can outlast its search."""
        self._trees[tree] = (tuple(tasks), base)

    def checked(self, result: CheckResult) -> None:
        """Reports the result of a check of a named tree."""
        if result.tree not in self._trees:
            return
        tasks, base = self._trees[result.tree]
        self._tell(
            CheckEnded(
                base=base,
                tasks=tasks,
                tree=result.tree,
                outcome=result.outcome,
                reason=result.reason,
                seconds=result.seconds,
                runs=result.runs,
            )
        )

    def stopped(self, reason: str) -> None:
        """Reports why the landing stops."""
        self._tell(LandingStopped(reason=reason))

    def caution(self, *problems: str) -> None:
        """Warns about problems, if there are any."""
        for problem in filter(None, problems):
            self._tell(Caution(message=problem))

    def waiting(self, tasks: Sequence[WaitingTask]) -> bool:
        """Reports the waiting tasks, if they or their reasons have changed; returns whether they have."""
        told = TasksWaiting(reasons=tuple((one.task, one.reason) for one in tasks))
        news = told != self._waiting
        if news:
            self._tell(told)
            self._waiting = told
        return news
