"""The resources that belong to no repository: who the token is, how much it may ask, what the server is."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.github.exchange import Answer, ApiError
from tests.support.github.shapes import server_skeleton
from tests.support.github.tokens import Token

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator


def _user(hub: "GitHubEmulator", token: Token) -> Answer:
    if token.kind == "installation":
        raise ApiError(403, "Resource not accessible by integration")
    body = server_skeleton("GET /user", 200, hub.url)
    return Answer(200, {**body, "login": token.login, "name": "Mona"})


def _rate_limit(hub: "GitHubEmulator", token: Token) -> Answer:
    if not hub.limit.enabled:
        raise ApiError(404, "Rate limiting is not enabled.")
    body = server_skeleton("GET /rate_limit", 200, hub.url)
    body["rate"] = body["resources"]["core"] = hub.limit.as_resource()
    return Answer(200, body)


def _meta(hub: "GitHubEmulator", token: Token) -> Answer:
    return Answer(200, server_skeleton("GET /meta", 200, hub.url))


ENDPOINTS: dict[str, Callable[["GitHubEmulator", Token], Answer]] = {
    "GET /user": _user,
    "GET /rate_limit": _rate_limit,
    "GET /meta": _meta,
}
