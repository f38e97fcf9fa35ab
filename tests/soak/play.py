"""Playing one scenario to its end, and saying what was not as it has to be."""

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.client import Clients, Ran
from tests.soak.scenario import Push, Run, Scenario, Trouble, make_scenario
from tests.soak.tokens import Search
from tests.soak.world import World, clone
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import Fault, kill_group, kill_process
from tests.support.github.hooks import Hook
from tests.support.repos import Repo, hermetic_environment
from tests.support.tasklists import task, write_tasks

QUIET_RUNS = 8
"""Runs without any trouble in which a level has to land."""
_MARKER = re.compile(r"<!-- gitcoord[^>]*-->")


@dataclass
class Outcome:
    """What came of a scenario; `endings` counts how the client's runs ended."""

    seed: int
    violations: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    pushes: int = 0
    kills: int = 0
    rolled_back: int = 0
    bytes: int = 0
    seconds: float = 0.0


def play(seed: int, hub: GitHubEmulator, clients: Clients, place: Path) -> Outcome:
    """Plays the scenario of a seed in the empty directory `place`."""
    begun = time.monotonic()
    playing = _Playing(make_scenario(seed), hub, clients, place)
    playing.play()
    playing.outcome.seconds = time.monotonic() - begun
    return playing.outcome


class _Effects(Counter[int]):
    """How often each pull request was merged; `seen` says how many requests there had been before."""

    def __init__(self, hub: GitHubEmulator) -> None:
        super().__init__()
        self._hub = hub
        self.seen: dict[int, int] = {}

    def __setitem__(self, number: int, times: int) -> None:
        self.seen[number] = len(self._hub.log)
        super().__setitem__(number, times)


