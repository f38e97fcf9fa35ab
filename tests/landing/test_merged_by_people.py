"""What people merge on GitHub in their own way and in words of their own: it counts by what it did."""

from pathlib import Path

import pytest

from tests.landing.test_rollback import states
from tests.landing.test_rollback_github import landed_on_github
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.person import Person
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

__all__ = ["hub"]


@pytest.mark.parametrize("method", ["squash", "rebase", "merge"])
def test_a_rollback_merged_in_other_words_counts(method: str, hub: GitHubEmulator, tmp_path: Path) -> None:
    project = landed_on_github(tmp_path, hub)
    app, start = hub.repository("acme/app"), project.remote.tree("main~2")
    opened = project.run("rollback", "level-0", "--no-merge", "--json", ok=0).json
    words = {"title": "Out with it", "message": ""}
    Person(app).merge(opened["pull"], method=method, **words, delete_head=True)
    assert project.remote.tree("main") == start
    assert states(project) == dict.fromkeys("12", "rolled-back")
    assert project.run("merge-level", "level-0", "--json").json["landed"] == []
    assert "already" in project.run("rollback", "level-0", ok=0).out
    assert len(app.pulls) == 3


def test_a_rollback_that_somebody_added_to_counts_by_the_forge(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = landed_on_github(tmp_path, hub)
    app = hub.repository("acme/app")
    opened = project.run("rollback", "level-0", "--no-merge", "--json", ok=0).json
    project.remote.commit({"also.txt": "what came to mind\n"}, "More", branch=opened["branch"])
    words = {"title": "Out with it", "message": ""}
    Person(app).merge(opened["pull"], method="squash", **words, delete_head=True)
    planned = project.run("merge-level", "level-0", "--dry-run")
    assert "record that task 1 was rolled back" in planned.out
    assert project.run("merge-level", "level-0", "--json").json["landed"] == []
    assert states(project) == dict.fromkeys("12", "rolled-back")
    assert len(app.pulls) == 3


def test_a_rollback_that_was_given_up_takes_nothing_back(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = landed_on_github(tmp_path, hub)
    opened = project.run("rollback", "level-0", "--no-merge", "--json", ok=0).json
    Person(hub.repository("acme/app")).close(opened["pull"])
    project.remote.commit({"1.txt": None}, "Only one of the files")
    assert states(project) == dict.fromkeys("12", "landed")
    assert len(project.run("merge-level", "level-0", "--json", ok=0).json["landed"]) == 2


@pytest.mark.parametrize(
    ("strategy", "method"), [("multi-pr", "squash"), ("single-pr", "rebase"), ("single-pr", "merge")]
)
def test_work_that_was_only_started_counts_once_a_person_has_merged_it(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    tasks = [task(1), task(2, dependencies=[1])]
    remote, env = Repo(app.git_dir), hub.environment()
    project = Project.create(
        tmp_path, tasks, strategy=strategy, remote=remote, url=app.authenticated_url, env=env
    )
    project.worker("1").run("checkout", "1", ok=0)
    project.work("1", {"one.txt": "1\n"})
    project.work("1", {"more.txt": "1\n"})
    person = Person(app)
    number = person.open("feature/level-0-task-1", "main", "By hand")
    assert "2" in project.run("checkout", "2").err
    person.merge(number, method=method, title="In my words", message="", delete_head=True)
    landed = project.run("merge-level", "level-0", "--json", ok=0).json["landed"]
    assert [(one["task"], one["pull"]) for one in landed] == [("1", number)]
    assert states(project)["1"] == "landed"
    project.worker("2").run("checkout", "2", ok=0)
    assert project.run("rollback", "level-0", "--json", "--no-merge", ok=0).json["tasks"]


def test_a_revert_by_hand_counts_once_the_level_is_rolled_back(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2)])
    start = project.remote.tree("main")
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "level-0", "--method", "squash", ok=0)
    project.remote.commit({"2.txt": None}, "Revert it\n\nThis reverts commit " + project.remote.tip("main"))
    assert states(project) == dict.fromkeys("12", "landed")
    project.run("rollback", "level-0", ok=0)
    assert states(project) == dict.fromkeys("12", "rolled-back")
    assert project.remote.tree("main") == start
