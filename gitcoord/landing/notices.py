"""Telling how landing goes: one method for each notice."""

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
    """The notices of one run of landing, each given to `tell`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._waiting: TasksWaiting | None = None
        self._carried: set[str] = set()
        self._window: WindowChosen | None = None
        self._running: ChecksRunning | None = None

    def carried(self, works: Sequence[TaskState]) -> None:
        """Tells once of each work that carries commits of tasks that were not handed in."""
        for work in works:
            if work.standing == "ready" and work.carries and work.carries not in self._carried:
                self._carried.add(work.carries)
                self.caution(f"{work.carries}: they land with it")

    def recorded(self, *events: AnyEvent) -> None:
        """Tells what the journal has just got."""
        if events:
            self._tell(EventsRecorded(events=events))

    def merged(self, carrier: Carrier, base: str, commit: Oid) -> None:
        """Tells of a merge by the forge."""
        self._tell(BranchMerged(branch=carrier.branch, tasks=carrier.tasks, base=base, commit=commit))

    def remade(self, branch: str, paths: Sequence[str]) -> None:
        """Files were made anew on the level branch."""
        self._tell(FilesRemade(branch=branch, paths=tuple(paths)))

    def rebuilt(self, branch: str, base: str) -> None:
        """Tells of a level branch that was made anew."""
        self._tell(BranchRebuilt(branch=branch, base=base))

    def held(self, branch: str, tasks: Sequence[TaskId], reason: str) -> None:
        """Tells why a branch does not land for now."""
        self._tell(BranchHeld(branch=branch, tasks=tuple(tasks), reason=reason))

    def answered(self, carrier: Carrier, message: str, *, again: bool = False) -> None:
        """Tells what the forge said instead of doing what it was asked."""
        self._tell(ForgeAnswered(branch=carrier.branch, tasks=carrier.tasks, message=message, again=again))

    def window(self, window: Window, slots: int, *, each: bool) -> None:
        """Tells how far ahead is checked, where that is not what was told last."""
        told = WindowChosen(
            size=window.size,
            slots=slots,
            failures=window.failures,
            landings=window.landings,
            each=each,
            asked=window.asked,
        )
        if self._window is None or (told.size, each) != (self._window.size, self._window.each):
            self._window = told
            self._tell(told)

    def checking(self, running: ChecksRunning) -> None:
        """Tells which checks run, where that is not what was told last."""
        if running != self._running:
            self._running = running
            self._tell(running)

    def checked(self, result: CheckResult, tasks: Sequence[TaskId], base: str) -> None:
        """Tells how a check came out."""
        self._tell(
            CheckEnded(
                base=base,
                tasks=tuple(tasks),
                tree=result.tree,
                outcome=result.outcome,
                reason=result.reason,
                seconds=result.seconds,
                runs=result.runs,
            )
        )

    def stopped(self, reason: str) -> None:
        """Tells why nothing more lands."""
        self._tell(LandingStopped(reason=reason))

    def caution(self, *problems: str) -> None:
        """Tells of problems beside the landing, if there are any."""
        for problem in filter(None, problems):
            self._tell(Caution(message=problem))

    def waiting(self, tasks: Sequence[WaitingTask]) -> bool:
        """Tells what is waited for, unless that was told last; whether it was news."""
        told = TasksWaiting(reasons=tuple((one.task, one.reason) for one in tasks))
        news = told != self._waiting
        if news:
            self._tell(told)
            self._waiting = told
        return news
