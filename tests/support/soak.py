"""Kills parts of a run at random moments and runs it again: `scripts/soak-run`, and a slice in the tests.

Killed are the coordinator, a worker, a supervisor, an agent, or all of them as when the machine restarts: by
SIGKILL. In the end everything has to be in the base once, and no process may be left over.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from gitcoord.engines.processes import MARK
from tests.support.agents import PROGRAM, ScriptAgent
from tests.support.cli import COMMAND, environment
from tests.support.project import Project
from tests.support.repos import hermetic_environment
from tests.support.tasklists import task

KINDS = ("coordinator", "worker", "supervisor", "agent", "everything")
PATIENCE = 180.0
CANNOT_ASK = 3


class Soak:
    """One project that is run to its end while parts of it are killed."""

    def __init__(
        self,
        place: Path,
        seed: int,
        *,
        strategy: str = "multi-pr",
        quick: bool = False,
        speculate: bool = False,
    ) -> None:
        """With `speculate` tasks 2 and 3 fail when they land, and are written anew below what needs them."""
        self.speculate = speculate
        self.dice = random.Random(seed)
        self.tasks = _small() if quick else _large()
        self.project = Project.create(place, self.tasks, strategy=strategy)
        self.agent = ScriptAgent(place / "agent")
        for unit in self.units():
            seconds = self.dice.uniform(0.05, 0.2) if quick else self.dice.uniform(0.2, 1.5)
            work = {"sleep": seconds}, {"write": {f"done/{unit}.txt": f"{unit}\n"}}
            self.agent.does(unit, *work)
            if speculate and unit in ("2", "3"):
                self.agent.does(unit, *work, {"write": {f"bad/{unit}": "x"}})
                self.agent.does(
                    f"{unit}#rework", {"git": ["reset", "--quiet", "--hard", "origin/main"]}, *work
                )
        if speculate:
            self.project.desk.path.joinpath(".gitcoord.toml").write_text(
                '[landing]\ncheck = "test ! -e bad"\n'
            )
        self.kills: list[str] = []

    def units(self) -> list[str]:
        """The ids of all units."""
        found = []
        for one in self.tasks:
            parts = one["subtasks"]
            found += [f"{one['id']}.{part['id']}" for part in parts] or [str(one["id"])]
        return found

    def run(self, kills: int, *, latest: float = 6.0) -> None:
        """Runs to the end, with so many kills at random moments before it."""
        until = time.monotonic() + PATIENCE
        run = self._start()
        while kills > 0 and run.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                run.wait(self.dice.uniform(0.05, latest))
            if run.poll() is not None:
                break
            if self._kill(self.dice.choice(KINDS), run):
                kills -= 1
            if run.poll() is not None:
                run = self._start()
        # A lock that a killed git left is taken away when it is old enough; until then git cannot be asked.
        while (code := run.wait(max(1.0, until - time.monotonic()))) < 0 or code == CANNOT_ASK:
            time.sleep(2.0 if code == CANNOT_ASK else 0.0)
            run = self._start()
        assert code == 0, f"the run ended with {code} after {self.kills}:\n{self._log()}"

    def check(self) -> None:
        """Everything is in the base once, and nothing is left over."""
        remote = self.project.remote
        wanted = sorted(f"done/{unit}.txt" for unit in self.units())
        found = sorted(path for path in remote.files("main") if path.startswith("done/"))
        assert found == wanted, (self.kills, found)
        for unit in self.units():
            path = f"done/{unit}.txt"
            assert remote.read("main", path) == unit
            commits = remote.git("log", "--no-merges", "--format=%H", "main", "--", path).split()
            # What stands on work that was written anew has the former commits, too.
            assert self.speculate or len(commits) == 1, (self.kills, path, commits)
        assert not any(path.startswith("bad/") for path in remote.files("main")), self.kills
        left = list(Path(f"{self.project.desk.path}.gitcoord").glob("[!_]*"))
        assert not left, (self.kills, left)
        until = time.monotonic() + 20
        while (alive := list(self._processes())) and time.monotonic() < until:
            time.sleep(0.1)
        assert not alive, (self.kills, [_words(one) for one in alive])

    def _start(self) -> "subprocess.Popen[bytes]":
        arguments = ["run", "--agent", self.agent.command, "--land", "--yes", "--max-parallel", "4"]
        arguments += ["--speculate"] if self.speculate else []
        with (self.project.desk.path.parent / "run.log").open("ab") as log:
            return subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=self.project.desk.path,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kill(self, kind: str, run: "subprocess.Popen[bytes]") -> bool:
        """Whether there was something of this kind to kill."""
        victims = list(self._processes())
        if kind == "worker":
            victims = [one for one in victims if "worker" in _words(one) and "gitcoord" in _words(one)]
        elif kind == "supervisor":
            victims = [one for one in victims if "gitcoord.engines.supervisor" in _words(one)]
        elif kind == "agent":
            victims = [one for one in victims if str(PROGRAM) in _words(one)]
        elif kind == "coordinator":
            victims = []
        if kind not in ("coordinator", "everything"):
            victims = self.dice.sample(victims, min(1, len(victims)))
            if not victims:
                return False
        else:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        for one in victims:
            with suppress(psutil.Error):
                one.kill()
        self.kills.append(kind)
        return True

    def _processes(self) -> Iterator[psutil.Process]:
        """Every process that carries the mark of this project's attempts, but for the remote's own.

        Those would be on another machine, where killing them leaves locks that are the server's to remove.
        """
        desk, remote = str(self.project.desk.path), str(self.project.remote.path)
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if one.status() == psutil.STATUS_ZOMBIE or MARK not in (environ := one.environ()):
                    continue
                if one.cwd().startswith(remote):
                    continue
                if (
                    desk in (one.cwd(), environ.get("PWD", ""))
                    or str(self.agent.directory) in " ".join(_words(one))
                    or one.cwd().startswith(f"{desk}.gitcoord")
                ):
                    yield one

    def _log(self) -> str:
        return (self.project.desk.path.parent / "run.log").read_text()[-6000:]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _small() -> list[dict[str, Any]]:
    return [task(1, subtasks=[task(1), task(2)]), task(2), task(3, depends_on=[1, 2])]


def _large() -> list[dict[str, Any]]:
    parts = [task(1), task(2), task(3, depends_on=[1, 2])]
    return [
        *(task(1, subtasks=parts), task(2), task(3), task(4, depends_on=[1]), task(5, depends_on=[2, 3])),
        *(
            task(6, depends_on=[2], subtasks=[task(1), task(2, depends_on=[1])]),
            task(7, depends_on=[4, 5, 6]),
        ),
        task(8),
    ]


def main() -> None:
    """Plays one project after another until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, help="how many kills in all (default: 30)")
    parser.add_argument("--each", type=int, default=6, help="how many of them in one project (default: 6)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speculate", action="store_true", help="with speculative work, some of it in vain")
    parser.add_argument("--misbehaving", type=int, metavar="N", help="instead: so many runs with bad agents")
    options = parser.parse_args()
    if options.misbehaving:
        sys.exit(_misbehaving(options.seed, options.misbehaving))
    done = 0
    seed = options.seed
    while done < options.kills:
        with tempfile.TemporaryDirectory(prefix="gitcoord-soak-") as place:
            os.environ.update(hermetic_environment(Path(place)))
            strategy = "multi-pr" if seed % 2 else "single-pr"
            began = time.monotonic()
            soak = Soak(Path(place), seed, strategy=strategy, speculate=options.speculate)
            soak.run(min(options.each, options.kills - done))
            soak.check()
            done += len(soak.kills)
            seconds = time.monotonic() - began
            said = f"seed {seed} {strategy}: {', '.join(soak.kills) or 'no kill'}; whole in {seconds:.0f} s"
            sys.stdout.write(f"{said}, {done} kills so far\n")
            sys.stdout.flush()
        seed += 1


def _misbehaving(first: int, count: int) -> int:
    """Prints every scenario and what is wrong with it; 1 when anything is."""
    from tests.support.misbehaving import play

    wrong = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="gitcoord-soak-") as place:
            os.environ.update(hermetic_environment(Path(place)))
            began, strategy = time.monotonic(), "multi-pr" if seed % 2 else "single-pr"
            problem = play(seed, Path(place), strategy)
        wrong += bool(problem)
        said = f"WRONG: {problem}" if problem else "well"
        sys.stdout.write(f"seed {seed} {strategy}, {time.monotonic() - began:.0f} s: {said}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{count} runs, {wrong} wrong\n")
    return int(bool(wrong))


if __name__ == "__main__":
    main()
