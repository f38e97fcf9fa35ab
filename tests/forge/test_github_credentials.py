"""The GitHub client over a socket: tokens of every kind, GitHub Apps, and what `gh` holds."""

import os
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import Merged, MergeRequest, NewPull, Pull, Refused
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.apps import App
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]
MINTED = r"^POST /app/installations/\d+/access_tokens$"


def environment(hub: GitHubEmulator, robot: App, **more: str) -> dict[str, str]:
    environ = hub.environment() | {"GITCOORD_APP_ID": str(robot.id), **more}
    del environ["GITHUB_TOKEN"]
    return environ


def signed_in(hub: GitHubEmulator, robot: App, **more: str) -> GitHubForge:
    key = robot.private_key.replace("\n", "\\n")
    environ = environment(hub, robot, **{"GITCOORD_APP_PRIVATE_KEY": key, **more})
    return open_github(url=f"{hub.url}/acme/app.git", repository=None, environ=environ)


def opened(forge: GitHubForge, content: Repo, head: str = "work") -> Pull:
    content.commit({f"{head}.txt": head}, branch=head)
    pull = forge.open_pull(NewPull(head=head, base="main", title=head, body=""))
    assert isinstance(pull, Pull)
    for _ in range(2):
        pull = forge.read_pull(pull.number)
    return pull


def merged(forge: GitHubForge, pull: Pull) -> bool:
    request = MergeRequest(
        number=pull.number, head=pull.head_commit, base="main", method="merge", title="", message=""
    )
    return isinstance(forge.merge_pull(request), Merged)


def test_an_app_signs_in_and_gets_one_token_for_the_run(hub: GitHubEmulator, content: Repo) -> None:
    forge = signed_in(hub, hub.make_app("acme/app"))
    assert merged(forge, opened(forge, content))
    assert len(hub.requests(MINTED)) == 1


def test_an_app_is_found_on_a_repository_that_has_been_renamed(hub: GitHubEmulator, content: Repo) -> None:
    robot = hub.make_app("acme/app")
    hub.rename("acme/app", "acme/renamed")
    forge = signed_in(hub, robot)
    assert forge.full_name == "acme/renamed"
    assert merged(forge, opened(forge, content))


def test_a_key_is_read_from_its_file(hub: GitHubEmulator, content: Repo, tmp_path: Path) -> None:
    robot, file = hub.make_app("acme/app"), tmp_path / "key.pem"
    file.write_text(robot.private_key)
    environ = environment(hub, robot, GITCOORD_APP_PRIVATE_KEY_FILE=str(file))
    assert open_github(url=None, repository="acme/app", environ=environ).full_name == "acme/app"


def test_a_token_is_replaced_before_it_runs_out(hub: GitHubEmulator, content: Repo) -> None:
    robot = hub.make_app("acme/app")
    robot.lifetime = 200
    forge = signed_in(hub, robot)
    forge.find_pulls(["work"], "main")
    assert len(hub.requests(MINTED)) >= 2
    assert not hub.requests("-> 401")


def test_a_token_that_is_not_taken_any_more_is_replaced_in_the_middle_of_a_write(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo
) -> None:
    robot = hub.make_app("acme/app")
    forge = signed_in(hub, robot)
    pull = opened(forge, content)
    robot.expire_tokens()
    assert merged(forge, pull)
    assert app.merges[pull.number] == 1
    robot.expire_tokens()
    assert forge.read_pull(pull.number).state == "merged"


def test_a_lost_token_is_asked_for_again(hub: GitHubEmulator, content: Repo) -> None:
    hub.fault(MINTED, "reset", when="after")
    assert signed_in(hub, hub.make_app("acme/app")).full_name == "acme/app"


def test_a_permission_that_was_taken_away_stops_the_run(hub: GitHubEmulator, content: Repo) -> None:
    robot = hub.make_app("acme/app")
    forge = signed_in(hub, robot)
    pull = opened(forge, content)
    robot.permissions["contents"] = "read"
    request = MergeRequest(
        number=pull.number, head=pull.head_commit, base="main", method="merge", title="", message=""
    )
    refused = forge.merge_pull(request)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.message) == ("not-allowed", "Resource not accessible by integration")


@pytest.mark.parametrize(
    ("changes", "code", "exit"),
    [
        ({"GITCOORD_APP_PRIVATE_KEY": ""}, "no-app-key", Exit.USAGE),
        ({"GITCOORD_APP_PRIVATE_KEY": "nonsense"}, "bad-app-key", Exit.USAGE),
        ({"GITCOORD_APP_ID": "1"}, "not-found", Exit.REFUSED),
    ],
)
def test_an_app_that_cannot_sign_in_is_told_why(
    hub: GitHubEmulator, content: Repo, changes: dict[str, str], code: str, exit: Exit
) -> None:
    robot = hub.make_app("acme/app")
    with pytest.raises(GitcoordError) as caught:
        signed_in(hub, robot, **changes)
    error = caught.value
    assert (error.exit, bool(error.hint)) == (exit, True)
    assert error.code in (code, "app-not-installed")
    assert "BEGIN" not in f"{error.message}{error.hint}"


def test_an_app_that_is_not_installed_there_is_told_so(hub: GitHubEmulator, content: Repo) -> None:
    with pytest.raises(GitcoordError, match="not installed on acme/app") as caught:
        signed_in(hub, hub.make_app("acme/other"))
    assert caught.value.code == "app-not-installed"


@pytest.mark.parametrize(("ended", "found"), [(0, True), (1, False)])
def test_the_program_of_github_is_the_last_resort(
    hub: GitHubEmulator, content: Repo, tmp_path: Path, ended: int, found: bool
) -> None:
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$*" = "auth token --hostname 127.0.0.1" ] && echo {hub.token}\nexit {ended}\n'
    )
    program.chmod(0o755)
    environ = hub.environment() | {"GITHUB_TOKEN": "", "PATH": f"{program.parent}:{os.environ['PATH']}"}
    if found:
        assert open_github(url=None, repository="acme/app", environ=environ).full_name == "acme/app"
    else:
        with pytest.raises(GitcoordError, match="There is no token"):
            open_github(url=None, repository="acme/app", environ=environ)
