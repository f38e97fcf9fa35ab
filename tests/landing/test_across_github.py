"""A level over three repositories of the emulated GitHub: other strategies, methods and tokens in each."""

from pathlib import Path

import pytest

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.github.person import Person
from tests.support.repos import Repo
from tests.support.services import SERVICES, Services

__all__ = ["hub"]
ALL = {"schema": ["task1.txt"], "api": ["task2.txt"], "web": ["task3.txt"]}


def on_github(directory: Path, hub: GitHubEmulator, *, planned: bool = True) -> Services:
    """Three repositories with the work of level-0 done; `web` differs in strategy, method and token."""
    made = {name: hub.make_repository(f"acme/{name}") for name in ("home", *SERVICES)}
    own = hub.make_token()
    services = Services.create(
        directory,
        remotes={name: Repo(one.git_dir) for name, one in made.items()},
        urls={name: one.authenticated_url for name, one in made.items()},
        env={**hub.environment(), "WEB_TOKEN": own.text},
        planned=False,
    )
    settings = services.home.path / "gitcoord.toml"
    web = 'web = { at = "../web", strategy = "single-pr", method = "squash", token = "WEB_TOKEN" }'
    settings.write_text(settings.read_text().replace('web = "../web"', web))
    services.clones["web"].git("remote", "set-url", "origin", made["web"].clone_url)
    if planned:
        services.run("plan", "--strategy", "multi-pr", ok=0)
    for id, name in (("1", "schema"), ("2", "api"), ("3", "web")):
        services.work(id, {f"task{id}.txt": name}, at=name)
    return services


def test_pull_requests_name_each_other_and_a_lost_answer_lands_once(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    services = on_github(tmp_path / "world", hub)
    fault = hub.fault(r"PUT /repos/acme/api/.*/merge$", "reset", when="after")
    ran = services.run("merge-level", "--json", ok=0)
    assert (fault.fired, ran.json["state"], services.added()) == (1, "landed", ALL)
    assert {name: told["strategy"] for name, told in ran.json["repositories"].items()} == {
        "schema": "multi-pr",
        "api": "multi-pr",
        "web": "single-pr",
    }
    assert [len(hub.requests(rf"PUT /repos/acme/{name}/pulls/1/merge$")) for name in SERVICES] == [1, 1, 1]
    (comment,) = hub.repository("acme/schema").comments
    assert "acme/api/pull/1" in comment.body
    assert "acme/web/pull/1" in comment.body
    by = {request.by for request in hub.requests(r"/repos/acme/web")}
    assert by.isdisjoint({request.by for request in hub.requests(r"/repos/acme/api/")})


@pytest.mark.parametrize("on_partial", ["wait", "rollback"])
def test_a_gate_that_closes_in_the_middle_is_waited_for_or_all_is_taken_back(
    on_partial: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    services = on_github(tmp_path / "world", hub)
    api = hub.repository("acme/api")
    hub.hooks.on("before_merge_cas", lambda repository, pull: api.protect("main", Protection.requiring("ci")))
    ran = services.run("merge-level", "--on-partial", on_partial, "--json")
    assert ran.code == 1, ran.err
    if on_partial == "wait":
        assert ran.json["state"] == "partial"
        assert services.added() == {**ALL, "api": [], "web": []}
    else:
        assert ran.json["state"] == "rolled-back", ran.json
        assert services.added() == {name: [] for name in SERVICES}


def test_a_rollback_that_waits_in_one_repository_leaves_those_that_it_needs(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    services = on_github(tmp_path / "world", hub)
    services.run("merge-level", "0", ok=0)
    api = hub.repository("acme/api")
    api.protect("main", Protection.requiring("ci"))
    ran = services.run("rollback", "0")
    assert (ran.code, services.added()) == (1, {**ALL, "web": []}), ran.err
    assert "schema: its tasks stay until api is rolled back" in ran.err
    ran = services.run("status")
    assert "level-0 is being rolled back. Not rolled back: task 1 in schema; task 2 in api." in ran.out
    ran = services.run("merge-level", "0", "--json")
    assert (ran.json["state"], services.added()) == ("rolling-back", {**ALL, "web": []}), ran.err
    api.unprotect("main")
    services.run("rollback", "0", ok=0)
    assert services.added() == {name: [] for name in SERVICES}
    assert services.run("status", "--json", ok=0).json["rolling_back"] == []


def test_pull_requests_of_another_repository_are_landed_by_its_name(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    services = on_github(tmp_path / "world", hub, planned=False)
    pull = Person(hub.repository("acme/api")).open("feature/level-0-task-2", "main", "Notes")
    ran = services.run("land", f"acme/api#{pull}", "--yes", "--json", ok=0)
    assert [one["pull"] for one in ran.json["landed"]] == [pull]
    assert services.added() == {"schema": [], "api": ["task2.txt"], "web": []}
    # The same by the settings' name: it is in.
    ran = services.run("land", f"api#{pull}", "--yes")
    assert (ran.code, services.added()["api"]) == (0, ["task2.txt"]), ran.err
