"""Containers claim their task: two for one task, one that is killed, frozen, told to end."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.support.container import DO, Container, ended, kill, wait_for, waits_for, work_in_base
from tests.support.copies import copy_of
from tests.support.processes import everything_of, send
from tests.support.project import Project, independent


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One task, which nobody has begun."""

    def make(place: Path) -> Project:
        return Project.create(place, independent("1"))

    return copy_of("container", make, tmp_path, tmp_path_factory)


@pytest.fixture
def leased(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same; a worker that sends no heartbeat for three seconds counts as lost."""

    def make(place: Path) -> Project:
        return Project.create(place, independent("1"), files={"gitcoord.toml": '[run]\nlease = "3s"\n'})

    return copy_of("leased container", make, tmp_path, tmp_path_factory)


@pytest.mark.parametrize("state_of_disk", ["kept", "lost"])
def test_a_container_killed_while_its_agent_works_does_the_task_once(
    leased: Project, tmp_path: Path, state_of_disk: str
) -> None:
    project = leased
    begun = tmp_path / "begun"
    container = Container(project, "1").with_agent(f"echo half > half.txt; touch {begun}; sleep 60")
    process = container.start()
    wait_for(begun.exists, process)
    kill(process)
    (container.workdir / "clone" / ".git" / "index.lock").touch()
    if state_of_disk == "lost":
        container.workdir.rename(tmp_path / "gone")
    again = container.with_agent(DO).run()
    assert ("is held by container-1" in again.err) == (state_of_disk == "lost")
    assert set(work_in_base(project)) == {"work/1.txt"}
    assert ("half.txt" in project.remote.files("main")) == (state_of_disk == "kept")


def test_of_two_containers_for_one_task_one_runs_its_agent_and_the_other_waits(
    leased: Project, tmp_path: Path
) -> None:
    go, runs = tmp_path / "go", tmp_path / "runs"
    agent = f"echo $GITCOORD_WORKER >> {runs}; until [ -e {go} ]; do sleep 0.1; done; {DO}"
    first, second, third = (
        Container(leased, "1", GITCOORD_WORKER=name, WORKDIR=str(tmp_path / name)).with_agent(agent)
        for name in ("first", "second", "third")
    )
    one = first.start()
    wait_for(runs.exists, one)
    third.env["WAIT"] = "0s"
    assert "attempt 1 by first has been running since" in third.run(ok=75).err
    two = second.start()
    heard = waits_for(two, "task 1 is held by first (attempt 1): waiting")
    go.touch()
    ended(one)
    assert "task 1 has" in heard + ended(two).err
    assert runs.read_text() == "first\n"
    assert set(work_in_base(leased)) == {"work/1.txt"}


def test_a_container_that_was_taken_for_dead_hands_nothing_in_when_it_comes_back(
    leased: Project, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    agent = f"echo late > late.txt; touch {begun}; until [ -e {go} ]; do sleep 0.1; done"
    dead = Container(leased, "1", GITCOORD_WORKER="dead", WORKDIR=str(tmp_path / "dead")).with_agent(agent)
    process = dead.start()
    wait_for(begun.exists, process)
    frozen = everything_of(process.pid)
    send(frozen, signal.SIGSTOP)
    other = Container(leased, "1").run()
    assert "task 1 is held by dead" in other.err
    landed = leased.remote.tip("main")
    go.touch()
    send(frozen, signal.SIGCONT)
    assert "a newer attempt has begun" in ended(process, ok=1).err
    assert leased.remote.tip("main") == landed
    assert "late.txt" not in leased.remote.files("feature/level-0-task-1")


def test_a_container_that_is_told_to_end_ends_its_agent_and_can_be_started_again(
    project: Project, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    container = Container(project, "1").with_agent(f"echo $$ > {begun}; exec sleep 60")
    process = container.start()
    wait_for(lambda: begun.exists() and begun.read_text(), process)
    agent = psutil.Process(int(begun.read_text()))
    process.terminate()  # the first process of the container alone, as container runtimes do it
    assert "received SIGTERM" in ended(process, ok=143).err
    assert not agent.is_running()
    assert project.remote.find("refs/heads/feature/level-0-task-1") is None
    container.with_agent(DO).run()
    assert set(work_in_base(project)) == {"work/1.txt"}


def test_containers_that_share_a_directory_do_not_work_in_it_at_once(
    project: Project, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    agent = f"touch {begun}; until [ -e {go} ]; do sleep 0.1; done; {DO}"
    first = Container(project, "1").with_agent(agent).start()
    wait_for(begun.exists, first)
    assert "Another worker is at work in" in Container(project, "1").run(ok=75).err
    go.touch()
    ended(first)
