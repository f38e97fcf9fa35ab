"""The GitHub client: where it connects, with which token, and what it says when it cannot."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import NewPull, Pull
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


def connect(hub: GitHubEmulator, app: EmulatedRepository, **changed: str) -> GitHubForge:
    return open_github(url=app.clone_url, repository=None, environ=hub.environment() | changed)


def failure(hub: GitHubEmulator, app: EmulatedRepository, **changed: str) -> GitcoordError:
    with pytest.raises(GitcoordError) as caught:
        connect(hub, app, **{"GITCOORD_API_PATIENCE": "0", **changed})
    error = caught.value
    said = f"{error} {error.message} {error.hint} {error.__cause__} {error.__context__}"
    assert hub.token not in said
    assert changed.get("GITHUB_TOKEN") is None or changed["GITHUB_TOKEN"] not in (said, "")
    return error


def test_opening_takes_one_request(hub: GitHubEmulator, app: EmulatedRepository) -> None:
    assert connect(hub, app).full_name == "acme/app"
    assert [str(entry) for entry in hub.log] == ["GET /repos/acme/app -> 200"]


def test_the_repository_can_be_named_instead_of_the_url(hub: GitHubEmulator, app: EmulatedRepository) -> None:
    named = open_github(url=None, repository="Acme/app".lower(), environ=hub.environment())
    from_environment = hub.environment() | {"GITHUB_REPOSITORY": "acme/app"}
    assert (
        open_github(url="/srv/app.git", repository=None, environ=from_environment).full_name
        == named.full_name
    )


def test_an_enterprise_servers_prefix_is_kept_on_every_page(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo
) -> None:
    forge = connect(hub, app, GITHUB_API_URL=f"{hub.url}/api/v3")
    content.commit({"x.txt": "x"}, branch="b0")
    first = forge.open_pull(NewPull(head="b0", base="main", title="t", body=""))
    assert isinstance(first, Pull)
    heads = [f"b{number}" for number in range(105)]
    content.git(
        "update-ref",
        "--stdin",
        input="".join(f"create refs/heads/{head} b0\n" for head in heads[1:]).encode(),
    )
    for number, head in enumerate(heads[1:], start=2):
        app.pulls[number] = replace(app.pulls[1], number=number, head=head)
    assert set(forge.find_pulls(heads, "main")) == set(heads)
    assert len(hub.requests("^GET .*/repositories/")) == 1


def test_without_a_token_the_hint_names_the_variables(hub: GitHubEmulator, app: EmulatedRepository) -> None:
    error = failure(hub, app, GITHUB_TOKEN=" ")
    assert (error.code, error.exit) == ("no-token", Exit.REFUSED)
    assert "GH_ENTERPRISE_TOKEN or GITHUB_TOKEN" in error.hint


def test_a_wrong_token_is_said_to_be_wrong_and_not_shown(
    hub: GitHubEmulator, app: EmulatedRepository
) -> None:
    assert failure(hub, app, GITHUB_TOKEN="ghp_" + "x" * 36).code == "bad-token"


def test_a_repository_that_is_not_there_is_said_to_be_missing(
    hub: GitHubEmulator, app: EmulatedRepository
) -> None:
    with pytest.raises(GitcoordError, match="does not find what GET /repos/acme/gone asks for") as caught:
        open_github(url=None, repository="acme/gone", environ=hub.environment())
    assert "the token may see it" in caught.value.hint


@pytest.mark.parametrize("name", ["acme", "acme/", "/app", "a/b/c", "acme/..", "--x/y", "a/b\n", "a b/c"])
def test_a_name_that_names_no_repository_is_wrong_usage(hub: GitHubEmulator, name: str) -> None:
    with pytest.raises(GitcoordError) as caught:
        open_github(url=None, repository=name, environ=hub.environment())
    assert (caught.value.code, caught.value.exit) == ("bad-repository", Exit.USAGE)


def test_a_repository_that_nothing_names_is_wrong_usage(hub: GitHubEmulator) -> None:
    with pytest.raises(GitcoordError) as caught:
        open_github(url="/srv/app.git", repository=None, environ=hub.environment())
    assert (caught.value.code, caught.value.exit) == ("unknown-repository", Exit.USAGE)


@pytest.mark.parametrize("pace", ["fast", "-1", "nan"])
def test_a_pace_that_is_no_number_of_seconds_is_wrong_usage(
    hub: GitHubEmulator, app: EmulatedRepository, pace: str
) -> None:
    assert failure(hub, app, GITCOORD_API_PACE=pace).code == "bad-pace"


def test_an_api_address_that_is_none_is_wrong_usage(hub: GitHubEmulator) -> None:
    environ = hub.environment() | {"GITHUB_API_URL": "not a url"}
    with pytest.raises(GitcoordError) as caught:
        open_github(url=None, repository="acme/app", environ=environ)
    assert caught.value.code == "bad-api-url"


def test_a_server_that_does_not_listen_is_said_to_be_unreachable(
    hub: GitHubEmulator, app: EmulatedRepository
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        environ = hub.environment() | {"GITHUB_API_URL": address}
        with pytest.raises(GitcoordError) as caught:
            open_github(url=None, repository="acme/app", environ=environ)
    error = caught.value
    assert error.code == "github-unreachable"
    assert address in error.message


@pytest.mark.parametrize("kind", ["reset", "eof", "status"])
def test_a_read_that_fails_once_is_repeated(hub: GitHubEmulator, app: EmulatedRepository, kind: str) -> None:
    hub.fault("^GET ", kind)
    assert connect(hub, app).full_name == "acme/app"
    assert len(hub.log) == 2


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"message": "Must have admin rights to Repository."}, "no-permission"),
        (403, {"message": "API rate limit exceeded for user ID 1."}, "rate-limited"),
        (429, b"slow down", "rate-limited"),
        (451, {"message": "Repository access blocked"}, "github-failed"),
        (404, b"<html>", "not-found"),
        (200, b"<html>", "unexpected-answer"),
        (200, {"message": "a proxy"}, "unexpected-answer"),
        (418, ["short", "and", "stout"], "github-failed"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_way_out(
    hub: GitHubEmulator, app: EmulatedRepository, status: int, body: object, code: str
) -> None:
    hub.fault("^GET ", "status", status=status, body=body)
    error = failure(hub, app)
    assert (error.code, error.exit, bool(error.hint)) == (code, Exit.REFUSED, True)
    assert len(hub.log) == 1


def test_a_rate_limit_says_when_to_come_back(hub: GitHubEmulator, app: EmulatedRepository) -> None:
    hub.fault("^GET ", "status", status=403, body={"message": "slow"}, headers={"Retry-After": "900"})
    error = failure(hub, app)
    assert error.code == "rate-limited"
    assert "again in 900 s" in error.hint


def test_the_rule_for_urls_loads_nothing_of_pygithub() -> None:
    program = (
        "import sys, gitcoord.forge.github_repository_name; print({'github', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
        check=True,
    )
    assert done.stdout == "set()\n"
