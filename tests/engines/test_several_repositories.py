"""Engines over several repositories: the settings of the home repository, shared slots, real SSH servers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitcoord.cli.running.run_shares import deal_hosts
from tests.support.cli import start_gitcoord
from tests.support.engines import asked_for
from tests.support.ready_engines import kinds
from tests.support.services import LIST, Services
from tests.support.ssh import SshHosts, needs_sshd
from tests.support.tasklists import task
from tests.support.waiting import until

WORK = "echo $HOME > task$GITCOORD_TASK_ID.txt"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHosts]:
    made = SshHosts(tmp_path_factory.mktemp("ssh") / "hosts", ("one", "two"))
    yield made
    made.close()


def on_hosts(
    directory: Path, *, settings: str = "", tasks: Sequence[dict[str, Any]], hosts: SshHosts
) -> Services:
    """Services whose home repository knows the hosts, by a file of its own."""
    engine = '[engines.ssh]\nhosts = ["one", "two"]\ncommand = "ssh -F deploy/config"\n'
    services = Services.create(directory, tasks=tasks, settings=f"{settings}\n{engine}")
    (services.home.path / "deploy").mkdir()
    (services.home.path / "deploy/config").write_bytes((hosts.place / "config").read_bytes())
    push_settings(services)
    return services


def push_settings(services: Services) -> None:
    """Pushes the list and the settings: hosts check out the home repository with them."""
    services.home.git("add", "gitcoord.toml", ".taskmaster")
    services.home.git("commit", "--quiet", "-m", "Plan")
    services.home.git("push", "--quiet")


@needs_sshd
def test_a_run_over_ssh_works_in_all_repositories_with_the_hosts_of_the_home_repository(
    hosts: SshHosts, tmp_path: Path
) -> None:
    services = on_hosts(
        tmp_path / "world", settings='[run]\nengine = "ssh"\n', tasks=[*LIST, task(5)], hosts=hosts
    )
    (services.home.path / "docs").mkdir()
    ran = services.run("run", "--agent", WORK, "--shell", "--yes", "--land", at="home/docs", ok=0)
    assert "5 of 5 tasks have landed" in ran.err
    # Three repositories, two slots: `schema` and `web` get the first host, `api` the second.
    done = {
        (name, id): services.remotes[name].read("main", f"task{id}.txt")
        for name, ids in {"schema": "1", "api": "24", "web": "34", "home": "5"}.items()
        for id in ids
    }
    assert set(done.values()) == {str(hosts.home("one")), str(hosts.home("two"))}
    assert done["api", "2"] != done["schema", "1"]


@pytest.mark.parametrize(
    "engine", [pytest.param(name, marks=asked_for(name)) for name in ("slurm", "dask", "kubernetes", "argo")]
)
def test_a_run_on_a_cluster_works_in_all_repositories(engine: str, tmp_path: Path) -> None:
    kind = kinds()[engine]
    if kind.skip:
        pytest.skip(kind.skip)
    with kind.make(tmp_path / "engine", 3) as ready:
        services = Services.create(
            tmp_path / "world",
            tasks=[*LIST, task(5)],
            settings=f'[run]\nengine = "{engine}"\n{ready.settings}',
            env=ready.environment,
        )
        push_settings(services)
        words = ("run", *ready.options, "--agent", WORK, "--shell", "--yes", "--land")
        ran = services.run(*words, ok=0)
    assert "5 of 5 tasks have landed" in ran.err
    assert services.added()["web"] == ["task3.txt", "task4.txt"]
    assert "task5.txt" in services.remotes["home"].files("main")


@needs_sshd
def test_the_log_of_an_attempt_on_a_host_is_read_from_the_home_repository(
    hosts: SshHosts, tmp_path: Path
) -> None:
    services = on_hosts(tmp_path / "world", tasks=LIST[:3], hosts=hosts)
    wait = f"echo working; while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; {WORK}"
    words = ("run", "--engine", "ssh", "--agent", wait, "--shell", "--yes")
    running = start_gitcoord(*words, cwd=services.home.path)
    try:
        until(lambda: "\nworking\n" in services.run("logs", "2").out)
    finally:
        (tmp_path / "go").touch()
        _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err


@needs_sshd
def test_a_host_that_does_not_answer_is_named_once_before_anything_starts(
    hosts: SshHosts, tmp_path: Path
) -> None:
    services = on_hosts(tmp_path / "world", tasks=LIST[:3], hosts=hosts)
    hosts.end("two")
    try:
        ran = services.run("run", "--engine", "ssh", "--agent", WORK, "--shell", "--yes")
    finally:
        hosts.begin("two")
    assert (ran.code, ran.err.count("two cannot be reached")) == (3, 1), ran.err
    assert "at most" not in ran.err


def test_slots_of_hosts_are_dealt_so_that_all_runs_together_have_no_more() -> None:
    assert deal_hosts([("a", 3), ("b", 3)], 3) == ["a:1,b:1"] * 3
    assert deal_hosts([("a", 1), ("b", 1)], 2) == ["a:1,b:0", "b:1,a:0"]
    assert deal_hosts([("a", 1)], 2) == ["a:1", "a:1"]


def test_engines_are_those_of_the_home_repository_unless_one_has_its_own(tmp_path: Path) -> None:
    settings = '[run]\nengine = "ssh"\n[engines.ssh]\nhosts = ["one"]\n[engines.kubernetes]\nimage = "i:1"\n'
    services = Services.create(tmp_path, settings=settings, planned=False)
    assert services.run("engines", ok=0).out.count("* ssh") == 1
    own = '[run]\nengine = "kubernetes"\n[engines.kubernetes]\nnamespace = "web"\n'
    (services.clones["web"].path / "gitcoord.toml").write_text(own)
    listed = services.run("engines", ok=0).out
    assert listed.index("In home, schema, api:") < listed.index("In web:")
    documents = services.run("engines", "--json", ok=0).json["repositories"]
    chosen = {
        name: [row["name"] for row in one["engines"] if row["chosen"]] for name, one in documents.items()
    }
    assert chosen == {"home": ["ssh"], "schema": ["ssh"], "api": ["ssh"], "web": ["kubernetes"]}
    missing = {row["name"]: row["missing"] for row in documents["web"]["engines"]}
    assert "`image` in [engines.kubernetes]" in missing["kubernetes"]
    assert not any("hosts" in one for one in missing["ssh"])


def test_wrong_options_of_an_engine_are_one_error_and_this_machine_may_be_named(tmp_path: Path) -> None:
    services = Services.create(tmp_path, tasks=LIST[:3])
    words = ("run", "--agent", WORK, "--shell", "--yes")
    ran = services.run(*words, "--engine", "local", "--hosts", "one")
    assert (ran.code, ran.err.count("--hosts needs --engine ssh")) == (2, 1), ran.err
    ran = services.run(*words, "--engine", "ssh")
    assert (ran.code, ran.err.count("The engine ssh has no hosts")) == (2, 1), ran.err
    ran = services.run(*words, "--max-parallel", "many")
    assert (ran.code, ran.err.count("--max-parallel 'many' is not a number")) == (2, 1), ran.err
    services.run(*words, "--engine", "local", ok=0)


def test_doctor_tries_the_engine_of_each_repository(tmp_path: Path) -> None:
    services = Services.create(tmp_path, settings='[run]\nengine = "ssh"\n', planned=False)
    told = services.run("doctor", ok=1).out
    rows = [line for line in told.splitlines() if "engine ssh: The engine ssh has no hosts." in line]
    assert len(rows) == 4
    assert rows[1].startswith("FAILED   schema: ")
