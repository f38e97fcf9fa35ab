"""Commands that work in each repository of a plan over several, and name it in rows and documents."""

import re
from pathlib import Path

import pytest

from tests.support.cli import fork_gitcoord
from tests.support.services import SERVICES, Services
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services.create(tmp_path / "world", tasks=[task(1, repo="schema"), task(2, repo="api, web")])


def test_what_can_start_is_cancelled_and_retried_in_each_repository_of_the_task(services: Services) -> None:
    assert services.run("next", ok=0).out.splitlines() == [
        "schema: 1  Task 1  feature/level-0-task-1",
        "api: 2  Task 2  feature/level-0-task-2",
        "web: 2  Task 2  feature/level-0-task-2",
    ]
    told = services.run("cancel", "2", "--json", ok=0).json["repositories"]
    assert {name: one["units"] for name, one in told.items()} == {"api": ["2"], "web": ["2"]}
    told = services.run("next", "--json", ok=0).json["repositories"]
    assert [told[name]["state"] for name in SERVICES] == ["ready", "waiting", "waiting"]
    ran = services.run("log", "--task", "2", ok=0)
    assert [line.split()[2] for line in ran.out.splitlines()] == ["api", "web"], ran.out
    told = services.run("retry", "--all", "--json", ok=0).json["repositories"]
    assert {name: one["tasks"] for name, one in told.items()} == {"api": ["2"], "web": ["2"]}
    ran = services.run("retry", "--all")
    assert (ran.code, "gitcoord: No task failed" in ran.err) == (1, True)
    ran = services.run("pause")
    assert (ran.code, "No run is under way" in ran.err) == (1, True)


def test_a_worker_does_a_task_in_one_repository_after_the_other_and_the_list_is_synced_at_the_end(
    services: Services,
) -> None:
    told = services.run("worker", "2", "--agent", "touch task2.txt", "--json", ok=0).json["repositories"]
    assert {name: one["outcome"] for name, one in told.items()} == {"api": "ok", "web": "ok"}
    ran = services.run("worker", "1", "--agent", "false")
    assert (ran.code, "schema: task 1, attempt 1" in ran.err) == (1, True), ran.err
    for name in ("api", "web"):
        assert services.run("sync", "--dry-run", "--json", ok=0).json["changes"] == []
        services.remotes[name].git("update-ref", "refs/heads/main", "refs/heads/feature/level-0-task-2")
    changes = services.run("sync", "--json", ok=0).json["changes"]
    assert changes == [{"task": "2", "before": "pending", "now": "done"}]
    assert services.run("log", "--json", ok=0).json["repositories"].keys() == {*SERVICES, "home"}


def test_a_report_and_a_prediction_are_made_for_each_repository(services: Services) -> None:
    page = services.directory / "report.html"
    services.run("report", "--html", str(page), ok=0)
    assert {one.name for one in services.directory.glob("report*")} == {
        f"report.{name}.html" for name in SERVICES
    }
    ran = services.run("report", "--html", "-")
    assert (ran.code, "one repository only" in ran.err) == (2, True)
    assert services.run("report", "--json", ok=0).json["repositories"].keys() == {*SERVICES}
    write_tasks(services.home.path, [task(1, repo="schema"), task(2, repo="api"), task(3, repo="api")])
    told = services.run("predict", "--json", ok=0).json["repositories"]
    assert {name: [one["tasks"] for one in each["pairs"]] for name, each in told.items()} == {
        "schema": [],
        "api": [["2", "3"]],
    }


def test_prompts_and_logs_of_a_task_are_shown_for_each_of_its_repositories(services: Services) -> None:
    told = services.run("prompt", "2", "--json", ok=0).json["repositories"]
    assert "This checkout is of `api`" in told["api"]["text"]
    assert "do the part in `api`" in told["web"]["sections"]["heading"]
    shown = services.run("prompt", "2", ok=0).out
    assert shown.index("Repository api") < shown.index("This checkout is of `api`") < shown.index("of `web`")
    assert "Repository" not in services.run("prompt", "1", ok=0).out
    ran = services.run("logs", "2")
    assert (ran.code, "There is no log of task 2" in ran.err) == (2, True), ran.err
    follower = fork_gitcoord("logs", "2", "-f", cwd=services.home.path, env=services.env)
    services.run("worker", "2", "--agent", "sh -c 'cat name.txt; touch x'", ok=0)
    code, out, _ = follower.end()
    assert (code, b"api: api\n" in out, b"web: web\n" in out) == (0, True, True), out
    shown = services.run("logs", "2", ok=0).out
    assert re.search(r"(?s)Repository api.*\napi\n.*Repository web.*\nweb\n", shown), shown
    told = services.run("logs", "2", "--json", ok=0).json["repositories"]
    assert {name: one["attempt"] for name, one in told.items()} == {"api": 1, "web": 1}
    ran = services.run("logs", "2", "--check")
    assert (ran.code, "No check of task 2 has failed" in ran.err) == (2, True)
