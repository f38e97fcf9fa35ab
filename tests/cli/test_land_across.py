"""Levels across repositories: proved everywhere, landed in order, waited for or taken back."""

import os
import signal
from pathlib import Path

import pytest

from tests.landing.scenes import STRATEGIES
from tests.support.cli import start_gitcoord
from tests.support.services import SERVICES, Services
from tests.support.tasklists import task

NOTHING: dict[str, list[str]] = {name: [] for name in SERVICES}
ALL = {"schema": ["task1.txt"], "api": ["task2.txt"], "web": ["task3.txt"]}


def submitted(directory: Path, strategy: str, settings: str = "") -> Services:
    """Three repositories with the work of level-0 done."""
    services = Services.create(directory, strategy=strategy, settings=settings)
    for id, name in (("1", "schema"), ("2", "api"), ("3", "web")):
        services.work(id, {f"task{id}.txt": name}, at=name)
    return services


def freeze(services: Services, name: str) -> Path:
    """The remote takes nothing on its base any more."""
    hook = services.remotes[name].path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncase $1 in refs/heads/main) echo frozen >&2; exit 1;; esac\n")
    hook.chmod(0o755)
    return hook


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_level_lands_in_all_repositories_or_in_none(strategy: str, tmp_path: Path) -> None:
    services = Services.create(tmp_path / "world", strategy=strategy)
    services.work("1", {"task1.txt": "schema"}, at="schema")
    services.work("2", {"task2.txt": "api"}, at="api")
    ran = services.run("merge-level")
    assert (ran.code, services.added()) == (1, NOTHING)
    assert "It waits for task 3 in web: not started." in ran.out
    services.work("3", {"task3.txt": "web"}, at="web")
    ran = services.run("merge-level", "--json", ok=0)
    assert (ran.json["state"], services.added()) == ("landed", ALL)
    assert [name for name in SERVICES if f"{name}: task" in ran.err] == ["schema", "api", "web"]
    for name in ("api", "web"):
        services.work("4", {"task4.txt": name}, at=name, level=1)
    services.run("merge-level", ok=0)
    assert services.added()["api"] == ["task2.txt", "task4.txt"]
    ran = services.run("rollback", "0")
    assert (ran.code, "landed tasks depend on it: 4" in ran.err) == (1, True)
    services.run("rollback", "1", ok=0)
    assert services.added() == ALL


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_of_two_tasks_that_conflict_one_lands_everywhere_and_the_other_is_deferred(
    strategy: str, tmp_path: Path
) -> None:
    tasks = [task(1, repo="api"), task(2, repo="api"), task(3, repo="web")]
    services = Services.create(tmp_path / "world", strategy=strategy, tasks=tasks)
    for id, name in (("1", "api"), ("2", "api"), ("3", "web")):
        services.work(id, {f"task{id}.txt": name, "shared.txt": f"{id}\n"}, at=name)
    ran = services.run("merge-level", "--json")
    [deferred] = ran.json["repositories"]["api"]["deferred"]
    assert (deferred["task"], deferred["paths"]) == ("2", ["shared.txt"])
    assert services.added() == {"schema": [], "api": ["task1.txt"], "web": ["task3.txt"]}, ran.err
    assert (ran.json["state"], ran.json["missing"][0]["task"]) == ("partial", "2")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_task_that_lands_later_in_one_repository_is_left_out_in_the_others(
    strategy: str, tmp_path: Path
) -> None:
    tasks = [task(1, repo="web"), task(2, repo="api, web"), task(3, repo="api")]
    services = Services.create(tmp_path / "world", strategy=strategy, tasks=tasks)
    for id, name in (("1", "web"), ("2", "web"), ("2", "api"), ("3", "api")):
        files = {f"task{id}.txt": name, **({"shared.txt": f"{id}\n"} if name == "web" else {})}
        services.work(id, files, at=name)
    deferred = services.run("merge-level", "--json").json["repositories"]["web"]["deferred"]
    assert services.added() == {"schema": [], "api": ["task3.txt"], "web": ["task1.txt"]}
    assert [one["task"] for one in deferred] == ["2"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_tasks_that_two_repositories_have_in_opposite_waves_land_one_after_the_other(
    strategy: str, tmp_path: Path
) -> None:
    """Two waves are enough in `web` only if task 3 lands before task 2; in `api` task 2 is first."""
    tasks = [task(1, repo="web"), task(2, repo="api, web"), task(3, repo="api, web"), task(4, repo="web")]
    services = Services.create(tmp_path / "world", strategy=strategy, tasks=tasks)
    for id in ("2", "3"):
        services.work(id, {f"task{id}.txt": "api", "shared.txt": id}, at="api")
    for id, paths in (("1", "a"), ("2", "c"), ("3", "bc"), ("4", "ab")):
        services.work(id, {f"task{id}.txt": "web", **dict.fromkeys(paths, id)}, at="web")
    planned = services.run("merge-level", "--dry-run", ok=0).out
    ran = services.run("merge-level", "--json")
    assert services.added() == {"schema": [], "api": ["task2.txt"], "web": ["task1.txt", "task2.txt"]}, (
        ran.err
    )
    deferred = {
        name: {one["task"] for one in told["deferred"]} for name, told in ran.json["repositories"].items()
    }
    assert deferred == {"api": {"3"}, "web": {"3", "4"}}
    assert planned.count(" defer task") == 2  # task 3 in `api`, and task 4 in `web`
    assert "web: defer task 4" in planned
    assert "web: wait for task 3: it is ready and waits for the other repositories" in planned


def test_a_run_works_in_all_repositories_and_lands_what_needs_each_other(tmp_path: Path) -> None:
    services = Services.create(tmp_path / "world", strategy="multi-pr")
    agent = "echo $GITCOORD_TASK_ID > task$GITCOORD_TASK_ID.txt"
    ran = services.run("run", "--agent", agent, "--shell", "--yes", "--land", ok=0)
    assert "4 of 4 tasks have landed" in ran.err
    submitted_in = {line.partition(": ")[0] for line in ran.err.splitlines() if "task 4 submitted by" in line}
    assert submitted_in == {"api", "web"}
    assert services.added() == {**ALL, "api": ["task2.txt", "task4.txt"], "web": ["task3.txt", "task4.txt"]}
    ran = services.run("run", "--agent", agent, "--pipeline")
    assert (ran.code, "`gitcoord run` does not accept --pipeline" in ran.err) == (2, True)


def test_ctrl_c_twice_stops_the_attempts_in_all_repositories(tmp_path: Path) -> None:
    services = Services.create(tmp_path / "world", tasks=[task(1, repo="api"), task(2, repo="web")])
    words = ("run", "--agent", "sleep 1000", "--yes")
    running = start_gitcoord(*words, cwd=services.home.path)
    assert running.stderr is not None
    for sign in ("attempt 1 started", "Press Ctrl-C again"):
        wanted = {"api", "web"}
        while wanted:
            line = running.stderr.readline().decode()
            assert line, "the run has ended"
            wanted -= {line.partition(": ")[0]} if sign in line else set()
        os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=120)
    stopped = {line.partition(b": ")[0] for line in err.splitlines() if b"attempt 1 ended: cancelled" in line}
    assert (running.returncode, stopped) == (130, {b"api", b"web"}), err


