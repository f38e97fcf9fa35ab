"""How far one coordinator goes: the real one, with a simulated engine, workers and clock (`simulated_fleet`).

Independent tasks; some workers die, and some are slow. The remote is a real repository on this disk, and each
request of the coordinator takes as long as a distant server does (`--fetch-seconds`, `--push-seconds`).
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from simulated_fleet import Clock, Fleet, Habits, Remote

from gitcoord.engines.engine import Launch, key_of
from gitcoord.git.git_cli import Git
from gitcoord.git.git_result import GitResult
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.progress.live_state import LiveState
from gitcoord.run.capacity import CapacityMeter
from gitcoord.run.effects import RunEffects, RunOptions
from gitcoord.run.loop import Coordinator
from gitcoord.run.observe import RunView
from gitcoord.run.polling import PollIntervals, Signals
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.schedule.model import Policy, UnitStart
from gitcoord.state.store import Store
from tests.state.world import plan_of
from tests.support.repos import Repo, hermetic_environment

_REQUESTS = ("fetch", "push", "ls-remote")
_FULL = 0.8
"""The share of the tasks after which too few are left for all slots."""


class Sample(NamedTuple):
    """One pass of the loop: simulated seconds, CPU seconds, ended and running attempts."""

    at: float
    cpu: float
    done: int
    running: int


class Result(NamedTuple):
    """A run as it was measured; `commands` are the coordinator's git processes, by name."""

    samples: list[Sample]
    commands: Counter[str]
    fleet: Fleet
    cpu: float
    own: float
    seconds: float
    stopped: bool


def simulate(
    place: Path, tasks: int, slots: int, habits: Habits, pace: Mapping[str, float], seed: int, minutes: float
) -> Result:
    """Plays a run to its end."""
    remote, desk = Repo.pair(place)
    remote.git("config", "gc.auto", "0")
    desk.git("config", "maintenance.auto", "true")  # as everywhere but in the tests
    repository = locate(desk.path).open()
    store = Store(repository, SharedRefs(repository, "refs/gitcoord/"))
    store.refresh()
    store.save_plan(plan_of([[[str(number) for number in range(1, tasks + 1)]]]))
    clock = Clock()
    writer = Remote(remote.path)
    fleet = Fleet(writer, clock, slots, habits, seed)
    clock.install(fleet)
    commands = _count_commands(clock, pace)
    samples: list[Sample] = []
    until = time.perf_counter() + minutes * 60
    began, before = clock.now(), time.process_time()

    def show(view: RunView, live: LiveState) -> None:
        over = len(view.seen.submitted)
        samples.append(Sample(clock.now() - began, clock.cpu, over, len(view.seen.running)))
        if time.perf_counter() > until:
            raise _TooLongError

    def launch(view: RunView, start: UnitStart, number: int, waited: Mapping[str, float]) -> Launch:
        return Launch(key=key_of(start.unit, number), argv=(start.unit, str(number)), directory="")

    meter = CapacityMeter(fleet, max_parallel=slots, token_budget=None, stagger=0.0)
    coordinator = Coordinator(
        store,
        fleet,
        RunOptions(policy=Policy(), limits=AttemptLimits(retries=3), log_ends=200),
        RunEffects(
            capacity=meter.measure,
            launch=launch,
            hand_in=lambda task: False,
            clear=lambda task: None,
            tell=lambda notice: None,
            show=show,
        ),
        landing=None,
        signals=Signals(),
        intervals=PollIntervals(place / "run"),
    )
    stopped = False
    try:
        coordinator.run()
    except (_TooLongError, KeyboardInterrupt):
        stopped = True
    own, seconds = time.process_time() - before - clock.own_simulating, clock.now() - began
    return Result(samples, commands, fleet, clock.cpu, own, seconds, stopped)


class _TooLongError(Exception):
    """The run has taken as long as it may on this machine."""


def _count_commands(clock: Clock, pace: Mapping[str, float]) -> Counter[str]:
    """Counts the coordinator's git commands from now on, and lets those to the remote take their time."""
    commands, run = Counter[str](), Git.run

    def counted(git: Git, *arguments: str, **options: Any) -> GitResult:
        ended = run(git, *arguments, **options)
        name = next((word for word in arguments if word in _REQUESTS), arguments[0])
        commands[name] += 1
        if name in _REQUESTS:
            clock.go_to(clock.now() + pace[name])
        return ended

    Git.run = counted  # type: ignore[method-assign, assignment]
    return commands


