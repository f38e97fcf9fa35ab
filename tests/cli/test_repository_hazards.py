"""Repositories of a plan that are not as expected: the same twice, gone, changed, with lists of their own."""

from pathlib import Path

import pytest

from gitcoord.git.github_remotes import remote_identity
from tests.support.services import Services
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def services(tmp_path: Path) -> Services:
    made = Services.create(tmp_path / "world", planned=False)
    made.env["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    return made


def name_them(services: Services, text: str) -> None:
    (services.home.path / "gitcoord.toml").write_text(text)


def test_urls_of_one_repository_have_one_identity() -> None:
    urls = ("git@github.com:Acme/api.git", "https://github.com/acme/API", "ssh://git@github.com/acme/api/")
    assert {remote_identity(url) for url in urls} == {"github.com/acme/api"}
    assert remote_identity("file:///srv/a%20b.git") == remote_identity("/srv/a b.git")
    assert remote_identity("https://me:x@git.example.com/A.git") == "git.example.com/A"


@pytest.mark.parametrize(("twice", "named"), [("api", "api and twin"), ("home", "home and twin")])
def test_a_repository_that_is_named_twice_by_other_addresses_is_refused(
    services: Services, twice: str, named: str
) -> None:
    url = services.remotes[twice].path.as_uri()
    name_them(services, f'[repositories]\napi = "../api"\ntwin = "{url}"\n')
    write_tasks(services.home.path, [task(1, repo="api"), task(2, repo="twin"), task(3)])
    ran = services.run("plan")
    assert (ran.code, f"The repositories {named} are the same" in ran.err) == (2, True), ran.err
    assert services.remotes["api"].git("for-each-ref", "refs/gitcoord") == ""


def test_an_error_names_the_repository_that_it_is_about(services: Services) -> None:
    write_tasks(services.home.path, [task(1, repo="api, web")])
    services.run("plan", "--strategy", "multi-pr", ok=0)
    services.run("checkout", "1", ok=0)
    services.clones["api"].commit({"task1.txt": "1\n"}, branch="feature/level-0-task-1")
    ran = services.run("submit", "1")
    assert (ran.code, "gitcoord: web: feature/level-0-task-1 has no commits" in ran.err) == (1, True), ran.err
    services.clones["web"].commit({"task1.txt": "1\n"}, branch="feature/level-0-task-1")
    services.run("submit", "1", ok=0)
    services.run("merge-level", ok=0)
    services.remotes["api"].commit({"task1.txt": "by hand\n"})
    ran = services.run("rollback", "0")
    assert (ran.code, "gitcoord: api: Reverting" in ran.err) == (1, True), ran.err
    services.remotes["api"].path.rename(services.remotes["api"].path.with_name("gone"))
    ran = services.run("status")
    assert (ran.code, "gitcoord: api: The remote origin cannot be read" in ran.err) == (3, True), ran.err
    (services.clones["api"].path / "gitcoord.toml").write_text("strategy = 3\n")
    ran = services.run("status")
    assert (ran.code, "gitcoord: api: gitcoord.toml: `strategy`" in ran.err) == (2, True), ran.err
    name_them(services, f'[repositories]\nweb = "{services.remotes["api"].path.as_uri()}"\n')
    ran = services.run("status")
    assert (ran.code, "gitcoord: web: `git clone" in ran.err) == (3, True), ran.err


def test_a_base_that_is_not_there_is_named_with_its_repository(services: Services) -> None:
    name_them(services, '[repositories]\nweb = { at = "../web", base = "nope" }\n')
    write_tasks(services.home.path, [task(1, repo="web")])
    ran = services.run("plan")
    assert (ran.code, "gitcoord: web: The base branch 'nope' does not exist" in ran.err) == (2, True), ran.err


def test_a_list_of_names_is_a_task_of_several_repositories(services: Services) -> None:
    write_tasks(services.home.path, [{**task(1), "repo": ["api", "web"]}])
    planned = services.run("plan", "--json", ok=0)
    assert planned.json["tasks"]["1"]["repositories"] == ["api", "web"]


def test_a_branch_of_no_task_here_is_not_taken_for_a_missing_plan(services: Services) -> None:
    write_tasks(services.home.path, [task(1, repo="web")])
    ran = services.run("submit")
    assert (ran.code, "No plan is saved" in ran.err) == (2, True), ran.err
    services.run("plan", ok=0)
    ran = services.run("submit")
    assert (ran.code, "No task of the plan works in this repository." in ran.err) == (2, True), ran.err


def test_the_kept_clone_of_a_url_has_the_settings_that_its_base_has_now(services: Services) -> None:
    name_them(services, f'[repositories]\nweb = "{services.remotes["web"].path.as_uri()}"\n')
    write_tasks(services.home.path, [task(1, repo="web")])
    services.run("plan", ok=0)
    services.remotes["web"].commit({"gitcoord.toml": '[run]\ncheck = "false"\n'})
    ran = services.run("worker", "1", "--agent", "touch task1.txt")
    assert (ran.code, "the check" in ran.err) == (1, True), ran.err


def test_a_task_list_of_another_repository_is_not_the_plans(services: Services) -> None:
    services.run("plan", ok=0)
    write_tasks(services.clones["api"].path, [task(2, title="Another")])
    services.run("worker", "2", "--agent", "touch task2.txt", ok=0)
    assert services.run("prompt", "2", ok=0).out.startswith("# Task 2: Task 2\n")


def test_agents_get_no_token_that_the_settings_name_for_a_repository(services: Services) -> None:
    web = '[repositories.web]\nat = "../web"\ntoken = "WEB_TOKEN"\n'
    name_them(services, f'[repositories]\nschema = "../schema"\napi = "../api"\n{web}')
    services.env |= {"WEB_TOKEN": "t0k-web", "OTHER": "seen"}
    services.run("plan", "--strategy", "multi-pr", ok=0)
    agent = "sh -c 'env > env.txt'"
    services.run("worker", "1", "--agent", agent, ok=0)
    services.run("worker", "3", "--agent", agent, ok=0)
    services.run("run", "--agent", "env > env.txt", "--shell", "--yes")
    for id, name in (("1", "schema"), ("2", "api"), ("3", "web")):
        text = services.remotes[name].read(f"feature/level-0-task-{id}", "env.txt")
        assert ("OTHER=seen" in text, "t0k-web" in text, "WEB_TOKEN" in text) == (True, False, False), name


def test_a_base_that_was_renamed_is_found_by_the_next_plan_or_set(services: Services) -> None:
    services.run("plan", "--strategy", "multi-pr", ok=0)
    services.work("2", {"task2.txt": "api"}, at="api")
    services.remotes["api"].git("branch", "-m", "main", "trunk")
    ran = services.run("merge-level")
    assert (ran.code, "gitcoord: api: The plan's base branch main does not exist" in ran.err) == (2, True)
    assert "[repositories]" in ran.err
    services.run("plan", ok=0)
    assert services.run("status", "--json", ok=0).json["repositories"]["api"]["base"] == "trunk"
    services.remotes["api"].git("branch", "develop", "trunk")
    text = (services.home.path / "gitcoord.toml").read_text()
    name_them(services, text.replace('"../api"', '{ at = "../api", base = "develop" }'))
    services.run("plan", ok=0)
    assert services.run("status", "--json", ok=0).json["repositories"]["api"]["base"] == "develop"


def test_a_run_that_can_start_nowhere_and_a_file_of_no_task_are_wrong_usage(services: Services) -> None:
    services.run("plan", ok=0)
    for more in ("--dry-run", "--yes"):
        ran = services.run("run", "--agent", "no-such-agent", "--land", more)
        assert (ran.code, ran.err.count("no-such-agent is not in PATH")) == (2, 3), ran.err
    ran = services.run("check-file", "shared.txt")
    assert (ran.code, "No task of the plan works in this repository" in ran.err) == (2, True), ran.err


def test_names_that_are_exchanged_in_the_settings_are_refused(services: Services) -> None:
    services.run("plan", ok=0)
    name_them(services, '[repositories]\nschema = "../schema"\napi = "../web"\nweb = "../api"\n')
    for command in ("status", "plan"):
        ran = services.run(command)
        assert (ran.code, "is web in the saved plan" in ran.err) == (2, True), ran.err


def test_work_of_a_task_that_moves_to_another_repository_is_named(services: Services) -> None:
    write_tasks(services.home.path, [task(1, repo="api")])
    services.run("plan", "--strategy", "multi-pr", ok=0)
    services.run("checkout", "1", ok=0)
    write_tasks(services.home.path, [task(1, repo="web")])
    ran = services.run("plan", ok=0)
    assert "Task 1 has work in api" in ran.out + ran.err
    assert services.run("status", "--json", ok=0).json["repositories"].keys() == {"web"}
