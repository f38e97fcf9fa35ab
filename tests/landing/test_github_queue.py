"""Landing where GitHub merges by itself: through its merge queue, by auto-merge; and bases that want more."""

import signal
from pathlib import Path
from typing import Literal

import pytest

from tests.landing.scenes import independent_on_github
from tests.support.cli import start_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import kill_group
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection

__all__ = ["hub"]
OUTDATED = "Head branch is out of date. Review and try the merge again."


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_what_is_handed_over_to_the_queue_is_followed_until_it_has_landed(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", strategy=strategy)
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    app.queue_method, app.background_reads = "squash", 6
    first = project.run("merge-level", "--json")
    assert first.code == 1
    assert {one["reason"] for one in first.json["waiting"]} == {
        "it is in the forge's merge queue, and merges when its turn comes"
    }
    landed = project.run("merge-level", "--wait", "60s", "--json", ok=0)
    assert {one["task"] for one in landed.json["landed"]} == {"1", "2"}
    assert {one["pull"] for one in landed.json["landed"]} == set(app.pulls)
    assert set(app.merges.values()) == {1}
    assert not hub.requests(r"PUT .*/merge(-async)?$")
    assert "handed over to the forge's merge queue" in project.run("log").out


def test_what_the_queue_takes_out_is_named_with_its_reason_until_something_is_pushed(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True))
    app.background_reads = 1
    # The check is demanded of the queue only when the pull request is in there.
    project.run("merge-level")
    app.protect("main", Protection.requiring("ci", merge_queue=True))
    while app.pulls[1].queued:
        held = project.run("merge-level", "--json")
    app.protect("main", Protection(merge_queue=True))
    held = project.run("merge-level", "--json")
    reason = held.json["waiting"][0]["reason"]
    assert reason.startswith('merge queue: GitHub took it out of its queue: Required status check "ci" is')
    project.remote.commit({"more.txt": "more"}, branch="feature/level-0-task-1")
    assert project.run("merge-level", "--wait", "30s", "--json", ok=0).json["landed"][0]["pull"] == 1


def test_a_queue_that_is_demanded_by_rules_nobody_may_read_is_joined_once_it_takes_the_pull_request(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, approvals=1))
    app.admin = False
    held = project.run("merge-level", "--json").json["waiting"][0]["reason"]
    assert held == "Pull request is not in the correct state to be queued"
    app.review(1, by="lisa")
    landed = project.run("merge-level", "--wait", "30s", "--json", ok=0).json["landed"]
    assert ([one["pull"] for one in landed], app.merges[1]) == ([1], 1)


@pytest.mark.parametrize(("habit", "updates"), [("takes", 0), ("refuses", 1)])
def test_what_is_behind_a_strict_base_is_brought_up_to_date_only_when_the_queue_does_not_take_it(
    habit: Literal["takes", "refuses"], updates: int, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, strict=True, form="classic"))
    app.add_rules("main", Protection(merge_queue=True, form="ruleset"))
    app.habits.queue_when_behind = habit
    project.remote.commit({"out.txt": "o\n"}, "from outside")
    landed = project.run("merge-level", "--wait", "30s", "--json", ok=0).json["landed"]
    assert ([one["pull"] for one in landed], app.merges[1]) == ([1], 1)
    told = project.remote.git("rev-list", "--count", "--merges", app.pulls[1].head_sha)
    assert told == str(updates)


def test_what_the_queue_merges_in_its_own_way_is_not_measured_by_a_merge_that_was_refused(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    project.work("1", {"more.txt": "more\n"})
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True))
    app.background_reads = 3
    moved: list[str] = []

    def meanwhile() -> float:
        if not moved and hub.requests(r"PUT .*/merge$"):
            moved.append(project.remote.commit({"out.txt": "o\n"}, "from outside"))
        return 0.0

    hub.latency = meanwhile
    landed = project.run("merge-level", "--method", "rebase", "--wait", "30s", "--json", ok=0).json["landed"]
    assert ([one["pull"] for one in landed], app.merges[1], len(moved)) == ([1], 1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_landing_that_is_killed_around_its_handing_over_is_in_the_queue_once(
    when: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True))
    app.background_reads = 4
    running: list[int] = []
    # First it is asked where the pull request stands with the queue.
    hub.fault("^POST .*/graphql$", "kill", when=when, nth=2, kill=lambda: kill_group(running[0]))
    process = start_gitcoord("merge-level", cwd=project.desk.path, env=project.env)
    running.append(process.pid)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    queued = app.pulls[1].queued
    assert (queued is None) == (when == "before")
    project.run("merge-level")
    assert queued is None or app.pulls[1].queued in (queued, None)
    assert project.run("merge-level", "--wait", "60s", "--json", ok=0).json["landed"][0]["pull"] == 1


def test_auto_merge_is_enabled_once_and_reported_until_it_has_merged(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    declined = project.run("merge-level", "--auto", "--json").json["waiting"][0]["reason"]
    assert declined == (
        "check ci: it has not been reported yet; the forge does not merge it automatically: "
        "Pull request Auto merge is not allowed for this repository"
    )
    app.settings.allow_auto_merge = True
    for _ in range(2):
        waiting = project.run("merge-level", "--auto", "--json").json["waiting"]
        assert {one["reason"] for one in waiting} == {
            "check ci: it has not been reported yet (it then merges automatically)"
        }
    for id in ("1", "2"):
        app.set_status(project.remote.tip(f"feature/level-0-task-{id}"), "ci", "success")
    landed = project.run("merge-level", "--auto", "--wait", "30s", "--json", ok=0)
    assert {one["task"]: one["pull"] for one in landed.json["landed"]} == {"1": 1, "2": 2}


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_base_that_is_strict_only_when_it_comes_to_merging_gets_an_updated_branch(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", strategy=strategy)
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level")
    app.protect("main", Protection())
    outside = project.remote.commit({"out.txt": "o\n"}, "from outside")
    hub.fault(r"PUT .*/merge$", "status", status=405, body={"message": OUTDATED})
    ran = project.run("merge-level", "--json", ok=0)
    assert [one["task"] for one in ran.json["landed"]] == ["1"]
    head = app.pulls[1].head_sha
    assert project.remote.git("merge-base", "--is-ancestor", outside, head) == ""
    assert len(hub.requests(r"PUT .*/merge$")) == 2


@pytest.mark.parametrize(("parent", "child"), [("1", "2"), ("2", "1")])
def test_a_queue_that_squashes_gets_the_branches_of_a_stack_one_after_the_other(
    parent: str, child: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    project.remote.git(
        "update-ref",
        f"refs/heads/feature/level-0-task-{child}",
        project.remote.tip(f"feature/level-0-task-{parent}"),
    )
    project.work(child, {f"{parent}.txt": None, "child.txt": "child\n"})
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    app.queue_method, app.background_reads = "squash", 6
    waiting = project.run("merge-level", "--json").json["waiting"]
    assert any("in the same stack as task" in one["reason"] for one in waiting)
    project.run("merge-level", "--wait", "60s", "--json", ok=0)
    assert project.remote.files("main").count(f"{parent}.txt") == 0
    assert "child.txt" in project.remote.files("main")
