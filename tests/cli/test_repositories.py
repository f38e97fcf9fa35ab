"""A plan over several repositories, through the command line."""

from pathlib import Path

import pytest

from tests.support.services import SERVICES, Services
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services.create(tmp_path / "world", planned=False)


def test_each_repository_gets_its_part_of_one_plan(services: Services) -> None:
    shown = services.run("plan", "--strategy", "multi-pr", "--json", ok=0).json
    assert [level["tasks"] for level in shown["levels"]] == [["1", "2", "3"], ["4"]]
    assert shown["tasks"]["4"]["repositories"] == ["api", "web"]
    assert "schema" in services.run("plan", ok=0).out
    parts = {name: services.run("plan", "--format", "levels", at=name, ok=0).out for name in SERVICES}
    assert parts == {"schema": "[[1]]\n", "api": "[[2],[4]]\n", "web": "[[3],[4]]\n"}
    # Task 4 needs task 1, of another repository, and task 2, which only one of its repositories has.
    ran = services.run("checkout", "4", at="web")
    assert (ran.code, "depends on tasks 1, 2, not" in ran.err) == (1, True), ran.err
    write_tasks(services.home.path, [task(1, repo="schema"), task(9, repo="shop")])
    ran = services.run("plan")
    assert (ran.code, "Task 9 works in shop, which is not under [repositories]" in ran.err) == (2, True)


def test_a_task_is_done_where_it_works_and_in_several_repositories_at_once(services: Services) -> None:
    both = [task(1, repo="api"), task(2, repo="api, web")]
    write_tasks(services.home.path, both)
    services.run("plan", "--strategy", "multi-pr", ok=0)
    ran = services.run("checkout", "2", "--json", ok=0)
    assert {name: told["directory"] for name, told in ran.json["repositories"].items()} == {
        name: str(services.clones[name].path) for name in ("api", "web")
    }
    api, web = services.clones["api"], services.clones["web"]
    api.commit({"task2.txt": "api\n"}, branch="feature/level-0-task-2")
    ran = services.run("submit", "2")
    # Nothing is handed in where one of them has nothing.
    assert (ran.code, api.git("for-each-ref", "refs/remotes/origin/feature")) == (1, ""), ran.err
    web.commit({"task2.txt": "web\n"}, branch="feature/level-0-task-2")
    services.run("submit", "2", ok=0)
    told = services.run("status", "--json", ok=0).json
    states = {name: told["repositories"][name]["tasks"]["2"]["state"] for name in ("api", "web")}
    assert states == {"api": "submitted", "web": "submitted"}
    assert told["levels"][0]["out"] == {"api": ["1", "2"], "web": ["2"]}
    assert services.run("check-conflicts").code == 0
    assert "task2.txt" in services.run("check-file", "../api/task2.txt", "--task", "1").out
    services.run("worker", "1", "--agent", "touch task1.txt", ok=0)
    assert services.remotes["api"].files("feature/level-0-task-1") == ["name.txt", "shared.txt", "task1.txt"]


def test_a_repository_that_is_not_there_or_has_a_plan_of_its_own_is_named(services: Services) -> None:
    settings = services.home.path / "gitcoord.toml"
    write_tasks(services.clones["api"].path, [task(1)])
    services.run("plan", at="api", ok=0)
    ran = services.run("plan")
    assert (ran.code, "The repository api has its own plan" in ran.err) == (2, True), ran.err
    assert services.remotes["schema"].git("for-each-ref", "refs/gitcoord") == ""
    settings.write_text('[repositories]\nschema = "../gone"\napi = "../api"\nweb = "../api"\n')
    ran = services.run("plan")
    assert (ran.code, "The repository schema is not at" in ran.err) == (2, True), ran.err
    ran = services.run("doctor")
    assert ran.code == 1
    assert "FAILED   repository schema" in ran.out
    assert "ok       api: base" in ran.out
    settings.write_text('[repositories]\napi = "../api"\nweb = "../api"\n')
    assert "The repositories api and web are the same" in services.run("plan").err


def test_a_url_is_cloned_into_the_cache_once(services: Services, tmp_path: Path) -> None:
    settings = services.home.path / "gitcoord.toml"
    url = services.remotes["web"].path.as_uri()
    settings.write_text(f'[repositories]\nschema = "../schema"\napi = "../api"\nweb = "{url}"\n')
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    services.run("plan", env=env, ok=0)
    (kept,) = (tmp_path / "cache/gitcoord/repositories").iterdir()
    (kept / "note").write_text("mine")
    services.run("plan", env=env, ok=0)
    assert (kept / "note").exists()
    settings.write_text('[repositories]\nweb = { at = "../web", token = "WEB_TOKEN" }\n')
    ran = services.run("plan")
    assert (ran.code, "takes its token from WEB_TOKEN, which is not set" in ran.err) == (2, True)
