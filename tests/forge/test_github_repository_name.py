"""Which repository on GitHub a remote's URL names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.errors import GitcoordError
from gitcoord.forge.github_repository_name import choose_repository, github_repository

ENTERPRISE = {"GH_HOST": "git.corp.example", "GITHUB_API_URL": "https://api.corp.example:8443/api/v3"}


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/app.git",
        "https://github.com/acme/app",
        "https://github.com/acme/app/",
        "https://GitHub.com:443/acme/app.git",
        "https://token@github.com/acme/app.git",
        "https://user:secret@github.com/acme/app.git",
        "http://github.com/acme/app",
        "git://github.com/acme/app.git",
        "ssh://git@github.com/acme/app.git",
        "ssh://git@ssh.github.com:443/acme/app.git",
        "git+ssh://git@github.com/acme/app.git",
        "git@github.com:acme/app.git",
        "git@github.com:/acme/app.git",
        "github.com:acme/app",
        "org-1234@github.com:acme/app.git",
    ],
)
def test_every_way_of_writing_github_is_understood(url: str) -> None:
    assert github_repository(url, {}) == "acme/app"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            ".",
            "..",
            "/srv/acme/app.git",
            "./github.com:acme/app",
            "../app",
            "C:/acme/app",
            "C:\\acme\\app",
        ),
        *("file:///srv/acme/app.git", "https://gitlab.com/acme/app.git", "git@gitlab.com:acme/app.git"),
        *(
            "https://github.com",
            "https://github.com/acme",
            "https://github.com/a/b/c",
            "https://github.com:x/a/b",
        ),
        *(
            "https://github.com.evil.example/acme/app",
            "https://evil.example/github.com/app",
            "https://[::1/a/b",
        ),
        *("https://evil.example#@github.com/acme/app", "git@github.com:acme/..", "git@github.com:../app"),
        *("https://notgithub.com/acme/app", "git@evil.example:github.com/app", "ext::sh -c github.com:a/b"),
        *("https://github.com/acme/--upload-pack=x%20y", "git@github.com:-acme/app"),
    ],
)
def test_everything_else_is_not_github(url: str) -> None:
    assert github_repository(url, {}) is None


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://git.corp.example/acme/app.git", "acme/app"),
        ("git@git.corp.example:acme/app.git", "acme/app"),
        ("https://api.corp.example:8443/acme/app.git", "acme/app"),
        ("https://api.corp.example/acme/app.git", None),
        ("git@api.corp.example:acme/app.git", "acme/app"),
        ("https://acme.ghe.com/acme/app.git", "acme/app"),
        ("https://other.example/acme/app.git", None),
    ],
)
def test_enterprise_hosts_are_those_that_the_environment_names(url: str, found: str | None) -> None:
    assert github_repository(url, ENTERPRISE) == found


def test_what_is_asked_for_wins_over_the_url_and_the_url_over_the_environment() -> None:
    url, environ = "git@github.com:acme/app.git", {"GITHUB_REPOSITORY": "ci/ci"}
    assert choose_repository(url, "own/fork", environ) == "own/fork"
    assert choose_repository(url, None, environ) == "acme/app"
    assert choose_repository("/srv/app.git", None, environ) == "ci/ci"
    with pytest.raises(GitcoordError):
        choose_repository(None, None, {"GITHUB_REPOSITORY": "nonsense"})


@given(st.text(max_size=60) | st.text(alphabet="htps:/@.gitubcom[]%#?~ab1-\\", max_size=60))
def test_no_text_whatever_breaks_the_rule(url: str) -> None:
    found = github_repository(url, ENTERPRISE)
    assert found is None or found.count("/") == 1
