"""Landing with a check: the base becomes what has passed it, and whoever fails is named."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.context import open_context
from gitcoord.event_stamp import now
from gitcoord.events import TaskDeferred
from gitcoord.landing.defer_task import record_deferral
from tests.landing.scenes import METHODS, STRATEGIES
from tests.landing.semantic import CHECK, failing_commits, renamed_function
from tests.support.cli import start_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_renamed_function_never_breaks_the_base(strategy: str, method: str, tmp_path: Path) -> None:
    project = renamed_function(tmp_path, strategy)
    first = project.remote.tip("main")
    options = ("--check", CHECK, "--slots", "2", "--method", method)
    ran = project.run("merge-level", "0", *options, "--json")
    print(ran.err)
    assert ran.code == 1
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "4"]
    (deferred,) = ran.json["deferred"]
    assert (deferred["task"], deferred["with"]) == ("2", ["1"])
    assert "open is called, and not defined" in deferred["reason"]
    assert failing_commits(project, first) == []


def test_without_a_check_it_lands_as_before_and_says_that_none_was_run(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "multi-pr")
    ran = project.run("merge-level", "0", ok=0)
    assert ran.err.count("no check was run") == 1
    assert not (project.desk.path / ".git" / "gitcoord" / "checks").exists()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_base_that_fails_itself_is_named_and_blames_nobody(strategy: str, tmp_path: Path) -> None:
    project = renamed_function(tmp_path, strategy)
    project.remote.commit({"calls/other": "nothing\n"}, "break it")
    ran = project.run("merge-level", "0", "--check", CHECK, "--slots", "2", "--json")
    assert (ran.code, ran.json["landed"], ran.json["deferred"]) == (1, [], [])
    for one in ran.json["waiting"]:
        assert f"main itself at {project.remote.tip('main')[:12]} fails the check" in one["reason"]
        assert "nothing is called, and not defined" in one["reason"]
    # Ends with another code than before: that is a new failure, which the others are not.
    worse = "sh check.sh || { e=$?; test -e functions/four && exit 3; exit $e; }"
    options = ("--check", worse, "--shell", "--slots", "2", "--allow-red-base")
    ran = project.run("merge-level", "0", *options, "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1", "2", "3"]
    assert [one["task"] for one in ran.json["deferred"]] == ["4"]


def test_a_check_without_a_clear_result_defers_nobody_and_the_others_land(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "multi-pr")
    text = "! test -e calls/three || sleep 60"
    ran = project.run(
        *("merge-level", "0", "--check", text, "--shell", "--slots", "2", "--check-timeout", "2s", "--json")
    )
    assert ([one["task"] for one in ran.json["landed"]], ran.json["deferred"]) == (["1", "2", "4"], [])
    (waiting,) = ran.json["waiting"]
    assert waiting["reason"] == "its check has no clear result: it was ended after 2 s"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_was_checked_is_not_checked_again_and_a_kill_loses_nothing(
    strategy: str, tmp_path: Path
) -> None:
    project = renamed_function(tmp_path, strategy)
    first, counted = project.remote.tip("main"), tmp_path / "trees"
    text = f"git rev-parse HEAD^{{tree}} >> {counted}; {CHECK}"
    options = ("merge-level", "0", "--check", text, "--shell", "--slots", "1", "--flaky", "0", "--json")
    for kills in range(1, 4):
        run = start_gitcoord(*options, cwd=project.desk.path)
        while run.poll() is None and len(lines(counted)) < kills:
            time.sleep(0.01)
        run.kill()
        run.communicate()
    ran = project.run(*options)
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "4"]
    assert [(one["task"], one["with"]) for one in ran.json["deferred"]] == [("2", ["1"])]
    assert len(lines(counted)) == len(set(lines(counted)))
    assert failing_commits(project, first) == []
    again = project.run(*options)
    assert [one["task"] for one in again.json["deferred"]] == ["2"]
    assert len(lines(counted)) == len(set(lines(counted)))


def test_a_base_that_moves_while_checks_run_is_proved_anew(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "multi-pr")
    first, begun = project.remote.tip("main"), tmp_path / "begun"
    text = f"touch {begun}; sleep 1; {CHECK}"
    run = start_gitcoord(
        *("merge-level", "0", "--check", text, "--shell", "--slots", "1", "--json"),
        cwd=project.desk.path,
    )
    while not begun.exists():
        time.sleep(0.01)
    # Somebody pushes a call of what task 1 renames.
    pushed = project.remote.commit({"calls/pushed": "open\n"}, "push")
    out, err = run.communicate()
    ended = json.loads(out)
    assert [one["task"] for one in ended["landed"]] == ["2", "3", "4"], err
    (deferred,) = ended["deferred"]
    assert deferred["task"] == "1"
    assert f"with commit {pushed[:12]} of main" in deferred["reason"]
    assert failing_commits(project, first) == []


def test_two_landings_at_once_check_and_land_everything_once(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "single-pr")
    first = project.remote.tip("main")
    second = project.remote.clone(tmp_path / "second")
    options = ("merge-level", "0", "--check", CHECK, "--slots", "1", "--json")
    runs = [start_gitcoord(*options, cwd=place.path) for place in (project.desk, second)]
    ended = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [1, 1], ended
    assert failing_commits(project, first) == []
    landed = project.run("status", "--json").json
    assert "open" in project.remote.read("feature/level-0-task-2", "calls/two")
    assert "calls/two" not in project.remote.files("main")
    assert {"functions/four", "calls/three"} <= set(project.remote.files("main")), landed


def test_a_deferred_task_lands_once_it_is_mended_and_says_so_before(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "multi-pr")
    first = project.remote.tip("main")
    options = ("merge-level", "0", "--check", CHECK, "--slots", "2")
    assert project.run(*options).code == 1
    steps = project.run(*options, "--dry-run", ok=0).out
    assert "leave task 2 deferred: it fails the check `sh check.sh` with task 1" in steps
    worker = project.worker("2")
    told = worker.run("checkout", "2", ok=0)
    assert "fails the check `sh check.sh` with task 1" in told.err
    assert "open is called, and not defined" in told.err
    worker.write({"calls/two": "open_file\n"})
    worker.run("submit", ok=0)
    project.run(*options, ok=0)
    assert failing_commits(project, first) == []


def test_on_one_base_a_task_is_deferred_anew_once_it_fails_with_others(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "multi-pr")
    store = open_context(project.desk.path).store
    store.refresh()
    head = project.remote.tip("feature/level-0-task-2")
    first = TaskDeferred(
        at=now(),
        by="me",
        task="2",
        head=head,
        reason="fails",
        others=("1",),
        onto="base",
        check="c",
        tree="t",
    )
    others = [first, first, msgspec.structs.replace(first, others=(), tree="u")]
    for event in others:
        record_deferral(store, event)
    recorded = [entry.event for entry in store.journal() if isinstance(entry.event, TaskDeferred)]
    assert [event.others for event in recorded] == [("1",), ()]


def test_options_that_need_a_check_or_contradict_it_are_refused(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    for options, says in (
        (("--slots", "2"), "--slots needs a check"),
        (("--check", "true", "--no-check"), "contradict each other"),
        (("--check", "true", "--auto"), "--auto cannot be used with a check"),
        (("--check", "'"), "cannot be read"),
        (("--check", "true", "--window", "x"), "--window 'x' is not a number"),
        (("--check", "true", "--check-timeout", "x"), "is not a duration"),
    ):
        ran = project.run("merge-level", *options)
        assert ran.code == 2
        assert says in ran.err


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


# Each strategy with each method: `test_a_renamed_function_never_breaks_the_base` here, and on GitHub
# `test_the_base_is_what_merging_by_hand_gives`.
@pytest.mark.parametrize(
    ("strategy", "method"), [("multi-pr", "merge"), ("single-pr", "squash"), ("multi-pr", "rebase")]
)
def test_on_github_the_base_is_as_safe_and_takes_no_more_requests(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    where = {"remote": Repo(app.git_dir), "url": app.authenticated_url, "env": hub.environment()}
    project = renamed_function(tmp_path, strategy, **where)
    first = project.remote.tip("main")
    options = ("--check", CHECK, "--slots", "2", "--method", method, "--json")
    ran = project.run("merge-level", "0", *options)
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "4"], ran.err
    assert [(one["task"], one["with"]) for one in ran.json["deferred"]] == [("2", ["1"])]
    assert failing_commits(project, first) == []
    checked = len(hub.requests(r".* /repos/"))
    assert checked <= (32 if strategy == "multi-pr" else 12)


def test_a_check_on_this_machine_takes_no_request_more(hub: GitHubEmulator, tmp_path: Path) -> None:
    requests = []
    for number, options in enumerate(((), ("--check", "true", "--slots", "2"))):
        app = hub.make_repository(f"acme/app-{number}")
        where = {"remote": Repo(app.git_dir), "url": app.authenticated_url, "env": hub.environment()}
        project = renamed_function(tmp_path / str(number), "multi-pr", **where)
        before = len(hub.requests(r".* /repos/"))
        project.run("merge-level", "0", *options, ok=0)
        requests.append(len(hub.requests(r".* /repos/")) - before)
    assert requests[1] <= requests[0]


def test_what_merges_and_fails_together_is_named_before_anything_lands(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "single-pr")
    before = project.remote.refs()
    ran = project.run("check-conflicts", "0", "--check", CHECK, "--slots", "2")
    assert ran.code == 1
    assert "2 ‡ -" in ran.out
    assert "‡ fail the check together, merge is clean" in ran.out
    assert "Task 2 fails the check `sh check.sh` with task 1" in ran.out
    assert "level-0 merges, but the check fails; without 2 it passes." in ran.out
    assert project.remote.refs() == before
    found = project.run("check-conflicts", "0", "--check", CHECK, "--json").json
    assert [(one["task"], one["with"]) for one in found["check"]["failing"]] == [("2", ["1"])]
    assert found["check"]["passed"] == ["1", "3", "4"]
    assert project.run("check-conflicts", "0", "--check", "true", ok=0).out.rstrip().endswith("passes on it.")
    assert "check" not in project.run("check-conflicts", "0", "--json", ok=0).json
    refused = project.run("check-conflicts", "0", "--check", CHECK, "--watch", ok=2)
    assert "--check cannot be used with --worktrees or --watch" in refused.err


def test_with_whom_two_fail_is_found_by_checks_side_by_side(tmp_path: Path) -> None:
    ids = ("1", "2", "3", "4", "5", "6")
    project = Project.create(tmp_path, independent(*ids), strategy="single-pr")
    for id in ids:
        project.work(id, {f"{id}.txt": id})
    # 4 fails with 1, and 6 fails with 3; alone on the base each waits until the other is checked there, too.
    alone = "test -e 4.txt -a ! -e 1.txt -a ! -e 6.txt"
    other = "test -e 6.txt -a ! -e 3.txt -a ! -e 4.txt"
    meet = "touch {0}/{1}; until test -e {0}/{2}; do sleep 0.05; done"
    text = (
        f"if {alone}; then {meet.format(tmp_path, 'four', 'six')}; fi;"
        f"if {other}; then {meet.format(tmp_path, 'six', 'four')}; fi;"
        "! test -e 1.txt -a -e 4.txt && ! test -e 3.txt -a -e 6.txt"
    )
    options = ("--check", text, "--shell", "--slots", "2", "--flaky", "0", "--check-timeout", "20s", "--json")
    ran = project.run("merge-level", "0", *options)
    assert {one["task"]: one["with"] for one in ran.json["deferred"]} == {"4": ["1"], "6": ["3"]}, ran.err
    assert [one["task"] for one in ran.json["landed"]] == ["1", "2", "3", "5"]
