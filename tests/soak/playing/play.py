"""Playing one scenario to its end."""

import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.drawing.scenario import Push, Run, Scenario, make_scenario
from tests.soak.drawing.troubles import Trouble
from tests.soak.judging.transcript import Transcript
from tests.soak.judging.verdict import Judge
from tests.soak.playing.client import Clients, Ran
from tests.soak.playing.desk import Desk, task_list
from tests.soak.playing.host import Effects, make_host, protect
from tests.soak.playing.people import People
from tests.soak.playing.world import World
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import Fault, kill_group, kill_process
from tests.support.github.hooks import Hook
from tests.support.repos import Repo

QUIET_RUNS = 8
"""Runs without any trouble in which a level has to land; more where others have their part in it."""
_LONGEST_RUN = 240.0
_DRAFTS = "[pull-requests]\ndraft = true\n"


@dataclass
class Outcome:
    """What came of a scenario; `endings` counts how the client's runs ended."""

    seed: int
    violations: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    dimensions: tuple[str, ...] = ()
    pushes: int = 0
    kills: int = 0
    rolled_back: int = 0
    bytes: int = 0
    seconds: float = 0.0
    transcript: Path | None = None


def play(seed: int, hub: GitHubEmulator, clients: tuple[Clients, Clients], place: Path) -> Outcome:
    """Plays the scenario of a seed in the empty directory `place`."""
    begun = time.monotonic()
    playing = _Playing(make_scenario(seed), hub, clients, place)
    outcome = playing.play()
    outcome.seconds = time.monotonic() - begun
    return outcome


