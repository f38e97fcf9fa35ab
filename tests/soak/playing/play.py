"""Playing one scenario to its end."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.drawing.scenario import Run, Scenario, make_scenario
from tests.soak.judging.transcript import Transcript
from tests.soak.judging.verdict import Judge
from tests.soak.playing.client import Clients
from tests.soak.playing.desk import Desk, task_list
from tests.soak.playing.host import Effects, make_host, protect
from tests.soak.playing.people import People
from tests.soak.playing.runs import Counts, Runs
from tests.soak.playing.world import World
from tests.support.github.emulator import GitHubEmulator
from tests.support.repos import Repo

QUIET_RUNS = 8
"""Runs without any trouble in which a level has to land; more where others have their part in it."""
_DRAFTS = "[pull-requests]\ndraft = true\n"


@dataclass
class Outcome:
    """What came of a scenario."""

    seed: int
    violations: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    dimensions: tuple[str, ...] = ()
    rolled_back: int = 0
    brought_back: int = 0
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
        self._waiting = iter(scenario.runs)
        self._method: str = scenario.method
        self._runs = Runs(
            hub,
            self._app,
            clients,
            desks=self._desks,
            world=self._world,
            people=self._people,
            judge=self._judge,
            told=self._told,
            rename=around.rename_after,
        )
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
            self._outcome.counts = self._runs.counts
            if self._judge.violations:
                self._outcome.transcript = self._place / "transcript.txt"
                self._told.write(
                    self._outcome.transcript, self._app, self._judge.violations, self._runs.secrets
                )
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
        planned = self._runs.client(Run(), "plan", "--strategy", scenario.strategy)
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
            last = scenario.levels - 1
            if scenario.roll_back and self._roll_back(last) and self._bring_back(last) and self._land(last):
                self._outcome.brought_back += 1
                self._judge.base(self._world, scenario.levels, again=last)
        self._judge.forge()
        repositories = [self._app.git_dir, *(desk.clone.path for desk in self._desks)]
        self._judge.secrets(self._runs.secrets, self._place, repositories)

    def _land(self, level: int) -> bool:
        """Runs merge-level until the level has landed, which it has to soon once nothing goes wrong."""
        quiet = 0
        report: Any = None
        while quiet < self._patience(level):
            run = next(self._waiting, None)
            if run is None:
                run = self._scenario.calm[quiet % len(self._scenario.calm)]
                quiet += 1
            command = ("merge-level", f"level-{level}", "--method", self._method, *self._scenario.options)
            waiting = ("--wait", f"{run.wait}s") if run.wait else ()
            ran = self._runs.client(run, *command, *waiting, "--json")
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

    def _roll_back(self, level: int) -> bool:
        """Takes a level back; False when that conflicts with what others did since, as it may."""
        ran = None
        for number in range(self._patience(level)):
            run = next(self._waiting, self._scenario.calm[number % len(self._scenario.calm)])
            ran = self._runs.client(run, "rollback", f"level-{level}", "--method", self._method, "--json")
            if ran.code == 0:
                self._outcome.rolled_back += 1
                self._judge.base(self._world, level)
                return True
            if ran.code == 1 and (ran.document or {}).get("code") == "conflict":
                # Others wrote to the same place since; nothing was changed.
                self._judge.base(self._world, level + 1)
                return False
            self._people.come_by()
        self._judge.wrong(f"level-{level} was never rolled back: {ran and ran.document}")
        return False

    def _bring_back(self, level: int) -> bool:
        """Hands the work of a level in once more; False when it conflicts with what others did since."""
        if not self._scenario.bring_back:
            return False
        for work in (work for work in self._scenario.works if work.level == level):
            taken = self._runs.client(Run(), "checkout", work.id, "--now", "--json")
            if (taken.document or {}).get("conflicts"):
                return False
            for ran in (taken, self._runs.client(Run(), "submit", work.id, "--json")):
                if ran.code not in (0, 1) or "code" in (ran.document or {}):
                    self._judge.wrong(f"task {work.id} was not brought back: {ran.document}")
                    return False
        return True

    def _forget_logins(self) -> None:
        """Ends the credential caches that killed clients have left."""
        for socket in self._place.glob("*/tmp/gitcoord-login-*/socket"):
            subprocess.run(
                ["git", "credential-cache", f"--socket={socket}", "exit"], capture_output=True, check=False
            )
