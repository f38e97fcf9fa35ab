"""Git over HTTPS as a GitHub App: it asks for a token when it needs one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.git.credentials import git_auth_environment
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.apps import App
from tests.support.github.fixtures import app, content, hub
from tests.support.project import Project, independent
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


def test_git_signs_in_as_the_app_once_for_a_run_and_again_when_its_token_is_not_taken_any_more(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, robot: App, tmp_path: Path
) -> None:
    desk = content.clone(tmp_path / "desk")
    for _ in range(2):
        assert git(hub, robot, desk.path, "fetch", app.clone_url, "main").returncode == 0
    assert len(robot.tokens) == 1
    robot.expire_tokens()
    # Git forgets what was refused; the next look asks anew, as every refused push is followed by one.
    git(hub, robot, desk.path, "fetch", app.clone_url, "main")
    pushed = git(hub, robot, desk.path, "push", app.clone_url, "main:refs/heads/copy")
    assert pushed.returncode == 0, pushed.stderr
    assert content.find("copy") is not None
    assert len(robot.tokens) == 2


def test_the_login_is_on_no_disk_and_its_cache_ends_with_the_run(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, robot: App, tmp_path: Path
) -> None:
    environ = os.environ | hub.environment() | {"GITCOORD_APP_ID": str(robot.id), "GITHUB_TOKEN": ""}
    environ |= {"GITCOORD_APP_PRIVATE_KEY": robot.private_key, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    program = (
        "import os, subprocess, sys, pathlib\n"
        "from gitcoord.git.credentials import git_auth_environment\n"
        "whole = os.environ | git_auth_environment(sys.argv[1])\n"
        "subprocess.run(['git', 'ls-remote', sys.argv[1], 'refs/none'], env=whole, check=True)\n"
        "print(*pathlib.Path(os.environ['TMPDIR']).rglob('socket'))\n"
    )
    argv = [sys.executable, "-c", program, app.clone_url]
    ran = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    socket = Path(ran.stdout.strip())
    assert (socket.name, len(robot.tokens)) == ("socket", 1)
    assert not socket.parent.exists()
    texts = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(token.text.encode() in text for token in robot.tokens for text in texts)


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


def test_a_run_takes_one_token_for_git_and_one_for_the_api_and_more_when_they_run_out(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, robot: App, tmp_path: Path
) -> None:
    project = Project.create(
        tmp_path, independent("1"), remote=content, url=app.authenticated_url, env=hub.environment()
    )
    project.work("1", {"1.txt": "1\n"})
    project.desk.git("remote", "set-url", "origin", app.clone_url)
    project.env |= {"GITHUB_TOKEN": "", "GITCOORD_APP_ID": str(robot.id)}
    project.env["GITCOORD_APP_PRIVATE_KEY"] = robot.private_key
    project.run("merge-level", "--dry-run", ok=0)
    assert len(robot.tokens) == 2
    hub.fault("^POST .*/git-receive-pack$", "expire-token")
    hub.fault("^PUT .*/merge$", "expire-token")
    project.run("merge-level", ok=0)
    assert content.files("main") == ["1.txt", "lines.txt", "src/main.rs"]
    assert len(robot.tokens) <= 6
