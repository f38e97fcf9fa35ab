"""A remote that is fetched from one URL and pushed to another: everything is read and written through one."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.project import Project, independent
from tests.support.repos import Repo


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path, independent("1", "2"))


def other(project: Project, name: str) -> Repo:
    """Another repository with the branches of the first, and without its plan."""
    path = project.desk.path.parent / name
    project.desk.git("clone", "--quiet", "--bare", "--", project.remote.path.as_uri(), str(path))
    return Repo(path)


def state(repo: Repo) -> set[str]:
    return {ref for ref in repo.refs() if ref.startswith("refs/gitcoord/")}


def test_what_is_written_to_the_push_url_is_read_from_there(project: Project) -> None:
    push = other(project, "push.git")
    before = project.remote.refs()
    project.desk.git("remote", "set-url", "--push", "origin", push.path.as_uri())
    ended = project.run("plan", "--strategy", "multi-pr", "--json", ok=0)
    assert ended.json["saved"]
    assert [one["code"] for one in ended.json["warnings"]] == ["several-urls"]
    assert push.path.as_uri() in ended.err
    assert state(push) == {"refs/gitcoord/plan"}
    project.run("show", ok=0)
    project.run("checkout", "1", ok=0)
    (project.desk.path / "1.txt").write_text("1")
    project.desk.git("add", "--all")
    project.desk.git("commit", "--quiet", "-m", "one")
    project.run("submit", "1", ok=0)
    project.run("merge-level")
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "landed"
    assert push.read("main", "1.txt") == "1"
    assert project.remote.refs() == before


@pytest.mark.parametrize("way", ["pushInsteadOf", "relative", "several"])
def test_every_way_to_push_elsewhere_counts(project: Project, way: str) -> None:
    push = other(project, "push.git")
    git = project.desk.git
    if way == "pushInsteadOf":
        git("config", f"url.{push.path.as_uri()}.pushInsteadOf", project.remote.path.as_uri())
    elif way == "relative":
        git("remote", "set-url", "--push", "origin", "../push.git")
    else:
        git("remote", "set-url", "--push", "origin", push.path.as_uri())
        git("remote", "set-url", "--push", "--add", "origin", project.remote.path.as_uri())
    before = project.remote.refs()
    project.run("plan", ok=0)
    project.run("plan", "--max-parallel", "2", ok=0)
    assert state(push) == {"refs/gitcoord/plan"}
    assert project.remote.refs() == before


def test_the_doctor_names_it_and_tells_no_login(project: Project) -> None:
    push = other(project, "push.git")
    url = "https://me:hunter2secret@example.invalid/app.git"
    project.desk.git("remote", "set-url", "--push", "origin", push.path.as_uri())
    project.desk.git("remote", "set-url", "--push", "--add", "origin", url)
    ended = project.run("doctor", "--json")
    named = {check["name"]: check for check in ended.json["findings"]}
    assert named["remote URLs"]["verdict"] == "warning"
    assert project.remote.path.as_uri() in named["remote URLs"]["message"]
    assert "hunter2secret" not in ended.out + ended.err


def test_a_remote_with_one_url_is_not_talked_about(project: Project) -> None:
    assert project.run("plan", "--json", ok=0).json["warnings"] == []
    assert "remote URLs" not in gitcoord("doctor", cwd=project.desk.path).out
