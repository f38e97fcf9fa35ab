"""What every engine has to do, whatever executes the attempts: derive from EngineContract, and make one.

Attempts are small shell programs that leave marks in a directory of the test, and one real worker.
"""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from gitcoord.engines.engine import AttemptView, Engine, Launch, key_of
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.request import WorkerOrder, worker_argv
from tests.support.agents import ScriptAgent
from tests.support.cli import COMMAND
from tests.support.project import Project, independent
from tests.support.waiting import until

PATIENCE = 60.0
# Two processes that ignore TERM, one of them in a session of its own, whose parent has ended.
STUBBORN = (
    "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$ > fled; sleep 100' &) ; "
    "echo $$ > first; sleep 100; sleep 100"
)


class EngineContract:
    """The behaviours. `make` returns an engine over the same state each time, as a new coordinator would."""

    def make(self, state: Path) -> Engine:
        raise NotImplementedError

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        engine = self.make(tmp_path / "state")
        assert engine.check() is None
        return engine

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        place = tmp_path / "place"
        place.mkdir()
        return place

    def test_an_attempt_gets_its_surroundings_and_its_end_is_known(
        self, engine: Engine, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("A_SECRET", "hush-hush")
        script = 'echo "$GREETING from $PWD"; test ${#A_SECRET} = 9 || exit 9; echo oops >&2; exit 3'
        launch = shell("one-1", script, place, environment={"GREETING": "hello"}, secrets=("A_SECRET",))
        assert engine.poll(["one-1"])["one-1"].state == "absent"
        engine.start(launch)
        assert ended(engine, "one-1").code == 3
        log = engine.log("one-1")
        if log is not None:
            assert Path(log).read_text() == f"hello from {place}\noops\n"
        kept = [file for file in place.parent.rglob("*") if file.is_file()]
        assert not [file for file in kept if b"hush-hush" in file.read_bytes()]

    def test_a_key_is_started_once_and_the_next_attempt_is_another(self, engine: Engine, place: Path) -> None:
        again = self.make(place.parent / "state")
        launch = shell("one-1", "echo x >> starts; sleep 0.2", place)
        engine.start(launch)
        again.start(launch)
        ended(engine, "one-1")
        engine.start(launch)
        again.start(launch)
        assert ended(again, "one-1").code == 0
        engine.start(shell("one-2", "echo x >> starts", place))
        ended(engine, "one-2")
        assert (place / "starts").read_text() == "x\nx\n"

    def test_all_that_there_is_room_for_run_at_once_and_a_wait_ends_with_the_first(
        self, engine: Engine, place: Path
    ) -> None:
        # Each waits for the other: one after the other would never end.
        script = "touch {0}; while [ ! -e {1} ]; do sleep 0.02; done; [ {0} = a ] || sleep 100"
        engine.start(shell("a-1", script.format("a", "b"), place))
        engine.start(shell("b-1", script.format("b", "a"), place))
        assert ended(engine, "a-1", "b-1").code == 0
        assert engine.poll(["b-1"])["b-1"].state == "running"
        engine.cancel("b-1")
        assert engine.poll(["b-1"])["b-1"].state == "ended"

    def test_time_is_limited(self, engine: Engine, place: Path) -> None:
        engine.start(shell("slow-1", STUBBORN, place, seconds=1.0, grace=0.2))
        assert ended(engine, "slow-1").code == 124
        assert alive(place) == []

    def test_memory_is_limited(self, engine: Engine, place: Path) -> None:
        take = f"{sys.executable} -c 'import time; x = bytearray(120 << 20); time.sleep(100)'"
        # What it has started is ended first: a worker can tell why then. Alone, it is ended itself.
        engine.start(shell("fled-1", f"setsid {take}& echo $! > fled; wait; exit 7", place, memory=90 << 20))
        engine.start(shell("own-1", f"echo $$ > first; exec {take}", place, memory=90 << 20, grace=0.2))
        assert ended(engine, "fled-1").code == 7
        assert ended(engine, "own-1").code == 137
        assert alive(place) == []

    def test_cancelling_leaves_nothing_alive(self, engine: Engine, place: Path) -> None:
        engine.start(shell("stubborn-1", STUBBORN, place, grace=0.2))
        until(lambda: len(written(place)) == 2)
        # Whoever cancels need not be who started it; twice does no harm.
        other = self.make(place.parent / "state")
        other.cancel("stubborn-1")
        assert alive(place) == []
        assert ended(engine, "stubborn-1").code != 0
        engine.cancel("stubborn-1")

    def test_an_attempt_outlives_its_coordinator_and_the_next_one_finds_it(self, place: Path) -> None:
        launch = shell("kept-1", "while [ ! -e go ]; do sleep 0.02; done; exit 5", place)
        coordinator = os.fork()
        if coordinator == 0:
            self.make(place.parent / "state").start(launch)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(coordinator, 0)
        adopted = self.make(place.parent / "state")
        until(lambda: adopted.poll(["kept-1"])["kept-1"].state == "running")
        adopted.start(launch)
        (place / "go").touch()
        assert ended(adopted, "kept-1").code == 5

    def test_a_lost_attempt_has_ended_without_success(self, engine: Engine, place: Path) -> None:
        engine.start(shell("lost-1", STUBBORN, place))
        until(lambda: len(written(place)) == 2)
        first = psutil.Process(written(place)["first"])
        for process in [first, *first.parents()]:
            if process.pid == os.getpid():
                break
            if process.ppid() != 1 or process is first:
                process.kill()
        assert ended(engine, "lost-1").code != 0
        engine.cancel("lost-1")
        assert alive(place) == []

    def test_a_frozen_worker_that_thaws_after_a_newer_attempt_changes_nothing(
        self, engine: Engine, place: Path
    ) -> None:
        project = Project.create(place / "project", independent("1"))
        agent = ScriptAgent(place / "agent")
        agent.does("1#1", {"write": {"old.txt": "old\n"}}, {"await": str(place / "thawed")})
        agent.does("1#2", {"write": {"new.txt": "new\n"}})
        engine.start(self.worker(project, agent, 1))
        until(lambda: len(agent.runs()) == 1)
        frozen = [process for process in psutil.process_iter() if freeze(process, str(project.desk.path))]
        assert frozen
        engine.start(self.worker(project, agent, 2))
        assert ended(engine, key_of("1", 2)).code == 0
        (place / "thawed").touch()
        for process in frozen:
            if process.is_running():
                process.resume()
        assert ended(engine, key_of("1", 1)).state == "ended"
        told = project.run("log", "--task", "1").out
        assert told.count("submitted") == 1
        assert "attempt 2 ended: ok" in told
        assert "attempt 1 ended: ok" not in told
        assert project.remote.files("feature/level-0-task-1")[0] == "new.txt"
        engine.cancel(key_of("1", 1))

    def worker(self, project: Project, agent: ScriptAgent, attempt: int) -> Launch:
        order = WorkerOrder(unit=TaskId("1"), attempt=attempt, agent=agent.command, grace=0.2, fresh=True)
        argv = (*COMMAND, *worker_argv(order))
        return Launch(key=key_of("1", attempt), argv=argv, directory=str(project.desk.path), grace=5.0)


def shell(
    key: str,
    script: str,
    place: Path,
    *,
    environment: dict[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    seconds: float | None = None,
    grace: float = 10.0,
    memory: int | None = None,
) -> Launch:
    """An attempt that is a shell script in `place`."""
    return Launch(
        key=key,
        argv=("sh", "-c", script),
        directory=str(place),
        environment=environment or {},
        secrets=secrets,
        seconds=seconds,
        grace=grace,
        memory=memory,
    )


def ended(engine: Engine, key: str, *others: str) -> AttemptView:
    """What is known of `key` once it has ended, waited for as a run waits."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        seen = engine.poll([key])[key]
        if seen.state == "ended":
            return seen
        engine.wait([key, *others], 5.0)
    raise AssertionError(f"{key} did not end")


def lasting(project: Project) -> tuple[str, list[str]]:
    """The base's tree, and the refs that do not depend on the number of attempts."""
    passing = ("refs/gitcoord/alive/", "refs/gitcoord/logs/", "refs/gitcoord/work/")
    refs = [ref for ref in sorted(project.remote.refs()) if not ref.startswith(passing)]
    return project.remote.git("rev-parse", "main^{tree}"), refs


def written(place: Path) -> dict[str, int]:
    """The processes that the stubborn program wrote down."""
    files = {name: place / name for name in ("first", "fled")}
    return {name: int(text) for name, file in files.items() if file.exists() and (text := file.read_text())}


def alive(place: Path) -> list[int]:
    """Those of them that live."""
    assert len(written(place)) == 2
    return [pid for pid in written(place).values() if lives(pid)]


def lives(pid: int) -> bool:
    """Whether the process is there, and no more than a name that nobody has asked about."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def freeze(process: psutil.Process, place: str) -> bool:
    """Stops a process if it is the worker, its agent, or what keeps them, in the repository at `place`."""
    try:
        here = place in " ".join(process.cmdline()) or process.cwd().startswith(place)
        if here and process.pid != os.getpid():
            process.suspend()
            return True
    except psutil.Error:
        pass
    return False
