"""Git over HTTP: clone, push and fetch, behind the token."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.repos import Repo

ROOT = Path(__file__).parents[2]


def test_a_branch_is_cloned_pushed_and_seen_by_the_api(
    app: EmulatedRepository, content: Repo, api: Api, tmp_path: Path
) -> None:
    content.git("clone", "--quiet", app.authenticated_url, str(tmp_path / "work"))
    work = Repo(tmp_path / "work")
    work.commit({"new.txt": "new"}, branch="work")
    work.git("push", "--quiet", "origin", "work")
    number = api.open_pull("work")
    tip = work.commit({"more.txt": "more"}, branch="work")
    work.git("push", "--quiet", "origin", "work")
    assert api.call("GET", f"/pulls/{number}")[1]["head"]["sha"] == tip


def test_a_large_push_arrives(app: EmulatedRepository, content: Repo, tmp_path: Path) -> None:
    # More than http.postBuffer: git then sends it in chunks.
    content.git("clone", "--quiet", app.authenticated_url, str(tmp_path / "work"))
    work = Repo(tmp_path / "work")
    tip = work.commit({"big.bin": os.urandom(3_000_000)}, branch="big")
    work.git("push", "--quiet", "origin", "big")
    assert content.tip("big") == tip


def test_without_the_token_nothing_is_shown(app: EmulatedRepository, content: Repo) -> None:
    content.git("ls-remote", app.clone_url, ok=(128,))
    wrong = app.clone_url.replace("://", "://x-access-token:wrong@")
    content.git("ls-remote", wrong, ok=(128,))


def test_pull_request_refs_can_be_read_and_not_written(
    app: EmulatedRepository, content: Repo, api: Api
) -> None:
    tip = content.commit({"new.txt": "new"}, branch="work")
    number = api.open_pull("work")
    listed = content.git("ls-remote", app.authenticated_url, f"refs/pull/{number}/head")
    assert listed.split()[0] == tip
    content.git("push", "--quiet", app.authenticated_url, "main:refs/pull/9/head", ok=(1,))


def test_a_renamed_repository_is_redirected(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, api: Api
) -> None:
    old_api, old_git = app.api_url, app.authenticated_url
    hub.rename("acme/app", "acme/renamed")
    status, body = api.call("GET", old_api)
    assert (status, body["message"]) == (301, "Moved Permanently")
    assert api.call("GET", api.last.headers["Location"])[1]["full_name"] == "acme/renamed"
    assert api.call("POST", f"{old_api}/pulls", {"title": "t", "head": "a", "base": "b"})[0] == 307
    assert content.git("ls-remote", old_git, "refs/heads/main").split()[0] == content.tip("main")


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic eDp5"])
def test_the_api_wants_the_token(api: Api, authorization: str | None) -> None:
    api.session.headers["Authorization"] = authorization or ""
    status, body = api.call("GET", "")
    assert (status, body["message"]) == (
        401,
        "Bad credentials" if authorization else "Requires authentication",
    )


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    options = ["--root", str(tmp_path / "hub"), "--port-file", str(port_file), "--repository", "acme/app"]
    ready, writing = os.pipe()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.github", *options, "--ready-fd", str(writing)],
        cwd=ROOT,
        pass_fds=(writing,),
    )
    os.close(writing)
    try:
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.read() == port_file.read_bytes()
        url = f"http://x-access-token:ghp_{'e' * 36}@127.0.0.1:{port_file.read_text()}/acme/app.git"
        Repo(tmp_path).git("ls-remote", url)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
