"""Lands a level across repositories: prepares it in all, lands it in one after the other, and prepares again.

Nothing merges before the whole wave is proved in every repository; then the repositories land one after the
other. This is not atomic: a later repository can refuse. The landed tasks then wait for it, or are rolled
back. A crash needs no recovery: the next run reads the recorded state and continues.
"""

import time
from collections.abc import Callable

from gitcoord.errors import GitcoordError, in_repository
from gitcoord.event_stamp import now, worker_name
from gitcoord.git.git_cli import Oid
from gitcoord.landing.across.decide import (
    BringForward,
    LandAll,
    RollBack,
    WaitForMissing,
    in_later_waves,
    next_across_step,
)
from gitcoord.landing.across.linked_pulls import link_pulls
from gitcoord.landing.across.model import (
    AcrossContext,
    AcrossState,
    LevelReport,
    MissingTask,
    RepositoryAccess,
    RepositoryState,
    refused,
)
from gitcoord.landing.across.one_repository import bring_forward, land, prepare
from gitcoord.level_events import LevelAcross, LevelState
from gitcoord.tasks.model import TaskId

_TICKS = (1.0, 2.0, 5.0, 10.0)
_PASSES_ALONE = ("passes", "briefly")
_MOST_FAILED_TRIES = 5
"""After this many attempts in a row in which nothing landed, the repository counts as refusing."""


