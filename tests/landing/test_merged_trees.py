"""What the forge merged is compared with what was computed, also where its answer was lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.landing.scenes import independent_on_github
from tests.landing.test_github_races import tasks_of
from tests.support.cli import fork_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import kill_group
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.github.person import Person
from tests.support.project import Project
from tests.support.repos import Repo

__all__ = ["hub"]


def test_a_merge_that_came_out_otherwise_stops_the_run_with_both_trees(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    side = hub.repository("acme/app").git
    first = project.remote.tree("main")
    # A GitHub that merges wrongly: it writes the tree of the base.
    write = side.write_commit
    side.write_commit = lambda tree, *more, **named: write(first, *more, **named)  # type: ignore[method-assign]
    ran = project.run("merge-level", "--json")
    assert ran.code == 3
    assert ran.json["code"] == "tree-differs"
    assert first in ran.json["message"]
    assert len(hub.requests(r"PUT .*/merge$")) == 1


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_merge_that_drops_what_moved_the_base_meanwhile_stops_the_run(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app, head = hub.repository("acme/app"), "feature/level-0-task-1"
    app.habits.merge_when_unknown = "finds out"
    side = app.git
    computed = project.remote.git("merge-tree", "--write-tree", "main", head)
    write = side.write_commit

    def move_the_base() -> None:
        project.remote.commit({"other.txt": "other\n"}, "Somebody else's work")
        side.write_commit = lambda tree, *more, **named: write(computed, *more, **named)  # type: ignore[method-assign]

    hub.when(r"PUT .*/merge$", move_the_base)
    ran = project.run("merge-level", "--method", method, "--json", ok=3)
    assert ran.json["code"] == "tree-differs"
    assert f"gave the tree {computed}" in ran.json["message"]
    assert len(hub.requests(r"PUT .*/merge$")) == 1


def test_a_wrong_merge_is_noticed_although_its_answer_was_lost(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    hub.fault(r"PUT .*/merge$", "wrong-tree-lost")
    assert project.run("merge-level", "--json", ok=3).json["code"] == "tree-differs"


def another_desk(project: Project, place: Path, hub: GitHubEmulator) -> Project:
    """The project as another client has it, in a clone of its own."""
    project.desk.git("clone", "--quiet", hub.repository("acme/app").authenticated_url, str(place))
    return Project(project.remote, Repo(place), project.env)


def at_the_next_look(hub: GitHubEmulator, act: Callable[[], None]) -> None:
    """Act when the client whose merge comes first looks at git again."""

    def wait() -> None:
        hub.when(r"GET .*/info/refs\?service=git-upload-pack", act)

    hub.when(r"PUT .*/merge$", wait)


@pytest.mark.parametrize(("strategy", "method"), [("multi-pr", "rebase"), ("single-pr", "squash")])
def test_a_wrong_merge_is_noticed_by_who_sent_it_although_another_client_records_the_landing(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", strategy=strategy)
    other = another_desk(project, tmp_path / "other", hub)
    hub.fault(r"PUT .*/merge$", "wrong-tree-lost")

    codes: list[int] = []
    at_the_next_look(hub, lambda: codes.append(other.run("merge-level", "--method", method).code))
    ran = project.run("merge-level", "--method", method, "--json", ok=3)
    assert ran.json["code"] == "tree-differs"
    assert codes == [3]
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["task"] == "1"


def test_a_wrong_merge_is_noticed_by_the_next_run_when_the_client_that_sent_it_has_died(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    hub.fault(r"PUT .*/merge$", "wrong-tree-lost")
    landing = fork_gitcoord("merge-level", cwd=project.desk.path, env=project.env)
    at_the_next_look(hub, lambda: kill_group(landing.pid))
    landing.end()
    ran = project.run("merge-level", "--json", ok=3)
    assert ran.json["code"] == "tree-differs"
    assert tasks_of(project.run("merge-level", "--json", ok=0).json["landed"]) == ["1", "2"]


def test_a_wrong_auto_merge_is_noticed(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.settings.allow_auto_merge = True
    app.protect("main", Protection.requiring("ci"))

    def open_the_gate() -> None:
        app.to_spoil.add(1)
        app.set_status(project.remote.tip("feature/level-0-task-1"), "ci", "success")

    hub.when("POST /graphql", open_the_gate, when="after", body="enablePullRequestAutoMerge")
    ran = project.run("merge-level", "--auto", "--wait", "30s", "--json", ok=3)
    assert ran.json["code"] == "tree-differs"


@pytest.mark.parametrize(
    ("strategy", "method"), [("multi-pr", "merge"), ("multi-pr", "squash"), ("single-pr", "rebase")]
)
def test_a_wrong_merge_by_the_queue_is_noticed_by_whoever_records_the_landing(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", strategy=strategy)
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    app.queue_method, app.background_reads = method, 20
    project.run("merge-level", ok=1)
    other = another_desk(project, tmp_path / "other", hub)
    app.to_spoil.add(1)
    ran = other.run("merge-level", "--wait", "30s", "--json", ok=3)
    assert ran.json["code"] == "tree-differs"
    assert "pull request 1 " in ran.json["message"]
    assert tasks_of(project.run("merge-level", "--wait", "30s", "--json", ok=0).json["landed"]) == ["1", "2"]


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_wrong_merge_that_a_person_asked_for_is_noticed(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level", ok=1)
    app.protect("main", Protection())
    app.to_spoil.add(1)
    Person(app).merge(1, method=method, title="By hand", message="", delete_head=True)
    other = another_desk(project, tmp_path / "other", hub)  # which has never had the head
    assert other.run("merge-level", "--json", ok=3).json["code"] == "tree-differs"


@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_a_wrong_merge_that_was_broken_off_is_noticed_after_its_client_has_died(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app = hub.repository("acme/app")
    hub.fault(r"PUT .*/merge$", "partial-merge")
    landing = fork_gitcoord("merge-level", "--method", method, cwd=project.desk.path, env=project.env)
    hub.when(r"PUT .*/merge$", lambda: app.to_spoil.add(1))
    at_the_next_look(hub, lambda: kill_group(landing.pid))
    landing.end()
    assert (app.pulls[1].state, len(app.spoiled)) == ("open", 1)
    assert project.run("merge-level", "--method", method, "--json", ok=3).json["code"] == "tree-differs"


def test_a_merge_that_was_broken_off_is_not_held_against_a_head_that_has_moved_since(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    hub.fault(r"PUT .*/merge$", "partial-merge")

    def somebody_goes_on() -> None:
        project.remote.commit({"more.txt": "more\n"}, "go on", branch="feature/level-0-task-1")

    at_the_next_look(hub, somebody_goes_on)
    ran = project.run("merge-level", "--method", "squash", "--json", ok=0)
    assert tasks_of(ran.json["landed"]) == ["1"]
    assert "more.txt" not in project.remote.files("main")


def test_what_a_person_merged_by_hand_and_pushed_is_not_compared(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level", ok=1)
    app.protect("main", Protection())
    clone = project.remote.clone(tmp_path / "by-hand")
    clone.git("merge", "--quiet", "--no-ff", "--no-commit", "origin/feature/level-0-task-1")
    (clone.path / "settled.txt").write_text("what neither side has\n")
    clone.git("add", "settled.txt")
    clone.git("commit", "--quiet", "--message", "Merge by hand")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    assert tasks_of(project.run("merge-level", "--json", ok=0).json["landed"]) == ["1"]
    assert app.pulls[1].merged


@pytest.mark.parametrize(
    ("method", "others", "wrong"),
    [
        ("rebase", "squash", False),
        ("merge", "rebase", False),
        ("squash", "rebase", True),
        ("rebase", "merge", True),
    ],
)
def test_what_another_client_merged_in_its_own_way_is_compared_by_that_way(
    method: str, others: str, wrong: bool, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    project.remote.commit({"more.txt": "more\n"}, "go on", branch="feature/level-0-task-1")
    other = another_desk(project, tmp_path / "other", hub)
    hub.fault(r"PUT .*/merge$", "reset")
    if wrong:
        hub.fault(r"PUT .*/merge$", "wrong-tree", nth=2)

    codes: list[int] = []

    def push_and_land() -> None:
        project.remote.commit({"out.txt": "out\n"}, "from outside")
        codes.append(other.run("merge-level", "--method", others).code)

    at_the_next_look(hub, push_and_land)
    ran = project.run("merge-level", "--method", method, "--json", ok=3 if wrong else 0)
    assert ran.json.get("code") == ("tree-differs" if wrong else None)
    assert codes == [3 if wrong else 0]


def test_a_merge_of_a_newer_head_is_not_held_against_a_lost_one(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    hub.fault(r"PUT .*/merge$", "reset")

    def somebody_goes_on() -> None:
        project.remote.commit({"more.txt": "more\n"}, "go on", branch="feature/level-0-task-1")
        Person(app).merge(1, method="squash", title="By hand", message="")

    hub.when(r"PUT .*/merge$", somebody_goes_on)
    ran = project.run("merge-level", "--json", ok=0)
    assert tasks_of(ran.json["landed"]) == ["1"]
    assert "more.txt" in project.remote.files("main")
