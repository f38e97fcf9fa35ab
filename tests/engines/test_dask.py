"""Dask as an engine: what every engine does, on a real scheduler with three workers on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitcoord.engines.dask_address import check_scheduler, host_of
from gitcoord.engines.engine import Engine
from gitcoord.errors import GitcoordError
from tests.engines.contract import EngineContract, ended, lasting, shell
from tests.support.cli import start_gitcoord
from tests.support.dask import DaskCluster, needs_dask
from tests.support.engines import asked_for
from tests.support.project import Project
from tests.support.tasklists import task
from tests.support.waiting import until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    made = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield made
    made.end()


@needs_dask
@asked_for("dask")
class TestDaskEngine(EngineContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: DaskCluster) -> None:
        cluster.revive()
        self.cluster = cluster
        engine = self.make(cluster.place / "none")
        until(lambda: engine.free() == 6)

    def make(self, state: Path) -> Engine:
        from gitcoord.engines.dask import DaskEngine

        return DaskEngine(state, self.cluster.address, pause=0.2)


@needs_dask
@asked_for("dask")
def test_whoever_died_before_submitting_is_followed_by_one_who_knows_the_worker(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    from gitcoord.engines.dask import DaskEngine

    cluster.revive()
    state = tmp_path / "state"
    engine = DaskEngine(state, cluster.address, pause=0.2)
    until(lambda: engine.free() == 6)
    (state / "a-1").mkdir(parents=True)
    (state / "a-1/dask").write_text("tcp://127.0.0.1:1")  # recorded, and never submitted
    engine.start(shell("a-1", "sleep 1000", tmp_path))
    until(lambda: engine.fetch_log("a-1"))
    assert (state / "a-1/dask").read_text() != "tcp://127.0.0.1:1"
    other = DaskEngine(state, cluster.address, pause=0.2)
    other.start(shell("a-1", "exit 9", tmp_path))
    assert other.poll(["a-1"])["a-1"].state == "running"
    assert other.cancel("a-1")
    assert other.poll(["a-1"])["a-1"].state == "ended"


@needs_dask
@asked_for("dask")
def test_a_scheduler_that_is_away_is_no_end_and_one_that_forgot_is(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    from gitcoord.engines.dask import DaskEngine

    cluster.revive()
    engine = DaskEngine(tmp_path / "state", cluster.address, pause=0.2, connecting=4.0)
    until(lambda: engine.free() == 6)
    engine.start(shell("a-1", "echo here; while [ ! -e go ]; do sleep 0.02; done; exit 4", tmp_path))
    kept = tmp_path / "state/a-1/log"
    until(lambda: engine.fetch_log("a-1") and kept.exists() and kept.read_text() == "here\n")
    assert engine.free() == 5
    cluster.end()
    assert engine.poll(["a-1"])["a-1"].state == "unreachable"
    assert not engine.cancel("a-1")
    with pytest.raises(GitcoordError, match="does not answer"):
        engine.start(shell("b-1", "true", tmp_path))
    trouble = engine.check()
    assert trouble is not None
    cluster.begin()
    assert ended(engine, "a-1").code is None
    until(lambda: engine.free() == 6)
    engine.start(shell("b-1", "true", tmp_path))
    assert ended(engine, "b-1").code == 0


@needs_dask
@asked_for("dask")
def test_a_run_on_dask_ends_as_on_this_machine_although_a_worker_dies(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.revive()
    tasks = [task(1), task(2, subtasks=[task(1), task(2, depends_on=[1])]), task(3, depends_on=[1, 2])]
    write = 'name=$GITCOORD_TASK_ID-$GITCOORD_SUBTASK; echo "$name" > "work-$name"'
    # The parent of the command that does the attempt is the Dask worker.
    above = "pid=$(cut -d' ' -f4 /proc/$pid/stat)"
    kill = f"pid=$PPID; until grep -q dask.worker /proc/$pid/cmdline; do {above}; done; kill -9 $pid"
    once = f"[ $name != 1- -o -e {tmp_path}/begun ] || {{ touch {tmp_path}/begun; {kill}; sleep 1000; }}"
    ends = []
    for engine in ("local", "dask"):
        project = Project.create(tmp_path / engine, tasks, files={"gitcoord.toml": '[run]\nlease = "4s"\n'})
        agent = write if engine == "local" else f"{write}; {once}"
        where = () if engine == "local" else ("--scheduler", cluster.address)
        words = ("run", "--engine", engine, *where, "--shell", "--agent", agent, "--land", "--yes")
        running = start_gitcoord(*words, cwd=project.desk.path)
        _, err = running.communicate(timeout=240)
        assert running.returncode == 0, err
        ends.append(lasting(project))
    assert (tmp_path / "begun").exists()
    assert ends[0] == ends[1]


def test_a_scheduler_elsewhere_needs_tls_unless_the_settings_allow_it() -> None:
    for address in ("tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tls://10.0.0.5:8786"):
        check_scheduler(address, unprotected=False)
    check_scheduler("tcp://10.0.0.5:8786", unprotected=True)
    for address in ("tcp://10.0.0.5:8786", "tcp://build1:8786", "tcp://127.0.0.1.evil.org:8786"):
        with pytest.raises(GitcoordError, match="has no TLS"):
            check_scheduler(address, unprotected=False)
    for address in ("10.0.0.5:8786", "http://127.0.0.1:80", "tcp://:1", "tcp://a", "tcp://a:x", "inproc://1"):
        with pytest.raises(GitcoordError, match="is not the address"):
            check_scheduler(address, unprotected=True)
    assert host_of("tcp://[::1]:8786") == "::1"
