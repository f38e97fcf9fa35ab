"""Slurm as an engine: what every engine does, on a real Slurm with three nodes on this machine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitcoord.engines.engine import Engine
from gitcoord.engines.slurm import SlurmEngine
from gitcoord.errors import GitcoordError
from tests.engines.contract import EngineContract, ended, lasting, shell
from tests.support.cli import start_gitcoord
from tests.support.engines import asked_for
from tests.support.project import Project
from tests.support.slurm import SlurmCluster, needs_slurm
from tests.support.tasklists import task
from tests.support.waiting import until

pytestmark = [needs_slurm, asked_for("slurm")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    made = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _known(cluster: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)


class TestSlurmEngine(EngineContract):
    def make(self, state: Path) -> Engine:
        return SlurmEngine(state, pause=0.2, vanished=5.0)


def test_a_controller_that_is_away_ends_no_attempt_and_a_job_is_found_again(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    engine = SlurmEngine(tmp_path / "state", slots=2, options=("--comment=ours",), pause=0.2)
    engine.start(shell("a-1", "echo here; while [ ! -e go ]; do sleep 0.02; done; exit 4", tmp_path))
    until(lambda: engine.poll(["a-1"])["a-1"].state == "running")
    assert engine.free() == 1
    (tmp_path / "state/a-1/slurm").unlink()  # its coordinator died before it was written down
    again = SlurmEngine(tmp_path / "state", pause=0.2)
    again.start(shell("a-1", "exit 9", tmp_path))
    assert again.poll(["a-1"])["a-1"].state == "running"
    cluster.end()
    try:
        assert again.poll(["a-1"])["a-1"].state == "unreachable"
        assert not again.cancel("a-1")
        with pytest.raises(GitcoordError, match="Slurm cannot start the attempt b-1"):
            again.start(shell("b-1", "true", tmp_path))
        trouble = again.check()
        assert trouble is not None
        (tmp_path / "go").touch()
        assert ended(again, "a-1").code == 4  # it says so itself
    finally:
        cluster.resume()
    log = again.log("a-1")
    assert log is not None
    assert Path(log).read_text() == "here\n"
    with pytest.raises(GitcoordError, match=r"c-1: .*invalid partition"):
        SlurmEngine(tmp_path / "state", options=("--partition=none",)).start(shell("c-1", "true", tmp_path))


def test_a_run_on_slurm_ends_as_on_this_machine_although_a_job_is_killed(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    tasks = [task(1), task(2, subtasks=[task(1), task(2, depends_on=[1])]), task(3, depends_on=[1, 2])]
    write = 'name=$GITCOORD_TASK_ID-$GITCOORD_SUBTASK; echo "$name" > "work-$name"'
    once = f"[ $name != 1- -o -e {tmp_path}/begun ] || {{ touch {tmp_path}/begun; sleep 1000; }}"
    ends = []
    for engine in ("local", "slurm"):
        project = Project.create(tmp_path / engine, tasks, files={"gitcoord.toml": '[run]\nlease = "4s"\n'})
        agent = write if engine == "local" else f"{write}; {once}"
        words = ("run", "--engine", engine, "--shell", "--agent", agent, "--land", "--yes")
        running = start_gitcoord(*words, cwd=project.desk.path)
        if engine == "slurm":
            until((tmp_path / "begun").exists)
            assert project.run("logs", "1", "--json", ok=0).json["logs"][0]["running"]
            number = (project.desk.path / ".git/gitcoord/run/1-1/slurm").read_text()
            subprocess.run(["scancel", "--signal=KILL", "--full", number], check=True)
        _, err = running.communicate(timeout=240)
        assert running.returncode == 0, err
        ends.append(lasting(project))
    assert ends[0] == ends[1]
