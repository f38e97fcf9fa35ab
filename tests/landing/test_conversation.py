"""What landing says on GitHub, and what it tidies up there: texts, labels, drafts, comments, branches."""

from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.landing.scenes import independent_on_github, three_tasks_on_github
from tests.support.cli import start_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import kill_group
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.project import MAIN, Project, independent

__all__ = ["hub"]
SETTINGS = """
[pull-requests]
title = "[$level] $title ($$)"
body = "Wave $wave on $base.\\n\\n$overlaps\\n\\nSee the guide."
labels = ["agents"]
reviewers = ["hubot"]
team-reviewers = ["strangers"]
draft = true
"""


def test_a_deferred_pull_request_says_so_once_and_that_it_is_settled_when_it_has_landed(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = three_tasks_on_github(tmp_path, hub, "multi-pr")
    app = hub.repository("acme/app")
    # The comment's answer is lost: it is there all the same, and not made again.
    lost = hub.fault("POST .*/comments$", "reset", when="after")
    for _ in range(2):
        project.run("merge-level")
    assert lost.fired == 1
    (comment,) = app.comments
    assert comment.number == 3
    assert "it conflicts with task 1, which landed before it, in:\n\n- `src/main.rs`" in comment.body
    assert "`gitcoord checkout 3`" in comment.body
    worker = project.worker("3")
    worker.run("checkout", "3", ok=0)
    worker.repo.path.joinpath("src/main.rs").write_text(MAIN.replace("start", "both"))
    worker.run("submit", ok=0)
    (landed,) = [
        one for one in project.run("merge-level", "--json", ok=0).json["landed"] if one["task"] == "3"
    ]
    (comment,) = app.comments
    assert "**Settled.**" in comment.body
    assert "conflicted with task 1 in `src/main.rs`" in comment.body
    assert landed["pull"] == 3


def test_pull_requests_are_opened_as_the_settings_say_whatever_is_killed(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    (project.desk.path / "gitcoord.toml").write_text(SETTINGS)
    running: list[int] = []
    hub.fault("POST .*/pulls$", "kill", when="after", kill=lambda: kill_group(running[0]))
    process = start_gitcoord("merge-level", cwd=project.desk.path, env=project.env)
    running.append(process.pid)
    process.communicate(timeout=60)
    app.set_status(project.remote.tip("feature/level-0-task-1"), "ci", "success")
    ran = project.run("merge-level", "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1"]
    assert "warning: GitHub did not change the reviewers of pull request 2" in ran.err
    assert [(pull.title, pull.labels) for pull in app.pulls.values()] == [
        ("[level-0] Task 1 ($)", ["agents"]),
        ("[level-0] Task 2 ($)", ["agents"]),
    ]
    assert (app.pulls[1].body or "").partition("\n")[2].startswith("Wave 1 of 1 on main.\n\n- Overlap: none")
    # Both had their turn; what somebody makes a draft again stays one.
    assert not app.pulls[2].draft
    app.pulls[2].draft = True
    assert "draft: " in project.run("merge-level", "--json").json["waiting"][0]["reason"]


def test_branches_are_deleted_when_all_that_they_hold_has_landed_and_nothing_is_lost(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app, api = hub.repository("acme/app"), Api(hub.repository("acme/app"))
    project.remote.commit({"stacked.txt": "s"}, branch="stacked", at="feature/level-0-task-1")
    stacked = api.open_pull("stacked", "feature/level-0-task-1")
    project.run("merge-level", "--method", "squash", ok=0)
    newer = project.remote.commit({"late.txt": "late"}, "late", branch="feature/level-0-task-2")
    ran = project.run("merge-level", "0", "--delete-branches", "--json", ok=0)
    assert ran.json["deleted"] == ["feature/level-0-task-1"]
    assert ran.json["unlanded"] == [{"task": "2", "branch": "feature/level-0-task-2", "tip": newer}]
    assert project.remote.find("refs/heads/feature/level-0-task-1") is None
    assert (app.pulls[stacked].state, app.pulls[stacked].base) == ("open", "main")
    shown = project.run("merge-level", "0", ok=0)
    assert "`gitcoord submit 2` submits them" in shown.out


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_without_a_forge_branches_go_and_their_pull_requests_move_just_the_same(
    strategy: str, tmp_path: Path
) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy)
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": id})
    project.run("merge-level", "--delete-branches", ok=0)
    branches = [ref for ref in project.remote.refs() if ref.startswith("refs/heads/")]
    assert branches == ["refs/heads/main"]
    again = project.run("merge-level", "0", "--delete-branches", "--json", ok=0)
    assert (len(again.json["landed"]), again.json["deleted"]) == (2, [])
    assert project.remote.files("main") == ["1.txt", "2.txt", "src/main.rs"]
