"""One run of a client, and of its rival, in the midst of faults, kills, pushes and people at work."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.soak.drawing.scenario import Push, Run
from tests.soak.drawing.troubles import Trouble
from tests.soak.judging.transcript import Transcript
from tests.soak.judging.verdict import Judge
from tests.soak.playing.client import Clients, Ran
from tests.soak.playing.deeds import Deeds
from tests.soak.playing.desk import Desk
from tests.soak.playing.people import People
from tests.soak.playing.world import World
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import Fault, kill_group, kill_process
from tests.support.github.hooks import Hook
from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository

LONGEST_RUN = 240.0


@dataclass
class Counts:
    """What was done to clients, and how their runs ended."""

    endings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    pushes: int = 0
    kills: int = 0


class Runs:
    """The runs of one scenario, one after the other. `rename` is when somebody renames the repository."""

    def __init__(
        self,
        hub: GitHubEmulator,
        app: EmulatedRepository,
        clients: tuple[Clients, Clients],
        *,
        desks: list[Desk],
        world: World,
        people: People,
        judge: Judge,
        told: Transcript,
        deeds: Deeds,
        rename: float | None,
    ) -> None:
        self.counts = Counts(deeds=deeds.done)
        self.desks = desks
        self._hub = hub
        self._app = app
        self._clients = clients
        self._world = world
        self._people = people
        self._judge = judge
        self._told = told
        self._deeds = deeds
        self._rename = rename
        self._run = Run()
        self._pids: dict[int, int] = {}

    @property
    def secrets(self) -> list[str]:
        """What no client may ever show."""
        return [secret for desk in self.desks for secret in desk.secrets]

    def client(self, run: Run, *argv: str) -> Ran:
        """One run of the client, and of its rival, in the midst of what `run` says."""
        self._told.note(f"--- {' '.join(argv)}: {run}")
        faults = [self._set(trouble) for trouble in run.troubles]
        self._deeds.prepare(run.deeds)
        timers = [threading.Timer(push.after, self._world.push, [push]) for push in run.pushes if push.after]
        if self._rename is not None and argv[0] in ("merge-level", "land"):
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
        with self._people.at_work(self.desks[0].place / "stderr"):
            rival = self._start_rival(run, argv)
            ran = self._start(0, argv, kill=run.kill)
            rival.join()
        for timer in timers:
            timer.cancel()
            timer.join()
        self._hub.faults.clear()
        self._hub.hands.clear()
        self._hub.postponed.finish()
        self._run = Run()
        self._told.requests(self._hub.log[begun:])
        self._told.faults(faults)
        self.counts.faults.update(fault.kind for fault in faults for _ in range(fault.fired))
        self.counts.pushes += len(self._world.pushed) - before
        self._judge.all_ended(self._world)
        for desk in self.desks:
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
        desk, timers = self.desks[number], []

        def started(pid: int) -> None:
            self._pids[number] = pid
            timers.append(threading.Timer(LONGEST_RUN, self._end_endless, [pid, argv]))
            if kill is not None:
                timers.append(threading.Timer(kill, kill_group if self._run.whole else kill_process, [pid]))
            for timer in timers:
                timer.start()

        try:
            ran = self._clients[number].run(
                argv,
                cwd=desk.clone.path,
                env=desk.environment,
                place=desk.place,
                started=started,
            )
        finally:
            # Nobody is killed whose process has ended, not even when the soak itself is interrupted.
            self._pids.pop(number, None)
            for timer in timers:
                timer.cancel()
                timer.join()
        self._told.ended(desk.name, argv, ran.code, ran.out, ran.err)
        self._judge.run_ended(" ".join(argv), ran, self.secrets, desk.place / "tmp")
        self.counts.endings[_ending(ran)] += 1
        self.counts.kills += ran.code == -9
        return ran

    def _end_endless(self, pid: int, argv: tuple[str, ...]) -> None:
        self._judge.wrong(f"`{' '.join(argv)}` has not ended after {LONGEST_RUN:.0f} s")
        kill_group(pid)

    def _move_away(self) -> None:
        """Somebody renames the repository."""
        old = self._app.full_name
        self._told.note(f"others: {old} renamed")
        self._hub.rename(old, f"{old}-renamed")

    def _pushing(self, push: Push, run: Run) -> Hook:
        """Steps in during this run only: a hook waits until it is passed."""

        def step_in(app: EmulatedRepository, pull: Pull) -> None:
            if self._run is run:
                self._world.push(push)

        return step_in

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


def _ending(ran: Ran) -> str:
    said = ran.document if isinstance(ran.document, dict) else {}
    name = "killed" if ran.code == -9 else f"exit {ran.code}"
    return f"{name} {said.get('code')}" if ran.code == 3 else name
