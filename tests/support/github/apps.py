"""GitHub Apps: who they are, where they are installed, and the tokens of their installations."""

import datetime
import functools
import itertools
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.github.exchange import Answer, ApiError, Json
from tests.support.github.shapes import server_skeleton
from tests.support.github.tokens import Level, Token, bearer, make_text

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator

EVERYTHING: dict[str, Level] = {
    "contents": "write",
    "pull_requests": "write",
    "checks": "read",
    "statuses": "read",
    "metadata": "read",
}
_LONGEST_LIFE = 600
_TOKENS_PATH = re.compile(r"/app/installations/(\d+)/access_tokens\Z")
_INSTALLATION_PATH = re.compile(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))/installation\Z")
_numbers = itertools.count(1)


@dataclass
class App:
    """A GitHub App with one installation, on the repositories named."""

    id: int
    installation: int
    repositories: tuple[str, ...]
    permissions: dict[str, Level] = field(default_factory=lambda: dict(EVERYTHING))
    lifetime: float = 3600
    """How many seconds its tokens are valid for: an hour, as GitHub's are."""
    tokens: list[Token] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """Its name in addresses and logins: what it does is done by `SLUG[bot]`."""
        return f"robot-{self.id}"

    @property
    def private_key(self) -> str:
        """The key that it signs with, as PEM."""
        return _keys()[0]

    def expire_tokens(self) -> None:
        """Makes every token that it has got invalid at once."""
        for token in self.tokens:
            token.revoked = True


@functools.cache
def _keys() -> tuple[str, str]:
    """One pair of keys for every app of the process: making one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def answer(hub: "GitHubEmulator", method: str, path: str, authorization: str, body: Json) -> Answer | None:
    """The answer to what only an app may ask; None for everything else."""
    installed, minted = _INSTALLATION_PATH.match(path), _TOKENS_PATH.match(path)
    if (method, path) == ("GET", "/app"):
        return Answer(200, _app_shape(hub, signed_in(hub, authorization)))
    if method == "GET" and installed is not None:
        app = signed_in(hub, authorization)
        if _installed_on(hub, installed[1], installed[2]) not in app.repositories:
            raise ApiError(404, "Not Found")
        return Answer(200, _installation_shape(hub, app))
    if method == "POST" and minted is not None:
        return _new_token(hub, signed_in(hub, authorization), int(minted[1]), body or {})
    return None


def _installed_on(hub: "GitHubEmulator", name: str | None, id: str | None) -> str | None:
    """The repository that is asked about, by its name or its id; a former name is redirected."""
    moved = hub.moved_to(name or "")
    if moved is not None:
        url = f"{moved.server}/repositories/{moved.id}/installation"
        raise ApiError(301, "Moved Permanently", headers={"Location": url})
    return name or next((one.full_name for one in hub.repositories.values() if str(one.id) == id), None)


def operation(method: str, path: str) -> str:
    """How the description names what only an app may ask."""
    if path == "/app":
        return f"{method} /app"
    if _TOKENS_PATH.match(path):
        return f"{method} /app/installations/{{installation_id}}/access_tokens"
    return f"{method} /repos/{{owner}}/{{repo}}/installation"


def is_for_apps(path: str) -> bool:
    """Whether this is answered to apps only."""
    return path == "/app" or any(pattern.match(path) for pattern in (_TOKENS_PATH, _INSTALLATION_PATH))


def signed_in(hub: "GitHubEmulator", authorization: str) -> App:
    """The app whose JSON web token this is; GitHub's 401s otherwise."""
    text = bearer(authorization)
    try:
        claims = jwt.decode(
            text, _keys()[1], algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
    except jwt.InvalidTokenError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    expires, issued, now = claims.get("exp"), claims.get("iat"), time.time()
    if not isinstance(expires, int | float) or expires <= now:
        raise ApiError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            "the assertion expires",
        )
    if expires > now + _LONGEST_LIFE + 5:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int | float) or issued > now + 5:
        raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing the time that it was")
    app = hub.apps.get(str(claims.get("iss")))
    if app is None:
        raise ApiError(404, "Integration not found")
    return app


def _new_token(hub: "GitHubEmulator", app: App, installation: int, body: dict[str, Any]) -> Answer:
    if installation != app.installation:
        raise ApiError(404, "Not Found")
    wanted: dict[str, Level] = body.get("permissions") or dict(app.permissions)
    granted = Token("", "installation", app.permissions)
    if not all(granted.has(name, level) for name, level in wanted.items()):
        raise ApiError(422, "The permissions requested are not granted to this installation.")
    # Its permissions are those of the installation as they are now: the same dictionary, when none are asked.
    permissions = app.permissions if body.get("permissions") is None else wanted
    expires = time.time() + app.lifetime
    text = make_text("installation", next(_numbers))
    token = Token(text, "installation", permissions, login=f"{app.slug}[bot]", expires_at=expires)
    hub.tokens[token.text] = token
    app.tokens.append(token)
    until = datetime.datetime.fromtimestamp(expires, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shape = {"token": token.text, "expires_at": until, "permissions": wanted, "repository_selection": "all"}
    return Answer(201, shape)


def _app_shape(hub: "GitHubEmulator", app: App) -> dict[str, Any]:
    shape: dict[str, Any] = server_skeleton("GET /app", 200, hub.url)
    return {
        **shape,
        "id": app.id,
        "slug": app.slug,
        "installations_count": 1,
        "permissions": dict(app.permissions),
    }


def _installation_shape(hub: "GitHubEmulator", app: App) -> dict[str, Any]:
    shape: dict[str, Any] = server_skeleton("GET /repos/{owner}/{repo}/installation", 200, hub.url)
    tokens = f"{hub.url}/app/installations/{app.installation}/access_tokens"
    return {
        **shape,
        "id": app.installation,
        "app_id": app.id,
        "app_slug": app.slug,
        "access_tokens_url": tokens,
        "permissions": dict(app.permissions),
    }
