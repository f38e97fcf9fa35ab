"""Tokens of every kind, apps, rate limits, conditional requests."""

import time
from pathlib import Path

import jwt
import pytest
import requests

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.apps import App
from tests.support.github.tokens import Token
from tests.support.repos import Repo


def use(api: Api, token: Token | str) -> Api:
    api.session.headers["Authorization"] = f"Bearer {token if isinstance(token, str) else token.text}"
    return api


def signed(app: App, **claims: object) -> str:
    now = int(time.time())
    whole = {"iss": str(app.id), "iat": now - 60, "exp": now + 300, **claims}
    return jwt.encode(
        {key: value for key, value in whole.items() if value is not None}, app.private_key, algorithm="RS256"
    )


def test_a_fine_grained_token_may_do_what_it_was_granted(
    hub: GitHubEmulator, api: Api, content: Repo
) -> None:
    use(api, hub.make_token("fine-grained", contents="read", pull_requests="write"))
    content.commit({"new.txt": "new"}, branch="work")
    number = api.open_pull("work")
    assert api.merge(number) == (403, "Resource not accessible by personal access token")
    assert api.last.headers["X-Accepted-GitHub-Permissions"] == "contents=write"
    assert "X-OAuth-Scopes" not in api.last.headers
    assert api.call("GET", "")[1]["permissions"]["push"] is False
    assert api.call("GET", "/commits/work/status")[0] == 403


def test_a_classic_token_shows_its_scopes_and_sees_nothing_without_the_right_one(
    hub: GitHubEmulator, api: Api, content: Repo
) -> None:
    api.call("GET", f"{hub.url}/user")
    assert api.last.headers["X-OAuth-Scopes"] == "repo"
    token = hub.make_token()
    token.scopes = ("gist",)
    assert use(api, token).call("GET", "")[0] == 404


def test_git_needs_the_permission_too(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> None:
    token = hub.make_token("fine-grained", contents="read")
    url = app.clone_url.replace("://", f"://x-access-token:{token.text}@")
    content.git("fetch", "--quiet", url, "main")
    content.git("push", "--quiet", url, "main:refs/heads/copy", ok=(128,))
    assert content.find("copy") is None


def test_an_app_gets_tokens_for_where_it_is_installed(hub: GitHubEmulator, api: Api, content: Repo) -> None:
    app = hub.make_app("acme/app")
    use(api, signed(app))
    assert api.call("GET", f"{hub.url}/app")[1]["id"] == app.id
    assert api.call("GET", "/installation")[1]["id"] == app.installation
    assert api.call("GET", f"{hub.url}/repos/acme/other/installation")[0] == 404
    tokens = f"{hub.url}/app/installations/{app.installation}/access_tokens"
    status, body = api.call("POST", tokens)
    assert status == 201
    assert api.call("POST", tokens, {"permissions": {"administration": "write"}})[0] == 422
    use(api, body["token"])
    assert api.call("GET", "")[0] == 200
    assert api.call("GET", f"{hub.url}/user")[1]["message"] == "Resource not accessible by integration"
    app.expire_tokens()
    assert api.call("GET", "")[1]["message"] == "Bad credentials"


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"exp": 1}, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": None}, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": 9_999_999_999}, "is too far in the future"),
        ({"iat": 9_999_999_999}, "'Issued at' claim ('iat')"),
        ({"iss": "nobody"}, "Integration not found"),
    ],
)
def test_an_apps_web_token_is_checked(
    hub: GitHubEmulator, api: Api, claims: dict[str, object], sentence: str
) -> None:
    app = hub.make_app("acme/app")
    assert sentence in use(api, signed(app, **claims)).call("GET", f"{hub.url}/app")[1]["message"]


def test_a_web_token_of_another_key_or_algorithm_is_not_taken(hub: GitHubEmulator, api: Api) -> None:
    app = hub.make_app("acme/app")
    forged = jwt.encode({"iss": str(app.id), "exp": time.time() + 60}, "s" * 40, algorithm="HS256")
    assert use(api, forged).call("GET", f"{hub.url}/app")[0] == 401


