"""Lands submitted work while the run goes on, level by level, as soon as something can land."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.notices import AnyNotice, LandingFailed, Tell
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import FINAL, StartRefusal
from gitcoord.tasks.model import TaskId
from gitcoord.worker.transient_errors import lasts

_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds before landing is tried again when nothing else has changed; the last pause repeats."""


class LevelWish(msgspec.Struct, frozen=True, kw_only=True):
    """A level with `tasks` to land. `partial`: they land without the others, which wait for a person."""

    level: str
    partial: bool
    tasks: tuple[TaskId, ...]


Reasons = Mapping[TaskId, str]
"""Why each submitted task has not landed."""
Land = Callable[[LevelWish, Tell], Reasons]
"""Lands as much of a level as possible without waiting; called in its own thread."""


class LandingThread:
    """Lands in a thread, one pass at a time, while the run starts more units.

    `tell` gets each notice that was not in the previous pass. `held` has the reasons of the last pass.
    """

    def __init__(self, land: Land, tell: Tell) -> None:
        self._land = land
        self._tell = tell
        self._thread: threading.Thread | None = None
        self._bug: BaseException | None = None
        self._last: object = None
        self._tries = 0
        self._next_try = 0.0
        self._failed: tuple[GitcoordError, int, float] | None = None
        self._previous: Mapping[str, Sequence[AnyNotice]] = {}
        self.held: Reasons = {}

    @property
    def busy(self) -> bool:
        """Whether a pass is running, or has ended and its result was not read yet."""
        return self._thread is not None

    @property
    def hindered(self) -> bool:
        """Whether the last pass failed with an error that may pass, which means that another pass follows."""
        if self._failed is None:
            return False
        error, times, since = self._failed
        return not lasts(error, times, time.monotonic() - since)

    def finished(self) -> bool:
        """Whether a pass has ended since the last call. Raises an unexpected error of the pass."""
        if self._thread is None or self._thread.is_alive():
            return False
        self._thread.join()
        self._thread = None
        if self._bug is not None:
            raise self._bug
        return True

    def begin(self, view: RunView, refusals: Mapping[TaskId, StartRefusal]) -> bool:
        """Begins a pass if something new could land or the pause is over; returns whether it did."""
        if self._thread is not None:
            return False
        wishes = level_wishes(view, refusals)
        if not wishes:
            self._failed, self.held = None, {}
        heads = [(one, view.progress[one].head) for wish in wishes for one in wish.tasks]
        signature = (view.base_commit, wishes, heads)
        if not wishes or (signature == self._last and time.monotonic() < self._next_try):
            return False
        self._tries = self._tries + 1 if signature == self._last else 0
        self._next_try = time.monotonic() + _PAUSES[min(self._tries, len(_PAUSES) - 1)]
        self._last = signature
        self._thread = threading.Thread(target=self._pass, args=(wishes,), name="landing", daemon=True)
        self._thread.start()
        return True

    def _pass(self, levels: Sequence[LevelWish]) -> None:
        failed = None
        current: dict[str, list[AnyNotice]] = {}
        held: dict[TaskId, str] = {}
        for wish in levels:
            said = current.setdefault(wish.level, [])
            tell = partial(self._tell_news, wish.level, said)
            try:
                held.update(self._land(wish, tell))
            except GitcoordError as error:
                failed = error
                held.update(dict.fromkeys(wish.tasks, error.message))
                tell(LandingFailed(level=wish.level, code=error.code, message=error.message, hint=error.hint))
            except BaseException as bug:  # raised again in the thread of the run
                self._bug = bug
                return
        self._previous, self.held = current, held
        if failed is None:
            self._failed = None
        else:
            _, times, since = self._failed or (failed, 0, time.monotonic())
            self._failed = (failed, times + 1, since)

    def _tell_news(self, level: str, said: list[AnyNotice], notice: AnyNotice) -> None:
        """Tells the notice unless this pass or the previous one told it already."""
        if notice not in said and notice not in self._previous.get(level, ()):
            self._tell(notice)
        said.append(notice)


def level_wishes(view: RunView, refusals: Mapping[TaskId, StartRefusal]) -> tuple[LevelWish, ...]:
    """The levels with submitted work whose dependencies have landed."""
    wishes = []
    for level in view.plan.levels:
        ready = [
            task
            for task in level.tasks
            if task in view.seen.submitted
            and task not in view.landed
            and not view.plan.waits_for(task, view.landed)
        ]
        if ready:
            missing = [task for task in level.tasks if task not in view.seen.submitted | view.seen.landed]
            stuck = all(is_stuck(view, refusals, task) for task in missing)
            wishes.append(LevelWish(level=level.name, partial=stuck and bool(missing), tasks=tuple(ready)))
    return tuple(wishes)


def is_stuck(view: RunView, refusals: Mapping[TaskId, StartRefusal], task: TaskId) -> bool:
    """Whether the task has unfinished units, and all of them wait for a person."""
    left = [one for one in view.units.of_task[task] if one not in view.seen.done]
    return bool(left) and all(one in refusals and refusals[one].name in FINAL for one in left)
