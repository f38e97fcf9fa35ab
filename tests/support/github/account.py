"""Who may ask: tokens, and the two resources that belong to no repository."""

import base64
import binascii
import time
from collections.abc import Callable

from tests.support.github.exchange import Answer, ApiError
from tests.support.github.model import OWN_USER
from tests.support.github.shapes import server_skeleton


def check_token(authorization: str, token: str) -> None:
    """Raises GitHub's 401 unless the header carries the token."""
    if not authorization:
        raise ApiError(401, "Requires authentication")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() not in ("bearer", "token") or value.strip() != token:
        raise ApiError(401, "Bad credentials")


def is_git_login(authorization: str, token: str) -> bool:
    """Whether git sent the token, as the password of any user."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        login = base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return login.partition(":")[2] == token


def _user(server: str) -> Answer:
    body = server_skeleton("GET /user", 200, server)
    return Answer(200, {**body, "login": OWN_USER, "name": "Mona"}, {"X-OAuth-Scopes": "repo"})


def _rate_limit(server: str) -> Answer:
    body = server_skeleton("GET /rate_limit", 200, server)
    limit = {"limit": 5000, "used": 10, "remaining": 4990, "reset": int(time.time()) + 3600}
    body["rate"] = body["resources"]["core"] = limit
    return Answer(200, body)


ENDPOINTS: dict[str, Callable[[str], Answer]] = {"GET /user": _user, "GET /rate_limit": _rate_limit}
