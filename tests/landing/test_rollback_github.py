"""`gitcoord rollback` on GitHub: one pull request, under all gates, which a reviewer may merge as well."""

from pathlib import Path

from tests.emulator.api import Api
from tests.landing.test_rollback import states
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

__all__ = ["hub"]


def landed_on_github(directory: Path, hub: GitHubEmulator) -> Project:
    """Tasks 1 and 2 of level-0, landed on acme/app through pull requests 1 and 2."""
    app = hub.make_repository("acme/app")
    remote, env = Repo(app.git_dir), hub.environment()
    tasks = [task(1), task(2)]
    url = app.authenticated_url
    project = Project.create(directory, tasks, strategy="multi-pr", remote=remote, url=url, env=env)
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "level-0", ok=0)
    return project


def test_on_github_it_is_one_pull_request_under_all_gates_found_again_and_merged_once(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = landed_on_github(tmp_path, hub)
    app, start = hub.repository("acme/app"), project.remote.tree("main~2")
    app.protect("main", Protection(approvals=1))
    held = project.run("rollback", "level-0", "--json")
    assert (held.code, held.json["state"], held.json["pull"]) == (1, "waiting", 3)
    assert "approval" in held.json["reason"]
    assert app.pulls[3].head.startswith("rollback/level-0-")
    project.remote.commit({"elsewhere.txt": "1\n"}, "pushed meanwhile")
    app.protections.clear()
    assert not app.protections
    hub.fault(r"PUT .*/merge$", "reset", when="after")
    done = project.run("rollback", "level-0", "--json", ok=0).json
    assert (done["state"], done["pull"]) == ("done", 3)
    assert len(app.pulls) == 3
    assert len(hub.requests(r"PUT .*/pulls/3/merge$")) == 1
    project.remote.commit({"elsewhere.txt": None}, "taken away")
    assert project.remote.tree("main") == start
    assert states(project) == dict.fromkeys("12", "rolled-back")


def test_a_reviewer_who_squashes_the_rollback_rolls_back(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = landed_on_github(tmp_path, hub)
    for _ in range(2):
        opened = project.run("rollback", "level-0", "--no-merge", "--json", ok=0).json
        assert (opened["state"], opened["pull"]) == ("opened", 3)
    assert states(project) == dict.fromkeys("12", "landed")
    api = Api(hub.repository("acme/app"))
    api.ready(3)
    assert api.merge(3, "squash")[0] == 200
    # Nobody has recorded it, and every command sees it.
    assert states(project) == dict.fromkeys("12", "rolled-back")
    assert "1, 2: it was rolled back" in project.run("run", "--dry-run", "--agent", "true", ok=0).out
    assert "already" not in project.run("rollback", "level-0", ok=0).out
    assert "already" in project.run("rollback", "level-0", ok=0).out


def test_a_rollback_that_somebody_amended_is_left_as_it_is(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = landed_on_github(tmp_path, hub)
    opened = project.run("rollback", "level-0", "--no-merge", "--json", ok=0).json
    branch, remote = f"refs/heads/{opened['branch']}", project.remote
    said = remote.git("show", "--no-patch", "--format=%B", branch)
    amended = remote.git("commit-tree", "-p", f"{branch}^", "-m", said, remote.tree("main~1"))
    remote.git("update-ref", branch, amended)
    refused = project.run("rollback", "level-0", "--no-merge", "--json")
    assert (refused.code, refused.json["code"]) == (1, "rollback-changed")
    assert remote.tip(branch) == amended
