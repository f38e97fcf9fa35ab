"""The token goes to GitHub over HTTPS and nowhere else, through the environment of git."""

import base64
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from gitcoord.git.credentials import git_auth_environment
from gitcoord.git.github_remotes import api_url, find_token, parse_address
from tests.support.repos import Repo

TOKEN = {"GITHUB_TOKEN": "ghp_secret"}
HEADER = "Authorization: Basic " + base64.b64encode(b"x-access-token:ghp_secret").decode()


def test_an_https_remote_on_github_gets_the_token_as_a_header() -> None:
    assert git_auth_environment("https://github.com/acme/app.git", TOKEN) == {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.https://github.com/.extraHeader",
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": "http.https://github.com/.extraHeader",
        "GIT_CONFIG_VALUE_1": HEADER,
    }


def test_configuration_that_is_in_the_environment_already_stays() -> None:
    added = git_auth_environment("https://github.com/acme/app", TOKEN | {"GIT_CONFIG_COUNT": "3"})
    assert added["GIT_CONFIG_COUNT"] == "5"
    entries = [f"GIT_CONFIG_{part}_{number}" for part in ("KEY", "VALUE") for number in (3, 4)]
    assert sorted(added) == ["GIT_CONFIG_COUNT", *entries]


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("https://github.com/acme/app", {}),
        ("https://github.com/acme/app", {"GITHUB_TOKEN": " "}),
        ("https://user:password@github.com/acme/app", TOKEN),
        ("git@github.com:acme/app", TOKEN),
        ("ssh://git@github.com/acme/app", TOKEN),
        ("/srv/app.git", TOKEN),
        ("https://gitlab.com/acme/app", TOKEN),
        ("https://github.com.evil.example/acme/app", TOKEN),
        ("http://github.com/acme/app", TOKEN),
        ("http://git.corp.example/acme/app", TOKEN | {"GH_HOST": "git.corp.example"}),
        ("http://127.0.0.1:81/acme/app", TOKEN | {"GITHUB_API_URL": "http://127.0.0.1:80"}),
        ("http://corp.example/acme/app", TOKEN | {"GITHUB_SERVER_URL": "https://corp.example"}),
    ],
)
def test_nothing_else_gets_it(url: str, environ: dict[str, str]) -> None:
    assert git_auth_environment(url, environ) == {}


def test_another_host_gets_its_own_token_first() -> None:
    environ = TOKEN | {"GH_HOST": "git.corp.example", "GH_ENTERPRISE_TOKEN": "corp"}
    assert (find_token("git.corp.example", environ), find_token("github.com", environ)) == (
        "corp",
        "ghp_secret",
    )
    assert find_token("github.com", {"GH_ENTERPRISE_TOKEN": "corp"}) is None


@pytest.mark.parametrize(
    ("host", "order"),
    [
        ("github.com", ["GH_TOKEN", "GITHUB_TOKEN"]),
        ("acme.ghe.com", ["GH_TOKEN", "GITHUB_TOKEN"]),
        (
            "git.corp.example",
            ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
        ),
    ],
)
def test_of_several_tokens_the_one_that_the_gh_program_takes_is_used(host: str, order: list[str]) -> None:
    everything = ["GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GH_TOKEN"]
    environ = {name: name for name in everything}
    found = []
    while (token := find_token(host, environ)) is not None:
        found.append(token)
        environ[token] = ""
    assert found == order


@pytest.mark.parametrize(
    ("url", "environ", "root"),
    [
        ("git@github.com:a/b", {}, "https://api.github.com"),
        ("https://git.corp.example/a/b", {}, "https://git.corp.example/api/v3"),
        ("https://git.corp.example:8443/a/b", {}, "https://git.corp.example:8443/api/v3"),
        ("git@git.corp.example:a/b", {}, "https://git.corp.example/api/v3"),
        ("ssh://git@git.corp.example:2222/a/b", {}, "https://git.corp.example/api/v3"),
        ("https://acme.ghe.com/a/b", {}, "https://api.acme.ghe.com"),
        ("git@github.com:a/b", {"GITHUB_API_URL": "http://127.0.0.1:80/"}, "http://127.0.0.1:80"),
        # GitHub Actions sets the public address everywhere.
        (
            "git@git.corp.example:a/b",
            {"GITHUB_API_URL": "https://api.github.com"},
            "https://git.corp.example/api/v3",
        ),
    ],
)
def test_the_api_belongs_to_the_remotes_host(url: str, environ: dict[str, str], root: str) -> None:
    assert api_url(parse_address(url), environ) == root


class Recorder(http.server.BaseHTTPRequestHandler):
    """Refuses everything, and remembers the credentials that came along."""

    seen: ClassVar[list[list[str]]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get_all("Authorization") or [])
        self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing to say."""


@pytest.fixture
def recorder() -> Iterator[str]:
    Recorder.seen.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_git_sends_one_header_even_where_the_configuration_has_another(tmp_path: Path, recorder: str) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.git("config", f"http.{recorder}/.extraheader", "Authorization: Basic leftover")
    url = f"{recorder}/acme/app.git"
    repo.environment |= git_auth_environment(url, TOKEN | {"GITHUB_API_URL": recorder})
    repo.environment["NO_PROXY"] = "127.0.0.1"
    repo.git("ls-remote", url, ok=(128,))
    assert Recorder.seen == [[HEADER.removeprefix("Authorization: ")]]
