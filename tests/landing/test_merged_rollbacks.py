"""What the forge merged for a rollback is compared with what was computed, by whoever records it."""

from pathlib import Path

import pytest

from tests.landing.scenes import independent_on_github
from tests.landing.test_merged_trees import another_desk, at_the_next_look
from tests.landing.test_rollback_github import landed_on_github
from tests.support.cli import fork_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import kill_group
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection, QueueEntry
from tests.support.github.person import Person
from tests.support.project import Project

__all__ = ["hub"]


@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_a_rollback_that_was_merged_wrong_is_noticed_although_the_answer_was_lost(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = landed_on_github(tmp_path, hub)
    hub.fault(r"PUT .*/merge$", "wrong-tree-lost")
    ran = project.run("rollback", "level-0", "--method", method, "--json", ok=3)
    assert ran.json["code"] == "tree-differs"


def proposed(hub: GitHubEmulator, directory: Path) -> Project:
    """Task 1 has landed as pull request 1, and pull request 2 would roll it back."""
    project = independent_on_github(directory, hub, "1")
    project.run("merge-level", ok=0)
    project.run("rollback", "level-0", "--no-merge", ok=0)
    return project


@pytest.mark.parametrize(
    ("command", "method"), [("rollback", "merge"), ("rollback", "rebase"), ("merge-level", "squash")]
)
def test_a_wrong_merge_of_a_rollback_that_a_person_asked_for_is_noticed_by_whoever_records_it(
    command: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = proposed(hub, tmp_path)
    app = hub.repository("acme/app")
    app.to_spoil.add(2)
    Person(app).merge(2, method=method, title="By hand", message="", delete_head=True)
    other = another_desk(project, tmp_path / "other", hub)  # which has never had the head
    ran = other.run(command, "level-0", "--json", ok=3)
    assert ran.json["code"] == "tree-differs"
    assert "pull request 2 " in ran.json["message"]
    assert project.run("rollback", "level-0", "--json", ok=0).json["state"] == "already"


def test_a_wrong_merge_of_a_rollback_by_the_queue_is_noticed(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = proposed(hub, tmp_path)
    app = hub.repository("acme/app")
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    app.to_spoil.add(2)
    app.pulls[2].queued = QueueEntry(app.next_id(), app.pulls[2].head_sha, 1)
    assert project.run("rollback", "level-0", "--wait", "30s", "--json", ok=3).json["code"] == "tree-differs"


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_wrong_merge_of_a_rollback_that_was_broken_off_is_noticed_after_its_client_has_died(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = proposed(hub, tmp_path)
    app = hub.repository("acme/app")
    hub.fault(r"PUT .*/merge$", "partial-merge")
    rolling = fork_gitcoord("rollback", "level-0", "--method", method, cwd=project.desk.path, env=project.env)
    hub.when(r"PUT .*/merge$", lambda: app.to_spoil.add(2))
    at_the_next_look(hub, lambda: kill_group(rolling.pid))
    rolling.end()
    assert (app.pulls[2].state, len(app.spoiled)) == ("open", 1)
    other = another_desk(project, tmp_path / "other", hub)
    assert other.run("rollback", "level-0", "--json", ok=3).json["code"] == "tree-differs"


def test_a_rollback_that_a_person_merged_by_hand_and_pushed_is_not_compared(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = proposed(hub, tmp_path)
    clone = project.remote.clone(tmp_path / "by-hand")
    pull = hub.repository("acme/app").pulls[2]
    clone.git("merge", "--quiet", "--no-ff", "--no-commit", f"origin/{pull.head}")
    (clone.path / "settled.txt").write_text("what neither side has\n")
    clone.git("add", "settled.txt")
    clone.git("commit", "--quiet", "--message", "Merge by hand")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    assert project.run("rollback", "level-0", "--json", ok=0).json["state"] == "done"
    assert pull.merged