class _Playing:
    def __init__(self, scenario: Scenario, hub: GitHubEmulator, clients: Clients, place: Path) -> None:
        self._scenario = scenario
        self._hub = hub
        self._clients = clients
        self._place = place
        self._app = hub.make_repository(f"acme/soak-{scenario.seed}")
        self._app.merges = self._effects = _Effects(hub)
        self._world = World(scenario, Repo(self._app.git_dir), place)
        self._runs = iter(scenario.runs)
        self._method: str = scenario.method
        self._run = Run()
        self._tokens = [hub.make_token()]
        self.outcome = Outcome(scenario.seed)
        self._env = self._environment()

    def play(self) -> None:
        self._world.begin()
        for name in ("desk", "home", "tmp"):
            (self._place / name).mkdir()
        desk = clone(self._world.remote, self._place / "desk", self._app.clone_url)
        write_tasks(desk.path, [task(work.id, depends_on=work.needs) for work in self._scenario.works])
        planned = self._client(Run(), "plan", "--strategy", self._scenario.strategy)
        if planned.code != 0:
            self._wrong(f"plan ended with {planned.code}: {planned.err.decode()}")
            return
        for level in range(self._scenario.levels):
            for work in self._scenario.works:
                if work.level == level:
                    self._world.do(work)
            if not self._land(level):
                break
        else:
            self._check_base(self._scenario.levels)
            if self._scenario.roll_back:
                self._roll_back(self._scenario.levels - 1)
        self._check_forge()
        self._search_tokens()

    def _land(self, level: int) -> bool:
        """Runs merge-level until the level has landed, which it has to soon once nothing goes wrong."""
        quiet = 0
        report: Any = None
        while quiet < QUIET_RUNS:
            run = next(self._runs, None)
            quiet += run is None
            command = ("merge-level", f"level-{level}", "--method", self._method, *self._scenario.options)
            ran = self._client(run or Run(), *command, "--json")
            report = ran.document
            if ran.code == 0:
                return True
            if ran.code == 1:
                self._help(report)
        self._wrong(f"level-{level} never landed: {report}")
        return False

    def _help(self, report: Any) -> None:
        """What the people around do when gitcoord says what it waits for."""
        works = {work.id: work for work in self._scenario.works}
        for deferred in report["deferred"]:
            self._world.rework(works[deferred["task"]])
        reasons = [one["reason"] for one in report["waiting"]]
        if any(not reason for reason in reasons):
            self._wrong(f"it waits without saying for what: {report['waiting']}")
        if any("use --method merge or squash" in reason for reason in reasons):
            self._method = "squash"

    def _roll_back(self, level: int) -> None:
        for _ in range(QUIET_RUNS):
            ran = self._client(
                next(self._runs, Run()), "rollback", f"level-{level}", "--method", self._method, "--json"
            )
            if ran.code == 0:
                self.outcome.rolled_back += 1
                self._check_base(level)
                return
            if ran.code == 1 and (ran.document or {}).get("code") == "conflict":
                self._check_base(level + 1)  # others wrote to the same place since; nothing was changed
                return
        self._wrong(f"level-{level} was never rolled back: {ran.document}")

    def _client(self, run: Run, *argv: str) -> Ran:
        """One run of the client in the midst of what `run` says."""
        pids: list[int] = []
        faults = [fault for trouble in run.troubles if (fault := self._set(trouble, pids)) is not None]
        timers = [
            threading.Timer(push.after, self._world.push, [push])
            for push in run.pushes
            if push.after is not None
        ]
        for push in run.pushes:
            if push.after is None:
                self._hub.on("before_merge_cas", self._pushing(push, run))

        def started(pid: int) -> None:
            pids.append(pid)
            if run.kill is not None:
                timers.append(threading.Timer(run.kill, kill_group if run.whole else kill_process, [pid]))
            for timer in timers:
                timer.start()

        before = len(self._world.pushed)
        self._run = run
        ran = self._clients.run(
            argv, cwd=self._place / "desk", env=self._env, place=self._place, started=started
        )
        for timer in timers:
            timer.cancel()
            timer.join()
        self._hub.faults.clear()
        self._run = Run()
        self.outcome.faults.update(fault.kind for fault in faults for _ in range(fault.fired))
        self.outcome.pushes += len(self._world.pushed) - before
        self._after_run(ran, argv)
        return ran

    def _pushing(self, push: Push, run: Run) -> Hook:
        """Steps in during this run only: a hook waits until it is passed."""
        return lambda app, pull: self._world.push(push) if self._run is run else None

    def _set(self, trouble: Trouble, pids: list[int]) -> Fault | None:
        settings = dict(trouble.settings)
        match trouble.kind:
            case "not-there":
                return self._hub.not_yet_there(trouble.request, **settings)
            case "limit":
                return self._hub.secondary_limit(trouble.request, retry_after=1, **settings)
            case "kill":
                settings["kill"] = lambda: kill_group(pids[0]) if pids else None
        return self._hub.fault(trouble.request, trouble.kind, **settings)

    def _after_run(self, ran: Ran, argv: tuple[str, ...]) -> None:
        name = "killed" if ran.code == -9 else f"exit {ran.code}"
        said = ran.document if isinstance(ran.document, dict) else {}
        if ran.code == 3:
            name += f" {said.get('code')}"
        self.outcome.endings[name] += 1
        self.outcome.kills += ran.code == -9
        command = " ".join(argv)
        if ran.code not in (0, 1, 3, -9) or (ran.code == 3 and not said.get("message")):
            self._wrong(f"`{command}` ended with {ran.code}: {ran.err.decode(errors='replace')[-600:]}")
            logs = [path.read_text() for path in (self._place / "tmp").glob("gitcoord-*.log")]
            self.outcome.violations += [log[-1500:] for log in logs]
        if b"Traceback" in ran.err + ran.out:
            self._wrong(f"`{command}` printed a traceback")
        if said.get("code") == "tree-differs":
            self._wrong(f"`{command}`: {said['message']}")
        self._search_printed(ran)
        opened = Counter(pull.head for pull in self._app.pulls.values() if pull.state == "open")
        self.outcome.violations += [
            f"seed {self._scenario.seed}: {times} pull requests are open for {head}"
            for head, times in opened.items()
            if times > 1
        ]
        if not self._tokens[-1].is_valid:
            self._tokens.append(self._hub.make_token())
            self._env = self._environment()

    def _check_base(self, levels: int) -> None:
        """Each change once, nothing else, and nothing lost that others pushed to a task's branch."""
        works = [work for work in self._scenario.works if work.level < levels]
        rolled_back = levels < self._scenario.levels
        files, times = self._world.files(), Counter(self._world.added())
        wanted = self._world.by_hand(works)
        more = {path for path in files if path.startswith("more/")}
        got = {path: text for path, text in files.items() if path not in more}
        if got != wanted:
            odd = {path for path in got.keys() | wanted.keys() if got.get(path) != wanted.get(path)}
            self._wrong("not as merged by hand: " + "; ".join(f"{p}: {got.get(p)!r}" for p in sorted(odd)))
        for path in sorted({*wanted, *more}):
            if times[path] != 1:
                self._wrong(f"{path} came into the base {times[path]} times")
        for push in self._world.pushed:
            in_base = any(push.name in path for path in more)
            if push.task is not None and not in_base and not rolled_back and not self._world.is_kept(push):
                self._wrong(f"what was pushed to the branch of task {push.task} is lost")

    def _check_forge(self) -> None:
        for number, times in self._effects.items():
            if times > 1:
                self._wrong(f"pull request {number} was merged {times} times")
            call = f"/repos/{self._app.full_name}/pulls/{number}/merge"
            # The one that had the effect is noted once it has been answered.
            later = [one for one in self._hub.log[self._effects.seen[number] :] if one.path == call]
            if len(later) > 1:
                self._wrong(f"a merge of pull request {number} was sent after it had been merged: {later}")
        marked = Counter(
            (comment.number, marker)
            for comment in self._app.comments
            for marker in _MARKER.findall(comment.body)
        )
        for (number, marker), times in marked.items():
            if times > 1:
                self._wrong(f"{times} comments of pull request {number} have the marker {marker}")
        for violation in self._hub.violations:
            self._wrong(f"GitHub's description was broken: {violation}")
        self._hub.violations.clear()

    def _environment(self) -> dict[str, str]:
        """The client's, with the newest token: an operator makes one when the old one has run out."""
        return {
            **hermetic_environment(self._place / "home"),
            **self._hub.environment(self._tokens[-1]),
            "TMPDIR": str(self._place / "tmp"),
            # The words that every git process is started with, those of its own children too.
            "GIT_TRACE2_EVENT": str(self._place / "argv.log"),
            "GIT_TRACE_REDACT": "0",
        }

    def _search_printed(self, ran: Ran) -> None:
        search = Search(token.text for token in self._tokens)
        search.data(ran.out + ran.err, "what was printed")
        self._count(search)

    def _search_tokens(self) -> None:
        search = Search(token.text for token in self._tokens)
        search.files(self._place)
        search.objects(self._place / "desk")
        search.objects(self._app.git_dir)
        self._count(search)

    def _count(self, search: Search) -> None:
        self.outcome.bytes += search.bytes
        for where in search.found:
            self._wrong(f"a token is in {where}")

    def _wrong(self, what: str) -> None:
        self.outcome.violations.append(f"seed {self._scenario.seed}: {what}")