def requests_of_a_worker(place: Path) -> Counter[str]:
    """The requests of one real worker whose agent does nothing."""
    _, desk = Repo.pair(place)
    store = Store(*_opened(desk))
    store.refresh()
    store.save_plan(plan_of([[["1"]]]))
    log = place / "requests"
    command = (sys.executable, "-P", "-m", "gitcoord", "worker", "1", "--agent", "true", "--allow-empty")
    environment = {**os.environ, "GITCOORD_LOG": str(log)}
    subprocess.run(command, cwd=desk.path, env=environment, check=True, capture_output=True)
    words = (line.partition(" git ")[2].split() for line in log.read_text().splitlines())
    return Counter(word for line in words for word in line[:8] if word in _REQUESTS)


def _opened(desk: Repo) -> Any:
    repository = locate(desk.path).open()
    return repository, SharedRefs(repository, "refs/gitcoord/")


def report(result: Result, tasks: int, slots: int, habits: Habits, worker: Counter[str]) -> None:
    """Prints what a run took; of the time in which there was enough to do."""
    fleet, samples = result.fleet, result.samples
    died = f"{fleet.started} attempts, {fleet.died} died"
    how = "stopped before its end" if result.stopped else "at its end"
    print(f"{tasks} tasks, {slots} slots, {how}: {samples[-1].done} submitted, {died}")
    full = next(one for one in samples if one.done >= samples[-1].done * (1 if result.stopped else _FULL))
    busy = fmean(one.running for one in samples if 0 < one.done <= full.done) / slots
    print(
        f"  {full.at / 3600:8.2f} simulated hours until {full.done} were submitted; {busy:.0%} of slots used"
    )
    print(f"  {full.cpu / full.done * 1000:8.1f} ms of CPU a task, {full.cpu / full.at:.1%} of one core")
    for name, part in zip(("first", "second", "last"), _thirds(samples, full.done), strict=True):
        print(f"  {part:8.1f} ms of CPU a task in the {name} third of them")
    print(f"  {result.own / result.cpu:8.0%} of the CPU is Python, the rest git")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {used:8.0f} MB at most, simulation included")
    named = ", ".join(f"{name} {count / fleet.started:.1f}" for name, count in result.commands.most_common(6))
    print(f"  {result.commands.total() / fleet.started:8.1f} git processes an attempt: {named}")
    hours = result.seconds / 3600
    mine = ", ".join(f"{name} {result.commands[name] / hours:,.0f}" for name in _REQUESTS)
    print(f"  requests an hour of the coordinator: {mine}")
    rate = full.done / full.at * 3600
    beats = busy * slots * 3600 / habits.beat if habits.beat else 0.0
    pushes = worker["push"] * rate + beats
    fetches = (worker["fetch"] + worker["ls-remote"]) * rate
    print(f"  of the workers: fetch {fetches:,.0f}, push {pushes:,.0f}, {beats:,.0f} of them heartbeats")
    print(f"  {(pushes + result.commands['push'] / hours) / 60:8.1f} pushes a minute altogether", flush=True)


def _thirds(samples: list[Sample], most: int) -> list[float]:
    """CPU ms for each of the first `most` tasks that ended, in the first, second and last third of them."""
    marks = [next(one for one in samples if one.done >= most * third / 3) for third in range(4)]
    return [(b.cpu - a.cpu) / max(1, b.done - a.done) * 1000 for a, b in pairwise(marks)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10, help="the median of an attempt")
    parser.add_argument("--deaths", type=float, default=0.02, help="the share of attempts whose worker dies")
    parser.add_argument("--beat", type=float, default=60.0, help="seconds between a worker's heartbeats")
    parser.add_argument("--fetch-seconds", type=float, default=0.5)
    parser.add_argument("--push-seconds", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--wall-minutes", type=float, default=1e9, help="stop then, and print what was seen; so does Ctrl-C"
    )
    options = parser.parse_args()
    # A shell starts what it puts into the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pace = {"fetch": options.fetch_seconds, "ls-remote": options.fetch_seconds, "push": options.push_seconds}
    habits = Habits(median=options.minutes * 60, deaths=options.deaths, beat=options.beat)
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        environment = hermetic_environment(Path(scratch))
        os.environ.clear()
        os.environ.update(environment)
        worker = requests_of_a_worker(Path(scratch, "worker"))
        place = Path(scratch, "fleet")
        result = simulate(
            place, options.tasks, options.slots, habits, pace, options.seed, options.wall_minutes
        )
        report(result, options.tasks, options.slots, habits, worker)


if __name__ == "__main__":
    main()