class _Playing:
    def __init__(
        self, scenario: Scenario, hub: GitHubEmulator, clients: tuple[Clients, Clients], place: Path
    ) -> None:
        around = scenario.around
        self._scenario = scenario
        self._hub = hub
        self._clients = clients
        self._place = place
        self._told = Transcript()
        self._app = make_host(hub, f"acme/soak-{scenario.seed}", around, scenario.seed)
        self._app.merges = effects = Effects(hub)
        self._judge = Judge(scenario, hub, self._app, effects)
        self._world = World(scenario, Repo(self._app.git_dir), place, self._told.note)
        self._people = People(hub, self._app, around.gates, self._told.note)
        self._desks = [Desk("first", place, hub, self._app, around.sign_in)]
        if around.rival:
            self._desks.append(Desk("rival", place, hub, self._app, "classic"))
        self._runs = iter(scenario.runs)
        self._method: str = scenario.method
        self._run = Run()
        self._pids: dict[int, int] = {}
        self._rename: float | None = around.rename_after
        self._outcome = Outcome(scenario.seed, dimensions=tuple(around.dimensions()))

    def play(self) -> Outcome:
        try:
            self._play()
        except Exception as error:
            self._judge.wrong(f"the soak itself failed: {error!r}")
            raise
        finally:
            self._forget_logins()
            self._hub.latency = lambda: 0.0
            self._outcome.violations = self._judge.violations
            self._outcome.bytes = self._judge.bytes
            if self._judge.violations:
                self._outcome.transcript = self._place / "transcript.txt"
                self._told.write(self._outcome.transcript, self._app, self._judge.violations, self._secrets())
        return self._outcome

    def _play(self) -> None:
        scenario = self._scenario
        self._world.begin()
        tasks = task_list([(work.id, work.needs) for work in scenario.works])
        for desk in self._desks:
            settings = _DRAFTS if scenario.around.drafts else ""
            desk.begin(self._world.remote, self._app.clone_url, tasks, settings)
            if scenario.around.enterprise:
                desk.use_enterprise()
        planned = self._client(Run(), "plan", "--strategy", scenario.strategy)
        if planned.code != 0:
            self._judge.wrong(f"plan ended with {planned.code}: {planned.err.decode()}")
            return
        protect(self._app, scenario.around.gates)
        for level in range(scenario.levels):
            for work in scenario.works:
                if work.level == level:
                    self._world.do(work)
            if not self._land(level):
                break
        else:
            self._judge.base(self._world, scenario.levels)
            if scenario.roll_back:
                self._roll_back(scenario.levels - 1)
        self._judge.forge()
        repositories = [self._app.git_dir, *(desk.clone.path for desk in self._desks)]
        self._judge.secrets(self._secrets(), self._place, repositories)

    def _land(self, level: int) -> bool:
        """Runs merge-level until the level has landed, which it has to soon once nothing goes wrong."""
        quiet = 0
        report: Any = None
        while quiet < self._patience(level):
            run = next(self._runs, None)
            if run is None:
                run = self._scenario.calm[quiet % len(self._scenario.calm)]
                quiet += 1
            command = ("merge-level", f"level-{level}", "--method", self._method, *self._scenario.options)
            waiting = ("--wait", f"{run.wait}s") if run.wait else ()
            ran = self._client(run, *command, *waiting, "--json")
            report = ran.document
            if ran.code == 0:
                return True
            if ran.code == 1:
                self._answer(report)
            self._people.come_by()
        self._judge.wrong(f"level-{level} never landed: {report}")
        return False

    def _patience(self, level: int) -> int:
        """Strict bases, queues and failing checks take a round for each task, and some more."""
        gated = self._scenario.around.gates.any
        return QUIET_RUNS + (4 * sum(work.level == level for work in self._scenario.works) if gated else 0)

    def _answer(self, report: Any) -> None:
        """What workers do when gitcoord says what it waits for."""
        works = {work.id: work for work in self._scenario.works}
        for deferred in report["deferred"]:
            self._world.rework(works[deferred["task"]])
        reasons = [one["reason"] for one in report["waiting"]]
        if any("use --method merge or squash" in reason for reason in reasons):
            self._method = "squash"

    def _roll_back(self, level: int) -> None:
        ran = None
        for number in range(self._patience(level)):
            run = next(self._runs, self._scenario.calm[number % len(self._scenario.calm)])
            ran = self._client(run, "rollback", f"level-{level}", "--method", self._method, "--json")
            if ran.code == 0:
                self._outcome.rolled_back += 1
                self._judge.base(self._world, level)
                return
            if ran.code == 1 and (ran.document or {}).get("code") == "conflict":
                # Others wrote to the same place since; nothing was changed.
                self._judge.base(self._world, level + 1)
                return
            self._people.come_by()
        self._judge.wrong(f"level-{level} was never rolled back: {ran and ran.document}")

    def _client(self, run: Run, *argv: str) -> Ran:
        """One run of the client, and of its rival, in the midst of what `run` says."""
        self._told.note(f"--- {' '.join(argv)}: {run}")
        faults = [self._set(trouble) for trouble in run.troubles]
        timers = [threading.Timer(push.after, self._world.push, [push]) for push in run.pushes if push.after]
        if self._rename is not None and argv[0] == "merge-level":
            timers.append(threading.Timer(self._rename, self._move_away))
            self._rename = None
        for push in run.pushes:
            if push.after is None:
                self._hub.on("before_merge_cas", self._pushing(push, run))
        before, begun = len(self._world.pushed), len(self._hub.log)
        self._judge.run_begins()
        self._run, self._pids = run, {}
        for timer in timers:
            timer.start()
        with self._people.at_work(self._desks[0].place / "stderr"):
            rival = self._start_rival(run, argv)
            ran = self._start(0, argv, kill=run.kill)
            rival.join()
        for timer in timers:
            timer.cancel()
            timer.join()
        self._hub.faults.clear()
        self._run = Run()
        self._told.requests(self._hub.log[begun:])
        self._told.faults(faults)
        self._outcome.faults.update(fault.kind for fault in faults for _ in range(fault.fired))
        self._outcome.pushes += len(self._world.pushed) - before
        for desk in self._desks:
            if mended := desk.mend():
                self._told.note(mended)
        return ran

    def _start_rival(self, run: Run, argv: tuple[str, ...]) -> threading.Thread:
        def land() -> None:
            time.sleep(run.rival or 0.0)
            self._start(1, argv, kill=None)

        thread = threading.Thread(target=land if run.rival is not None else lambda: None)
        thread.start()
        return thread

    def _start(self, number: int, argv: tuple[str, ...], *, kill: float | None) -> Ran:
        """Runs one client to its end, and has it judged."""
        desk, timers = self._desks[number], []

        def started(pid: int) -> None:
            self._pids[number] = pid
            timers.append(threading.Timer(_LONGEST_RUN, self._end_endless, [pid, argv]))
            if kill is not None:
                timers.append(threading.Timer(kill, kill_group if self._run.whole else kill_process, [pid]))
            for timer in timers:
                timer.start()

        ran = self._clients[number].run(
            argv, cwd=desk.clone.path, env=desk.environment, place=desk.place, started=started
        )
        self._pids.pop(number, None)
        for timer in timers:
            timer.cancel()
            timer.join()
        self._told.ended(desk.name, argv, ran.code, ran.out, ran.err)
        self._judge.run_ended(" ".join(argv), ran, self._secrets(), desk.place / "tmp")
        self._outcome.endings[_ending(ran)] += 1
        self._outcome.kills += ran.code == -9
        return ran

    def _end_endless(self, pid: int, argv: tuple[str, ...]) -> None:
        self._judge.wrong(f"`{' '.join(argv)}` has not ended after {_LONGEST_RUN:.0f} s")
        kill_group(pid)

    def _move_away(self) -> None:
        """Somebody renames the repository."""
        old = self._app.full_name
        self._told.note(f"others: {old} renamed")
        self._hub.rename(old, f"{old}-renamed")

    def _pushing(self, push: Push, run: Run) -> Hook:
        """Steps in during this run only: a hook waits until it is passed."""
        return lambda app, pull: self._world.push(push) if self._run is run else None

    def _set(self, trouble: Trouble) -> Fault:
        settings = dict(trouble.settings)
        match trouble.kind:
            case "not-there":
                return self._hub.not_yet_there(trouble.request, **settings)
            case "limit":
                return self._hub.secondary_limit(trouble.request, retry_after=1, **settings)
            case "kill":
                # The machine goes down, with everything that runs on it.
                settings["kill"] = self._kill_all
        return self._hub.fault(trouble.request, trouble.kind, **settings)

    def _kill_all(self) -> None:
        for pid in [*self._pids.values()]:
            kill_group(pid)

    def _secrets(self) -> list[str]:
        return [secret for desk in self._desks for secret in desk.secrets]

    def _forget_logins(self) -> None:
        """Ends the credential caches that killed clients have left."""
        for socket in self._place.glob("*/tmp/gitcoord-login-*/socket"):
            subprocess.run(
                ["git", "credential-cache", f"--socket={socket}", "exit"], capture_output=True, check=False
            )


def _ending(ran: Ran) -> str:
    said = ran.document if isinstance(ran.document, dict) else {}
    name = "killed" if ran.code == -9 else f"exit {ran.code}"
    return f"{name} {said.get('code')}" if ran.code == 3 else name
