"""Runs checks on this machine, each in a process and a checkout of its own."""

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from gitcoord.checks.hourly_cap import HourlyCap
from gitcoord.checks.memo import CheckMemo, read_result
from gitcoord.checks.model import CheckCommand, CheckResult, CheckTarget
from gitcoord.checks.shared_results import SharedResults
from gitcoord.engines.processes import sleep_until_end
from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.settings import RunSettings
from gitcoord.worker.attempt.command_process import command_words
from gitcoord.worker.attempt.environment import withheld
from gitcoord.worker.checking.checkouts import source_of
from gitcoord.worker.checking.fork_server import CheckProcess, ForkServer
from gitcoord.worker.checking.process import CheckOrder, write_order

_LOOK_AGAIN = 5.0
_MOMENT = 0.05
"""The share of a check's duration to wait for other checks that began with it."""
_LOG_BYTES = 1 << 20
_BEYOND_GRACE = 10.0
_OWN = "GITCOORD_"
_SLOTS = "_checks"
"""The directory of checkouts for checks, beside those of workers; no task can have this name."""


class LocalChecker:
    """Runs checks of one command on this machine, `slots` at once. See `gitcoord.checks.model.Checker`.

    `shared` are the results of other machines. `cap` limits the checks in an hour. When it delays a check,
    `held` is called with the limit and the time of the next start, in seconds since the epoch.
    """

    def __init__(
        self,
        repository: Repository,
        command: CheckCommand,
        slots: int,
        run: RunSettings,
        shared: SharedResults | None = None,
        cap: HourlyCap | None = None,
        held: Callable[[int, float], None] = lambda most, until: None,
    ) -> None:
        self.slots = slots
        self._cap, self._held, self._held_until = cap, held, 0.0
        self._shared = shared
        self._memo = CheckMemo(repository.common_dir, command)
        self._command = command
        self._argv = tuple(command_words(command.text, shell=command.shell))
        self._source = source_of(repository.git, repository.common_dir)
        self._place = slots_directory(repository, run.worktrees)
        self._server = ForkServer(check_environment(os.environ, run.pass_environment))
        self._running: dict[Oid, CheckProcess] = {}
        self._ending: list[CheckProcess] = []
        self._ended_began = 0.0
        """The start of the check that was the last to end, in monotonic time."""

    @property
    def running(self) -> Collection[Oid]:
        """The trees whose checks run now."""
        return self._running.keys()

    def known(self, tree: Oid) -> CheckResult | None:
        """The stored result, this machine's or else another machine's; None if there is no clear one."""
        own = self._memo.read(tree)
        if self._shared is None:
            return own
        if own is None:
            return self._shared.read(tree)
        self._shared.add(own)
        return own

    def forget_failures(self) -> int:
        """Deletes results other than `passed`, so that they are checked again; returns their number."""
        return self._memo.forget_failures()

    def check(self, targets: Sequence[CheckTarget]) -> Mapping[Oid, CheckResult]:
        """See `Checker.check`."""
        wanted = {target.tree: target for target in targets}
        ended = self._collect()
        for tree in [tree for tree in self._running if tree not in wanted]:
            self._stop(tree)
        while True:
            found, ended = {**ended, **self._collect()}, {}
            if found or not wanted:
                return {**found, **self._ending_as_well(found)}
            for tree, target in wanted.items():
                if len(self._running) < self.slots and tree not in self._running and self._may_start():
                    self._running[tree] = self._start(target)
            self.share()
            sleep_until_end((), _LOOK_AGAIN, *(process.descriptor for process in self._running.values()))

    def _may_start(self) -> bool:
        """Counts a start and returns True, unless the cap forbids it."""
        if self._cap is None or (self._running and time.time() < self._held_until):
            return self._cap is None
        try:
            until = self._cap.take()
        except OSError as error:
            raise _cannot_start(self._cap.place, error) from error
        if until and until != self._held_until:
            self._held(self._cap.most, until)
        self._held_until = until
        return not until

    def share(self, *, at_end: bool = False) -> None:
        """Pushes passed results for other machines; without `at_end` only if the last push is not recent."""
        if self._shared is not None:
            self._shared.push(at_end=at_end)

    def close(self) -> None:
        """Ends all running checks and their server, and deletes the oldest stored results."""
        for tree in list(self._running):
            self._stop(tree)
        self._wait_for_end()
        self._server.close()
        self._memo.make_room()

    def _start(self, target: CheckTarget) -> CheckProcess:
        place = self._memo.place(target.tree)
        order = CheckOrder(
            target=target,
            argv=self._argv,
            source=self._source,
            slots=str(self._place),
            count=self.slots,
            seconds=self._command.seconds,
            grace=self._command.grace,
            clean=self._command.clean,
            log_bytes=_LOG_BYTES,
        )
        try:
            write_order(place, order)
            return self._server.start(place)
        except OSError as error:
            raise _cannot_start(place, error) from error

    def _collect(self) -> dict[Oid, CheckResult]:
        """Returns the results of the checks that have ended."""
        found = {}
        for tree, process in list(self._running.items()):
            if not process.ended():
                continue
            del self._running[tree]
            self._ended_began = process.began
            result = read_result(self._memo.place(tree))
            if result is None or result.tree != tree:
                why = "its process has ended and left no result"
                result = CheckResult(tree=tree, outcome="unclear", reason=why)
            found[tree] = result
            if self._shared is not None:
                self._shared.add(result)
        return found

    def _ending_as_well(self, found: Mapping[Oid, CheckResult]) -> Mapping[Oid, CheckResult]:
        """Waits a moment for checks that began together with those that just ended; returns their results.

        If a new check started before that, these results would often stop it again.
        """
        moment = _MOMENT * max((result.seconds for result in found.values()), default=0.0)
        until, more = time.monotonic() + moment, dict[Oid, CheckResult]()
        while (left := until - time.monotonic()) > 0:
            beside = [one for one in self._running.values() if one.began <= self._ended_began + moment]
            if not beside:
                break
            sleep_until_end((), left, *(one.descriptor for one in beside))
            more |= self._collect()
        return more

    def _stop(self, tree: Oid) -> None:
        """Asks a check to end, without waiting; the next check in its checkout waits for it."""
        process = self._running.pop(tree)
        process.signal(signal.SIGTERM)
        self._ending = [one for one in self._ending if not one.ended()] + [process]

    def _wait_for_end(self) -> None:
        until = time.monotonic() + self._command.grace + _BEYOND_GRACE
        for process in self._ending:
            if not process.wait(until - time.monotonic()):
                process.signal(signal.SIGKILL)
                process.wait(_BEYOND_GRACE)


def _cannot_start(place: Path, error: OSError) -> GitcoordError:
    return GitcoordError(
        "engine-refused",
        f"The check cannot be started in {place}: {error.strerror or error}.",
        hint="Free disk space or end other processes, then run the command again.",
    )


def slots_directory(repository: Repository, worktrees: str = "") -> Path:
    """The directory of checkouts for checks: beside the repository, or in the directory `worktrees`."""
    own = repository.common_dir.parent if repository.common_dir.name == ".git" else repository.common_dir
    above = own / worktrees if worktrees else own.with_name(f"{own.name}.gitcoord")
    return Path(os.path.abspath(above / _SLOTS))  # noqa: PTH100 - links stay


def check_environment(environ: Mapping[str, str], passed: Collection[str]) -> dict[str, str]:
    """The environment of a check: `environ` without secrets and gitcoord's variables, except for `passed`."""
    return {
        name: value
        for name, value in environ.items()
        if not withheld(name, passed) and (name in passed or not name.startswith(_OWN))
    }


def default_slots() -> int:
    """The number of checks to run at once on this machine: one for each core, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, 8))