def test_a_token_expires_and_permissions_are_dropped_in_the_middle(
    hub: GitHubEmulator, api: Api, content: Repo
) -> None:
    token = hub.make_token("fine-grained", contents="write", pull_requests="write")
    use(api, token)
    hub.fault("^GET .*/branches/main$", "drop-permission", permission="contents", nth=2)
    assert [api.call("GET", "/branches/main")[0] for _ in range(3)] == [200, 403, 403]
    hub.fault("^GET .*/pulls$", "expire-token")
    assert [api.call("GET", "/pulls")[0] for _ in range(2)] == [401, 401]


@pytest.mark.parametrize("status", [403, 429])
def test_the_primary_limit_counts_down_and_refuses(hub: GitHubEmulator, api: Api, status: int) -> None:
    hub.limit.remaining, hub.limit.status = 2, status
    assert [api.call("GET", "/pulls")[0] for _ in range(3)] == [200, 200, status]
    assert api.last.json()["message"] == "API rate limit exceeded for user ID 1."
    assert api.last.headers["x-ratelimit-remaining"] == "0"
    assert api.call("GET", f"{hub.url}/rate_limit")[1]["resources"]["core"]["remaining"] == 0
    hub.limit.reset = 0
    assert api.call("GET", "/pulls")[0] == 200


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, 60])
def test_a_secondary_limit_may_or_may_not_say_how_long(
    hub: GitHubEmulator, api: Api, status: int, retry_after: int | None
) -> None:
    hub.secondary_limit("^GET .*/pulls$", status=status, retry_after=retry_after)
    assert api.call("GET", "/pulls")[0] == status
    assert api.last.headers.get("Retry-After") == (None if retry_after is None else "60")
    assert api.call("GET", "/pulls")[0] == 200


def test_what_is_known_already_is_answered_with_304_and_costs_nothing(
    hub: GitHubEmulator, api: Api, content: Repo
) -> None:
    api.call("GET", "/pulls")
    tag, left = api.last.headers["ETag"], hub.limit.remaining
    api.session.headers["If-None-Match"] = tag
    assert api.call("GET", "/pulls") == (304, None)
    assert hub.limit.remaining == left
    content.commit({"new.txt": "new"}, branch="work")
    api.open_pull("work")
    assert api.call("GET", "/pulls")[0] == 200


def test_a_replica_that_lags_answers_what_it_answered_before(
    hub: GitHubEmulator, api: Api, content: Repo
) -> None:
    content.commit({"new.txt": "new"}, branch="work")
    assert api.call("GET", "/pulls")[1] == []
    number = api.open_pull("work")
    hub.fault("^GET .*/pulls$", "stale", times=2)
    hub.not_yet_there(rf"^GET .*/pulls/{number}$")
    assert [len(api.call("GET", "/pulls")[1]) for _ in range(3)] == [0, 0, 1]
    assert [api.call("GET", f"/pulls/{number}")[0] for _ in range(2)] == [404, 200]


def test_an_answer_breaks_off_in_the_middle(hub: GitHubEmulator, api: Api, content: Repo) -> None:
    hub.fault("^GET .*/pulls$", "truncate")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        api.call("GET", "/pulls")
    hub.fault("^GET .*/pulls$", "delay", seconds=0.01)
    assert api.call("GET", "/pulls")[0] == 200


def test_an_enterprise_server_has_a_prefix_and_no_limits(
    hub: GitHubEmulator, api: Api, tmp_path: Path
) -> None:
    hub.limit.enabled = False
    assert api.call("GET", f"{hub.url}/api/v3/repos/acme/app")[0] == 200
    assert "x-ratelimit-limit" not in api.last.headers
    assert api.call("GET", f"{hub.url}/api/v3/rate_limit")[0] == 404
