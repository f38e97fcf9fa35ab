"""Lands a level across repositories: inspects all, lands in one, and inspects them again.

Nothing merges before the whole wave is proved in every repository; then the repositories land one after the
other. This is not atomic: a later repository can refuse. The landed tasks then wait for it, or are rolled
back. A crash needs no recovery: the next run reads the recorded state and continues.
"""

import time
from collections.abc import Callable

from gitcoord.errors import GitcoordError, in_repository
from gitcoord.landing.across.decide import LandAll, Pause, TakeBack, next_move
from gitcoord.landing.across.linked_pulls import link_pulls
from gitcoord.landing.across.look import land, look
from gitcoord.landing.across.model import AcrossState, Hands, LevelReport, LevelScene, MemberLook, MissingTask
from gitcoord.level_events import LevelAcross, LevelState
from gitcoord.state.journal import now, worker_name
from gitcoord.tasks.model import TaskId

_TICKS = (1.0, 2.0, 5.0, 10.0)
_SOON = ("passes", "briefly")
_MOST_PROOFS = 5
"""After this many proofs that the moving base invalidated, a repository counts as stuck."""


class LevelLander:
    """Lands one level across repositories, in one run."""

    def __init__(self, scene: LevelScene, hands: Hands, sleep: Callable[[float], None] = time.sleep) -> None:
        self._scene = scene
        self._hands = hands
        self._sleep = sleep
        self._looks: dict[str, MemberLook] = {}
        self._stuck: dict[str, str] = {}
        self._fruitless = 0
        self._said: dict[tuple[str, int], str] = {}

    def land(self) -> LevelReport:
        """Lands as much of the level as possible, and returns a report of every repository.

        Raises GitcoordError if a repository or its forge is not available; the next run continues.
        """
        deadline, waits = time.monotonic() + self._scene.wait, 0
        while True:
            self._look()
            begun = self._hands.newest(self._scene.level.name)
            left = deadline - time.monotonic()
            move = next_move(self._scene, self._looks, begun, self._stuck, patient=left > 0)
            match move:
                case LandAll():
                    self._land_all(move.tasks, begun)
                case Pause():
                    self._sleep(min(_TICKS[min(waits, len(_TICKS) - 1)], left))
                    waits += 1
                    self._stuck.clear()
                case TakeBack():
                    return self._take_back(move, begun)
                case _:
                    return self._end(move.missing, begun)

    def _look(self) -> None:
        for name in self._scene.names:
            known = self._looks.get(name)
            if known is None or not self._scene.tasks_in(name) <= known.landed:
                with in_repository(name):
                    self._looks[name] = look(name, self._hands.context(name), self._hands.tell(name))
        link_pulls(self._scene, self._looks, self._hands, self._said)

    def _land_all(self, tasks: dict[str, frozenset[TaskId]], begun: LevelAcross | None) -> None:
        for name, some in tasks.items():
            if some != self._looks[name].ready:
                with in_repository(name):
                    context, tell = self._hands.context(name), self._hands.tell(name)
                    self._looks[name] = look(name, context, tell, only=some)
        merged = {name: one.commit if name in tasks else one.base_commit for name, one in self._looks.items()}
        commits = {name: commit for name, commit in merged.items() if commit is not None}
        failed = self._hands.check(commits)
        if failed:
            self._stuck[next(iter(tasks))] = failed
            return
        named = {name: tuple(sorted(some)) for name, some in tasks.items()}
        earlier = begun.tasks if begun is not None and begun.state == "proved" else {}
        together = {
            name: tuple(sorted({*earlier.get(name, ()), *named.get(name, ())}))
            for name in self._scene.names
            if name in named or name in earlier
        }
        if begun is None or begun.state != "proved" or begun.tasks != together or begun.commits != commits:
            self._record("proved", together, commits)
        for name, some in tasks.items():
            if not self._land_in(name, some):
                return

    def _land_in(self, name: str, tasks: frozenset[TaskId]) -> bool:
        """Lands `tasks` in one repository; returns whether all have landed."""
        before, tree = self._looks[name].landed, self._looks[name].tree or ""
        try:
            report, moved = land(self._hands.context(name), tasks, tree, self._hands.tell(name))
        except GitcoordError as error:
            # The next look finds the result, or raises if the repository is not available.
            del self._looks[name]
            self._fruitless += 1
            if error.passing not in _SOON or self._fruitless >= _MOST_PROOFS:
                self._stuck[name] = error.message
            return False
        at = report.base_commit
        self._looks[name] = MemberLook(name=name, report=report, base_commit=at, commit=at)
        self._hands.keep_parts()
        landed = self._looks[name].landed
        self._fruitless = 0 if landed > before else self._fruitless + 1
        if tasks <= landed:
            return True
        if not moved or self._fruitless >= _MOST_PROOFS:
            self._stuck[name] = self._looks[name].why_not(min(tasks - landed))
        return False

    def _take_back(self, move: TakeBack, begun: LevelAcross | None) -> LevelReport:
        """Rolls the level back in every repository, after a dry run in each."""
        known = begun.tasks if begun is not None else {}
        tasks = {name: known.get(name, ()) for name in move.names} or known
        for name in move.names:
            self._hands.rehearse_rollback(name)
        if begun is None or begun.state != "rolling-back":
            self._record("rolling-back", tasks, reason=move.reason)
        # What landed last goes first, and the others stay until it is gone: it may need them.
        whys = ((name, self._hands.roll_back(name)) for name in move.names)
        reason = next((f"{name}: {why}" for name, why in whys if why), "")
        self._looks.clear()
        self._look()
        self._hands.keep_parts()
        if not reason and not any(one.landed for one in self._looks.values()):
            self._record("rolled-back", tasks)
            return self._report("rolled-back", reason=move.reason)
        return self._report("rolling-back", reason=reason or move.reason)

    def _end(self, missing: tuple[MissingTask, ...], begun: LevelAcross | None) -> LevelReport:
        scene = self._scene
        self._hands.keep_parts()
        if all(scene.tasks_in(name) <= self._looks[name].landed for name in scene.names):
            if begun is not None and begun.state == "proved":
                self._record("landed", begun.tasks)
            return self._report("landed")
        inside = any(one.landed for one in self._looks.values())
        reason = f"{missing[0].repository}: {missing[0].reason}" if missing else ""
        return self._report("partial" if inside else "waiting", missing, reason)

    def _report(
        self, state: AcrossState, missing: tuple[MissingTask, ...] = (), reason: str = ""
    ) -> LevelReport:
        return LevelReport(
            level=self._scene.level.name,
            state=state,
            repositories={name: self._looks[name].report for name in self._scene.names},
            missing=missing,
            reason=reason,
        )

    def _record(
        self,
        state: LevelState,
        tasks: dict[str, tuple[str, ...]],
        commits: dict[str, str] | None = None,
        reason: str = "",
    ) -> None:
        self._hands.record(
            LevelAcross(
                at=now(),
                by=worker_name(),
                task=self._scene.level.name,
                state=state,
                tasks=tasks,
                commits=commits or {},
                reason=reason,
            )
        )
