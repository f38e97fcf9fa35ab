"""Tokens: their kinds, what each permits, and the answer to what they do not."""

import base64
import binascii
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.support.github.exchange import ApiError
from tests.support.github.model import OWN_USER

Kind = Literal["classic", "fine-grained", "installation"]
Level = Literal["read", "write", "admin"]
_PREFIX: dict[Kind, str] = {"classic": "ghp_", "fine-grained": "github_pat_", "installation": "ghs_"}
_RANK: dict[Level | None, int] = {None: 0, "read": 1, "write": 2, "admin": 3}
_BY_PATH: tuple[tuple[str, str], ...] = (
    (r"/branches/\{branch\}/protection", "administration"),
    (r"/rules/branches", "metadata"),
    (r"/check-(runs|suites)", "checks"),
    (r"/status(es)?\b", "statuses"),
    (r"/merge(-async|s)?\b(?!_)", "contents"),
    (r"/issues(/\{issue_number\})?(/sub_issues|/dependencies.*)?$|/milestones$", "issues"),
    (r"/(pulls|issues)\b", "pull_requests"),
    (r"/(branches|git|compare|commits)\b", "contents"),
)


@dataclass
class Token:
    """A token; `permissions` None is everything: a classic one may do what its user may, given the scope."""

    text: str
    kind: Kind = "classic"
    permissions: dict[str, Level] | None = None
    scopes: tuple[str, ...] = ("repo",)
    login: str = OWN_USER
    expires_at: float | None = None
    revoked: bool = field(default=False)
    is_actions: bool = False
    """Whether a workflow of GitHub Actions has been given it."""

    @property
    def is_valid(self) -> bool:
        """Whether GitHub still takes it."""
        return not self.revoked and (self.expires_at is None or time.time() < self.expires_at)

    def has(self, permission: str, level: Level) -> bool:
        """Whether it grants this."""
        if permission == "metadata" or self.permissions is None:
            return True
        return _RANK[self.permissions.get(permission)] >= _RANK[level]

    def may(self, permission: str, level: Level, *, forbidden_status: int = 403) -> None:
        """Raises the 403 of what it does not grant, or the 404 that hides it."""
        if self.has(permission, level):
            return
        if forbidden_status == 404:
            raise ApiError(404, "Not Found")
        by = "integration" if self.kind == "installation" else "personal access token"
        accepted = {"X-Accepted-GitHub-Permissions": f"{permission}={level}"}
        raise ApiError(403, f"Resource not accessible by {by}", headers=accepted)


def make_text(kind: Kind, number: int) -> str:
    """A token's text, with the prefix of its kind."""
    return f"{_PREFIX[kind]}{number:036d}"


def needed(operation: str) -> tuple[str, Level]:
    """The permission that an operation takes."""
    method, path = operation.split(" ")
    named = next((name for pattern, name in _BY_PATH if re.search(pattern, path)), "metadata")
    if method == "GET":
        return ("pull_requests" if path.endswith("/merge") else named), "read"
    return named, "write"


def check(operation: str, token: Token, *, forbidden_status: int = 403) -> None:
    """Raises GitHub's refusal unless the token permits the operation."""
    if token.kind == "classic" and "repo" not in token.scopes:
        # A private repository that the token may not see does not exist.
        raise ApiError(404, "Not Found")
    token.may(*needed(operation), forbidden_status=forbidden_status)


def bearer(authorization: str) -> str:
    """The token in an Authorization header; GitHub's 401 when there is none."""
    if not authorization:
        raise ApiError(401, "Requires authentication")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() not in ("bearer", "token"):
        raise ApiError(401, "Bad credentials")
    return value.strip()


def git_password(authorization: str) -> str | None:
    """The token that git sent, as the password of any user."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def sender(tokens: Mapping[str, Token], authorization: str) -> str:
    """Whose request it is, in words that give nothing away: the token's kind and its last characters."""
    token = _sent(tokens, authorization)
    return "" if token is None else f"{token.kind} {token.text[-4:]}"


def _sent(tokens: Mapping[str, Token], authorization: str) -> Token | None:
    return tokens.get(git_password(authorization) or authorization.partition(" ")[2].strip())


def spoil(tokens: Mapping[str, Token], authorization: str, permission: str) -> None:
    """Takes `permission` away from the token that was sent, or all it may when none is named."""
    token = _sent(tokens, authorization)
    if token is not None and permission and token.permissions is not None:
        token.permissions.pop(permission, None)
    elif token is not None:
        token.revoked = True
