"""The engine over SSH: the behaviours of every engine, on real SSH servers here, and hosts that go away."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gitcoord.engines.engine import Engine
from gitcoord.engines.ssh import SshEngine, read_hosts
from gitcoord.errors import GitcoordError
from tests.engines.contract import EngineContract, ended, shell
from tests.support.cli import start_gitcoord
from tests.support.project import Project
from tests.support.ssh import SshHosts, needs_sshd
from tests.support.tasklists import task
from tests.support.waiting import until

pytestmark = needs_sshd


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHosts]:
    made = SshHosts(tmp_path_factory.mktemp("ssh") / "hosts", ("one", "two"))
    yield made
    made.close()


class TestSshEngine(EngineContract):
    @pytest.fixture(autouse=True)
    def _hosts(self, hosts: SshHosts) -> None:
        self.hosts = hosts

    def make(self, state: Path) -> Engine:
        return SshEngine(state, read_hosts(["one", "two:2"]), ssh=self.hosts.command, pause=0.05)


def test_a_host_that_goes_away_is_no_end_of_an_attempt_and_its_log_comes_with_its_end(
    hosts: SshHosts, tmp_path: Path
) -> None:
    engine = SshEngine(tmp_path / "state", read_hosts(["one"]), ssh=hosts.command, pause=0.05)
    engine.start(
        shell("a-1", "echo here; while [ ! -e go ]; do sleep 0.02; done; echo done; exit 4", tmp_path)
    )
    assert (engine.poll(["a-1"])["a-1"].state, engine.free()) == ("running", 0)
    kept = tmp_path / "state/a-1/log"
    until(lambda: engine.fetch_log("a-1") and kept.exists() and kept.read_text() == "here\n")
    hosts.end("one")
    try:
        assert engine.poll(["a-1"])["a-1"].state == "unreachable"
        assert not engine.cancel("a-1")
        with pytest.raises(GitcoordError, match="one cannot be reached"):
            engine.start(shell("b-1", "true", tmp_path))
        trouble = engine.check()
        assert trouble is not None
        assert trouble.message == "one cannot be reached."
    finally:
        hosts.begin("one")
    assert engine.poll(["a-1"])["a-1"].state == "running"
    (tmp_path / "go").touch()
    assert ended(engine, "a-1").code == 4
    log = engine.log("a-1")
    assert log is not None
    assert Path(log).read_text() == "here\ndone\n"
    # What could not be started goes to the host that it was given to, once.
    engine.start(shell("b-1", "true", tmp_path))
    # Its slot is free when it has ended, whoever asks about it.
    until(lambda: engine.free() == 1)
    assert ended(engine, "b-1").code == 0


def test_a_run_over_two_hosts_lands_everything_although_one_dies_for_good(
    hosts: SshHosts, tmp_path: Path
) -> None:
    command = " ".join(hosts.command)
    settings = f'[run]\nlease = "4s"\n[engines.ssh]\nhosts = ["one", "two"]\ncommand = "{command}"\n'
    tasks = [task(1), task(2), task(3, depends_on=[1, 2])]
    project = Project.create(tmp_path, tasks, files={"gitcoord.toml": settings})
    hang = f"case $HOME in *home-one) touch {tmp_path}/began; exec sleep 1000 ;; esac"
    agent = f'{hang}; echo "$HOME" > "work-$GITCOORD_TASK_ID.txt"'
    words = ("run", "--engine", "ssh", "--shell", "--agent", agent, "--land", "--yes", "--json")
    running = start_gitcoord(*words, cwd=project.desk.path)
    until((tmp_path / "began").exists)
    hosts.end("one")
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HOME") == str(hosts.home("one")):
                process.kill()
    try:
        _, err = running.communicate(timeout=120)
        assert running.returncode == 0, err
        found = {name: project.remote.read("main", f"work-{name}.txt") for name in "123"}
        assert found == dict.fromkeys("123", str(hosts.home("two")))
    finally:
        hosts.begin("one")


def test_words_that_are_no_host_are_refused() -> None:
    assert [(host.name, host.slots) for host in read_hosts(["a", "me@b:3"])] == [("a", 1), ("me@b", 3)]
    for word in ("-oProxyCommand=x", "a:0", "a:x", "a:²", "a:" + "9" * 5000, ":3", "a b", ""):
        with pytest.raises(GitcoordError, match=r"is not a host|no number of slots|No host has a slot"):
            read_hosts([word])


def test_a_host_keeps_what_an_attempt_left_uncommitted(hosts: SshHosts, tmp_path: Path) -> None:
    command = " ".join(hosts.command)
    settings = f'[engines.ssh]\nhosts = ["one"]\ncommand = "{command}"\n'
    project = Project.create(tmp_path, [task(1)], files={"gitcoord.toml": settings})
    agent = (
        "if [ $GITCOORD_ATTEMPT = 1 ]; then echo precious > new; exit 1; fi; git clean -fdxq; "
        "git show refs/gitcoord-kept/uncommitted/1-1:new > shown"
    )
    project.run("run", "--engine", "ssh", "--shell", "--agent", agent, "--retries", "1", "--yes", ok=0)
    assert project.remote.read("feature/level-0-task-1", "shown") == "precious"
