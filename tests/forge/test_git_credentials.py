"""Git over HTTPS as a GitHub App: it asks for a token when it needs one."""

import os
import subprocess
from pathlib import Path

import pytest

from gitcoord.git.auth import git_auth_environment
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.apps import App
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


@pytest.fixture
def robot(hub: GitHubEmulator) -> App:
    return hub.make_app("acme/app")


def git(hub: GitHubEmulator, robot: App, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | hub.environment() | {"GITCOORD_APP_ID": str(robot.id), "GITHUB_TOKEN": ""}
    environ["GITCOORD_APP_PRIVATE_KEY"] = robot.private_key
    added = git_auth_environment(f"{hub.url}/acme/app.git", environ)
    assert not any(robot.private_key in value for value in added.values())
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=environ | added, capture_output=True, text=True, check=False
    )


def test_git_signs_in_as_the_app_to_fetch_and_to_push(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, robot: App, tmp_path: Path
) -> None:
    desk = content.clone(tmp_path / "desk")
    assert git(hub, robot, desk.path, "fetch", app.clone_url, "main").returncode == 0
    robot.expire_tokens()
    pushed = git(hub, robot, desk.path, "push", app.clone_url, "main:refs/heads/copy")
    assert pushed.returncode == 0, pushed.stderr
    assert content.find("copy") is not None


def test_a_package_of_the_same_name_in_the_working_tree_is_not_run(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, robot: App, tmp_path: Path
) -> None:
    desk = content.clone(tmp_path / "desk")
    trap = desk.path / "gitcoord" / "__init__.py"
    trap.parent.mkdir()
    trap.write_text("import pathlib; pathlib.Path('sprung').touch()")
    assert git(hub, robot, desk.path, "ls-remote", app.clone_url).returncode == 0
    assert not (desk.path / "sprung").exists()


def test_where_the_app_is_not_installed_git_is_refused_with_the_reason(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, tmp_path: Path
) -> None:
    ended = git(hub, hub.make_app("acme/other"), tmp_path, "ls-remote", app.clone_url)
    assert ended.returncode != 0
    assert "The GitHub App is not installed on acme/app." in ended.stderr