def test_pull_requests_are_named_with_their_repository(tmp_path: Path) -> None:
    services = Services.create(tmp_path / "world", planned=False)
    services.work("7", {"task7.txt": "api"}, at="api")
    # Without a repository it is this one.
    for words in (["1"], ["#1"], ["--branches", "feature/level-0-task-7"]):
        ran = services.run("land", *words, "--yes")
        assert "several repositories" not in ran.err
        assert services.added()["api"] == []
    services.remotes["home"].commit({"here.txt": "1"}, branch="topic")
    services.run("land", "--branches", "topic", "--yes", ok=0)
    assert "here.txt" in services.remotes["home"].files("main")
    ran = services.run("land", "shop#1", "--yes")
    assert (ran.code, "There is no repository shop here" in ran.err) == (2, True)
    ran = services.run("land", "api#1", "web#2", "--yes")
    assert (ran.code, "one repository at a time" in ran.err) == (2, True)
    ran = services.run("land", "api#1", "--yes")
    assert (ran.code, "There is no pull request 1" in ran.err) == (3, True), ran.err


@pytest.mark.parametrize("on_partial", ["wait", "rollback"])
def test_a_repository_that_refuses_is_waited_for_or_all_is_taken_back(
    on_partial: str, tmp_path: Path
) -> None:
    services = submitted(tmp_path / "world", "multi-pr")
    hook = freeze(services, "api")
    ran = services.run("merge-level", "--on-partial", on_partial, "--json")
    assert ran.code == 1, ran.err
    if on_partial == "wait":
        assert (ran.json["state"], services.added()) == ("partial", {**NOTHING, "schema": ["task1.txt"]})
        reasons = {name: one["waiting"] for name, one in ran.json["repositories"].items() if one["waiting"]}
        assert "frozen" in reasons["api"][0]["reason"]
        assert "waits for the other repositories" in reasons["web"][0]["reason"]
        told = services.run("status", "--json", ok=0).json["levels"][0]
        assert (told["in"]["schema"], told["out"]["api"], told["out"]["web"]) == (["1"], ["2"], ["3"])
        hook.unlink()
        services.run("merge-level", ok=0)
        assert services.added() == ALL
    else:
        assert (ran.json["state"], services.added()) == ("rolled-back", NOTHING)
        assert "frozen" in ran.json["reason"]


def test_the_check_sees_all_repositories_side_by_side(tmp_path: Path) -> None:
    settings = (
        '[run]\nshell = true\n[landing]\ncheck = "cat $GITCOORD_REPOSITORY_SCHEMA/task1.txt '
        "$GITCOORD_REPOSITORY_API/task2.txt $GITCOORD_REPOSITORY_WEB/task3.txt > $OUT; test -f name.txt; "
        'grep -q web $OUT && ! grep -q bad $OUT"\n'
    )
    services = submitted(tmp_path / "world", "multi-pr", settings)
    env = {"OUT": str(tmp_path / "seen")}
    services.work("2", {"task2.txt": "bad"}, at="api")
    ran = services.run("merge-level", env=env)
    assert (ran.code, services.added()) == (1, NOTHING)
    assert "Nothing of level-0 has landed. Why: the check of all repositories side by side failed" in ran.out
    assert "run merge-level again later" not in ran.out.lower()
    # While it waits, it does not check the same commits again.
    ran = services.run("merge-level", "--wait", "4s", env=env)
    assert (ran.code, ran.err.count("checking home, schema, api, web side by side")) == (1, 1)
    services.work("2", {"task2.txt": "good"}, at="api")
    services.run("merge-level", env=env, ok=0)
    assert (tmp_path / "seen").read_text() == "schemagoodweb"
    assert services.added() == ALL
