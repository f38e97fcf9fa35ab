"""Playing one scenario to its end."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.soak.drawing.scenario import Run, Scenario, Work
from tests.soak.judging.transcript import Transcript
from tests.soak.judging.verdict import Judge
from tests.soak.playing.client import Clients, Ran
from tests.soak.playing.deeds import Deeds
from tests.soak.playing.desk import Desk, task_list
from tests.soak.playing.host import Effects, make_host, protect
from tests.soak.playing.mistakes import spoil_rollbacks
from tests.soak.playing.outcome import Outcome, forget_logins
from tests.soak.playing.people import People
from tests.soak.playing.runs import Runs
from tests.soak.playing.world import World
from tests.support.github.emulator import GitHubEmulator
from tests.support.repos import Repo

_LAST_RUNS = 2
"""Runs after which what a person decided for good is taken for the end."""
QUIET_RUNS = 8
"""Runs without any trouble in which a level has to land; more where others have their part in it."""
_BY_HAND = re.compile(r"\b[0-9a-f]{12}\b")
"""The commits that a message names."""
_DRAFTS = "[pull-requests]\ndraft = true\n"


class Playing:
    """A level after the other of a task list."""

    def __init__(
        self, scenario: Scenario, hub: GitHubEmulator, clients: tuple[Clients, Clients], place: Path
    ) -> None:
        around = scenario.around
        self._scenario = scenario
        self._hub = hub
        self._place = place
        self._told = Transcript()
        self._app = make_host(hub, f"acme/soak-{scenario.seed}", around, scenario.seed)
        self._app.merges = effects = Effects(hub, self._app)
        self._judge = Judge(scenario, hub, self._app, effects)
        self._world = World(scenario, Repo(self._app.git_dir), place, self._told.note)
        self._deeds = Deeds(
            hub,
            self._app,
            self._world,
            self._judge.record,
            note=self._told.note,
            failed=lambda why: self._judge.wrong(f"the soak itself failed: {why}"),
        )
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
            deeds=self._deeds,
            rename=around.rename_after,
        )
        self._outcome = Outcome(scenario.seed, dimensions=tuple(around.dimensions()))

    def play(self) -> Outcome:
        """Plays it to its end."""
        begun = time.monotonic()
        try:
            self._play()
        except Exception as error:
            self._judge.wrong(f"the soak itself failed: {error!r}")
            raise
        finally:
            forget_logins(self._place)
            self._hub.latency = lambda: 0.0
            self._outcome.violations = self._judge.violations
            self._outcome.bytes = self._judge.bytes
            self._outcome.counts = self._runs.counts
            self._outcome.transcript = self._place / "transcript.txt"
            self._told.write(self._outcome.transcript, self._app, self._judge.violations, self._runs.secrets)
        self._outcome.seconds = time.monotonic() - begun
        return self._outcome

    def _play(self) -> None:
        scenario = self._scenario
        self._world.begin()
        if not self._begin():
            return
        protect(self._app, scenario.around.gates)
        for level in range(scenario.levels):
            self._work(level)
            if not self._land(level):
                break
        else:
            self._judge.base(self._world, scenario.works)
            self._take_back_and_again()
        self._judge.forge()
        repositories = [self._app.git_dir, *(desk.clone.path for desk in self._desks)]
        self._judge.secrets(self._runs.secrets, self._place, repositories)

    def _begin(self) -> bool:
        """Clones and plans."""
        scenario = self._scenario
        self._clone(task_list([(work.id, work.needs) for work in scenario.works]))
        planned = self._runs.client(Run(), "plan", "--strategy", scenario.strategy)
        if planned.code != 0:
            self._judge.wrong(f"plan ended with {planned.code}: {planned.err.decode()}")
        return planned.code == 0

    def _clone(self, tasks: list[dict[str, object]] | None) -> None:
        for desk in self._desks:
            settings = _DRAFTS if self._scenario.around.drafts else ""
            desk.begin(self._world.remote, self._app.clone_url, tasks, settings)
            if self._scenario.around.enterprise:
                desk.use_enterprise()

    def _work(self, level: int) -> None:
        """The tasks of a level are done."""
        for work in self._scenario.works:
            if work.level == level:
                self._world.do(work)

    def _take_back_and_again(self) -> None:
        """Rolls the last level back, and brings it back: one task alone first, or all of it."""
        works = [work for work in self._scenario.works if work.level == self._scenario.levels - 1]
        below = [work for work in self._scenario.works if work not in works]
        if not self._scenario.roll_back or not self._roll_back(works, below) or not self._scenario.bring_back:
            return
        if self._scenario.bring_one_back and len(works) > 1:
            one, rest = works[:1], works[1:]
            if not self._bring_back(one) or not self._land(one[0].level, one):
                return
            self._outcome.brought_back += 1
            self._judge.base(self._world, [*below, *one], again=one)
            works, below = rest, [*below, *one]
        if self._bring_back(works) and self._land(works[0].level):
            self._outcome.brought_back += 1
            self._judge.base(self._world, [*below, *works], again=works)

    def _land(self, level: int, alone: Sequence[Work] = ()) -> bool:
        """Runs merge-level until the level has landed, which it has to soon once nothing goes wrong.

        With `alone` until these have landed; the others of the level are not to. False when a person keeps it
        from landing, or the host has made a mistake: then the scenario ends here.
        """
        quiet = 0
        kept = 0
        partial = ["--partial"] if alone and self._scenario.strategy == "single-pr" else []
        options = [*dict.fromkeys([*self._scenario.options, *partial])]
        report: Any = None
        while quiet < self._patience(level):
            run = next(self._waiting, None)
            if run is None:
                run = self._scenario.calm[quiet % len(self._scenario.calm)]
                quiet += 1
            command = (*self._command(level), "--method", self._method, *options)
            waiting = ("--wait", f"{run.wait}s") if run.wait else ()
            ran = self._runs.client(run, *command, *waiting, "--json")
            report = ran.document
            if self._app.spoiled and not self._judge.awaits_notice:
                return False
            if self._judge.awaits_notice:
                self._come_by()
                continue
            kept += self._is_final()
            if ran.code == 0 and self._is_final() and self._knows_of_all:
                self._judge.wrong(f"level-{level} is said to have landed, though a person keeps work from it")
            if kept > _LAST_RUNS:
                self._judge.partly(self._world)
                return False
            if self._has_landed(ran) or (alone and ran.code == 1 and _have_landed(report, alone)):
                return True
            if ran.code == 1:
                self._answer(report)
            if b"Draft pull requests are not supported" in ran.out + ran.err:
                self._desks[0].configure("")
            self._come_by()
        self._judge.wrong(f"level-{level} never landed: {report}")
        return False

    def _come_by(self) -> None:
        """What others do between two runs."""
        self._deeds.come_by()
        self._people.come_by()

    _knows_of_all = True
    """Whether a client that ends with 0 says so of everything there is."""

    def _command(self, level: int) -> tuple[str, ...]:
        """What lands a level."""
        return ("merge-level", f"level-{level}")

    def _has_landed(self, ran: Ran) -> bool:
        """Whether that was the last run."""
        return ran.code == 0

    def _is_final(self) -> bool:
        """Whether somebody keeps work from landing for good."""
        files = set(self._world.remote.files("main"))
        return self._judge.record.is_final(self._world.moves, files)

    def _patience(self, level: int) -> int:
        """Strict bases, queues and failing checks take a round for each task, and some more."""
        gated = self._scenario.around.gates.any
        return QUIET_RUNS + (4 * sum(work.level == level for work in self._scenario.works) if gated else 0)

    def _answer(self, report: Any) -> None:
        """What workers do when gitcoord says what it waits for."""
        self._rework(report["deferred"])
        reasons = [one["reason"] for one in report["waiting"]]
        self._use_what_lands(reasons)
        for branch in {pull.head for pull in self._app.pulls.values() if pull.state == "open"}:
            anew = [one for one in reasons if f"reset {branch} to main, cherry-pick these commits" in one]
            if anew:
                self._world.begin_again(branch, _BY_HAND.findall(anew[0]))
            elif any(f"merge main into {branch}" in reason for reason in reasons):
                self._world.settle(branch)

    def _rework(self, deferred: Sequence[Any]) -> None:
        works = {work.id: work for work in self._scenario.works}
        for one in deferred:
            self._world.rework(works[one["task"]])

    def _use_what_lands(self, reasons: Sequence[str]) -> None:
        """Squashes from now on, when that is what lands."""
        if any("use --method merge or squash" in reason or "sign" in reason for reason in reasons):
            self._method = "squash"

    def _roll_back(self, works: Sequence[Work], below: Sequence[Work]) -> bool:
        """Takes a level back; False when that conflicts with what others did since, as it may."""
        ran, level = None, works[0].level
        kept = 0
        for number in range(self._patience(level)):
            run = next(self._waiting, self._scenario.calm[number % len(self._scenario.calm)])
            if self._scenario.spoils_rollback:
                spoil_rollbacks(self._hub, self._app)
            ran = self._runs.client(run, "rollback", f"level-{level}", "--method", self._method, "--json")
            if self._app.spoiled and not self._judge.awaits_notice:
                return False
            if self._judge.awaits_notice:
                self._come_by()
                continue
            kept += self._is_final()
            if kept > _LAST_RUNS:
                return False
            if ran.code == 0:
                self._outcome.rolled_back += 1
                self._judge.base(self._world, below)
                return True
            if ran.code == 1 and (ran.document or {}).get("code") == "conflict":
                # Others wrote to the same place since; nothing was changed.
                self._judge.base(self._world, [*below, *works])
                return False
            self._use_what_lands([str((ran.document or {}).get("reason"))])
            self._come_by()
        self._judge.wrong(f"level-{level} was never rolled back: {ran and ran.document}")
        return False

    def _bring_back(self, works: Sequence[Work]) -> bool:
        """Hands work in once more; False when it conflicts with what others did since."""
        for work in works:
            taken = self._runs.client(Run(), "checkout", work.id, "--now", "--json")
            if (taken.document or {}).get("conflicts"):
                return False
            for ran in (taken, self._runs.client(Run(), "submit", work.id, "--json")):
                if ran.code not in (0, 1) or "code" in (ran.document or {}):
                    self._judge.wrong(f"task {work.id} was not brought back: {ran.document}")
                    return False
        return True


def _have_landed(report: Any, works: Sequence[Work]) -> bool:
    landed = {one["task"] for one in report["landed"]}
    return landed.issuperset(work.id for work in works)