class LevelLander:
    """Lands one level across repositories, in one run."""

    def __init__(
        self, across: AcrossContext, access: RepositoryAccess, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._across = across
        self._access = access
        self._sleep = sleep
        self._states: dict[str, RepositoryState] = {}
        self._refusals: dict[str, str] = {}
        self._failed_check: MissingTask | None = None
        self._failures: list[tuple[dict[str, Oid], str]] = []
        """The commits at which the check of all repositories failed in this run."""
        self._failed_tries = 0
        self._forward = set[TaskId]()
        self._comments: dict[tuple[str, int], str] = {}

    def land(self) -> LevelReport:
        """Lands as much of the level as possible, and returns a report of every repository.

        Raises GitcoordError if a repository or its forge is not available; the next run continues.
        """
        deadline, waits = time.monotonic() + self._across.wait, 0
        while True:
            self._prepare()
            recorded = self._access.last_event(self._across.level.name)
            left = deadline - time.monotonic()
            step = next_across_step(
                self._across,
                self._states,
                recorded,
                self._refusals,
                may_wait=left > 0,
                forward=self._forward,
            )
            match step:
                case LandAll():
                    self._land_all(step.tasks, recorded)
                case WaitForMissing():
                    self._sleep(min(_TICKS[min(waits, len(_TICKS) - 1)], left))
                    waits += 1
                    self._refusals.clear()
                case BringForward():
                    self._bring_forward(step)
                case RollBack():
                    return self._roll_back(step, recorded)
                case _:
                    return self._end(step.missing, recorded)

    def _prepare(self) -> None:
        for name in self._across.names:
            known = self._states.get(name)
            if known is None or not self._across.tasks_in(name) <= known.landed:
                with in_repository(name):
                    context, tell = self._access.context(name), self._access.tell(name)
                    self._states[name] = prepare(name, context, tell, only=self._not_later_before(name))
        link_pulls(self._across, self._states, self._access, self._comments)

    def _not_later_before(self, name: str) -> frozenset[TaskId] | None:
        """Returns the tasks of `name` without those that a repository before it has in a later wave.

        Returns None for all tasks. Repositories after `name` do not count: otherwise two repositories could
        block each other's tasks.
        """
        before = self._across.names[: self._across.names.index(name)]
        later = in_later_waves(
            self._across, {one: self._states[one] for one in before if one in self._states}
        )
        return self._across.tasks_in(name) - later if later else None

    def _land_all(self, tasks: dict[str, frozenset[TaskId]], recorded: LevelAcross | None) -> None:
        for name, some in tasks.items():
            if some != self._states[name].ready:
                with in_repository(name):
                    context, tell = self._access.context(name), self._access.tell(name)
                    self._states[name] = prepare(name, context, tell, only=some)
        merged = {
            name: one.commit if name in tasks else one.base_commit for name, one in self._states.items()
        }
        commits = {name: commit for name, commit in merged.items() if commit is not None}
        failed = self._checked(commits)
        if failed:
            first = next(iter(tasks))
            self._refusals[first] = failed
            self._failed_check = MissingTask(repository=first, task=min(tasks[first]), reason=failed)
            return
        named = {name: tuple(sorted(some)) for name, some in tasks.items()}
        earlier = recorded.tasks if recorded is not None and recorded.state == "proved" else {}
        together = {
            name: tuple(sorted({*earlier.get(name, ()), *named.get(name, ())}))
            for name in self._across.names
            if name in named or name in earlier
        }
        if (
            recorded is None
            or recorded.state != "proved"
            or recorded.tasks != together
            or recorded.commits != commits
        ):
            self._record("proved", together, commits)
        for name, some in tasks.items():
            if not self._land_in(name, some):
                return

    def _checked(self, commits: dict[str, Oid]) -> str:
        """Checks all repositories at these commits; returns the failure, or "".

        Does not repeat a check that failed in this run.
        """
        known = next((failure for at, failure in self._failures if at == commits), "")
        if known:
            return known
        failure = self._access.check(commits)
        if failure:
            self._failures.append((commits, failure))
        return failure

    def _bring_forward(self, step: BringForward) -> None:
        self._forward.add(step.task)
        for name in step.names:
            with in_repository(name):
                context, landed = self._access.context(name), self._states[name].landed
                bring_forward(context, step.task, landed, self._access.tell(name))

    def _land_in(self, name: str, tasks: frozenset[TaskId]) -> bool:
        """Lands `tasks` in one repository; returns whether all have landed."""
        before, tree = self._states[name].landed, self._states[name].tree or ""
        try:
            report, moved = land(self._access.context(name), tasks, tree, self._access.tell(name))
        except GitcoordError as error:
            # The next preparation finds the result, or raises if the repository is not available.
            del self._states[name]
            self._failed_tries += 1
            if error.passing not in _PASSES_ALONE or self._failed_tries >= _MOST_FAILED_TRIES:
                self._refusals[name] = error.message
            return False
        at = report.base_commit
        self._states[name] = RepositoryState(name=name, report=report, base_commit=at, commit=at)
        self._access.update_parts()
        landed = self._states[name].landed
        self._failed_tries = 0 if landed > before else self._failed_tries + 1
        if tasks <= landed:
            return True
        if not moved or self._failed_tries >= _MOST_FAILED_TRIES:
            self._refusals[name] = self._states[name].why_not(min(tasks - landed))
        return False

    def _roll_back(self, step: RollBack, recorded: LevelAcross | None) -> LevelReport:
        """Rolls the level back in the repositories of `step`, after a dry run in each."""
        known = recorded.tasks if recorded is not None else {}
        tasks = {name: known.get(name, ()) for name in step.names} or known
        for name in step.names:
            self._access.rehearse_rollback(name)
        if recorded is None or recorded.state != "rolling-back":
            self._record("rolling-back", tasks, reason=step.reason)
        # Revert the last repository first, and the others only after it: it may depend on them.
        whys = ((name, self._access.roll_back(name)) for name in step.names)
        reason = next((f"{name}: {why}" for name, why in whys if why), "")
        self._states.clear()
        self._prepare()
        self._access.update_parts()
        if not reason and not any(one.landed for one in self._states.values()):
            self._record("rolled-back", tasks)
            return self._report("rolled-back", reason=step.reason)
        return self._report("rolling-back", reason=reason or step.reason)

    def _end(self, missing: tuple[MissingTask, ...], recorded: LevelAcross | None) -> LevelReport:
        across = self._across
        self._access.update_parts()
        if all(across.tasks_in(name) <= self._states[name].landed for name in across.names):
            if recorded is not None and recorded.state == "proved":
                self._record("landed", recorded.tasks)
            return self._report("landed")
        inside: AcrossState = "partial" if any(one.landed for one in self._states.values()) else "waiting"
        failed = self._failed_check
        if failed is not None and self._refusals.get(failed.repository) == failed.reason:
            # No task is to blame for the check of all repositories.
            missing = tuple(one for one in missing if one.reason != failed.reason)
            if not missing:
                return self._report(inside, reason=failed.reason)
        reason = f"{missing[0].repository}: {missing[0].reason}" if missing else ""
        return self._report(inside, missing, reason)

    def _report(
        self, state: AcrossState, missing: tuple[MissingTask, ...] = (), reason: str = ""
    ) -> LevelReport:
        return LevelReport(
            level=self._across.level.name,
            state=state,
            repositories={
                name: refused(self._states[name].report, [one for one in missing if one.repository == name])
                for name in self._across.names
            },
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
        self._access.record(
            LevelAcross(
                at=now(),
                by=worker_name(),
                task=self._across.level.name,
                state=state,
                tasks=tasks,
                commits=commits or {},
                reason=reason,
            )
        )
