"""Checks in advance whether landing would work on GitHub: token, permissions, methods, rules, limits.

Tests a permission with a write that GitHub refuses in any case: GitHub checks permissions first, so the
reason for the refusal shows whether the token has the permission.
"""

import math
import os
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from gitcoord.forge.doctor_result import Diagnosis, broken, doubtful, fine
from gitcoord.forge.github.api_types import LimitsAnswer, RepositoryAnswer
from gitcoord.forge.github.client import Denied, Gateway
from gitcoord.forge.github.connect import PATIENCE_VARIABLE, connect
from gitcoord.forge.github.credentials import APP_VARIABLE, Installation
from gitcoord.forge.github.doctor_rules import examine_rules
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.github_repository_name import choose_repository
from gitcoord.forge.pull_requests import Method

_FEW = 200
_KINDS = (
    ("github_pat_", "a fine-grained token"),
    ("ghs_", "an installation token"),
    ("gho_", "a token of the `gh` program or another OAuth app"),
    ("ghu_", "a user token of a GitHub App"),
    ("", "a classic token"),
)
_READ = {"statuses": "status", "checks": "check-runs"}
_NOBODY = "0" * 40


def examine_github(
    *,
    url: str | None,
    repository: str | None,
    base: str,
    method: Method,
    signs: bool = False,
    status: str = "",
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Diagnosis]:
    """Yields the results of the checks; stops early if the rest depends on a check that failed.

    `status` is the name of the commit status that landing reports, if any. Raises GitcoordError if GitHub
    cannot be asked.
    """
    full_name = choose_repository(url, repository, environ)
    # Report a used-up rate limit instead of waiting for it.
    gateway = connect(url=url, full_name=full_name, environ={**environ, PATIENCE_VARIABLE: "0"})
    limit = _limit(gateway)
    yield limit
    if limit.verdict == "failed":
        return
    answer = gateway.read_if_there(f"/repos/{full_name}", RepositoryAnswer)
    yield _token(gateway, environ)
    if answer is None:
        yield _unseen(full_name)
        return
    yield _name(full_name, answer)
    if answer.archived:
        return
    path = f"/repos/{answer.full_name}"
    yield from _permissions(gateway, path, base)
    if status:
        yield _may_report(gateway, path, status)
    readable = {what: _may_read(gateway, path, base, rest) for what, rest in _READ.items()}
    for what in (what for what, may in readable.items() if may):
        yield fine(f"permission {what}", f"The token may read {what}.")
    yield _method(answer, method)
    unreadable = tuple(what for what, may in readable.items() if not may)
    actions = environ.get("GITHUB_ACTIONS") == "true" and gateway.auth.token.startswith("ghs_")
    yield from examine_rules(gateway, path, base, method, unreadable, signs=signs, actions=actions)


def _limit(gateway: Gateway) -> Diagnosis:
    found = gateway.read_if_there("/rate_limit", LimitsAnswer)
    if found is None:
        return fine("rate limit", "This server has no rate limit.")
    core = found.resources.core
    said = f"{core.remaining} of {core.limit} requests are left in this hour."
    if core.remaining == 0:
        minutes = max(1, math.ceil((core.reset - time.time()) / 60))
        hint = f"Try again in {minutes} min, when the limit resets, or use another token."
        return broken("rate limit", said, hint)
    if core.remaining < min(_FEW, core.limit):
        return doubtful("rate limit", said, "gitcoord waits when they are used up; a GitHub App has more.")
    return fine("rate limit", said)


def _token(gateway: Gateway, environ: Mapping[str, str]) -> Diagnosis:
    if isinstance(gateway.auth, Installation):
        return fine("token", f"Signed in as the GitHub App {environ.get(APP_VARIABLE, '')}.")
    kind = next(kind for prefix, kind in _KINDS if gateway.auth.token.startswith(prefix))
    return fine("token", f"GitHub accepts the token, {kind}.")


def _unseen(full_name: str) -> Diagnosis:
    return broken(
        "repository",
        f"GitHub shows no repository {full_name} to this token.",
        "Check the name. GitHub hides private ones from a classic token without the scope `repo`, and from "
        "other tokens that were not granted this repository.",
    )


def _name(requested: str, answer: RepositoryAnswer) -> Diagnosis:
    if answer.archived:
        hint = "Unarchive it in the repository's settings."
        return broken("repository", f"{answer.full_name} is archived: nothing can be changed in it.", hint)
    if answer.full_name.lower() == requested.lower():
        return fine("repository", f"{answer.full_name} exists.")
    return doubtful(
        "repository",
        f"{requested} has been renamed to {answer.full_name}.",
        f"Point the remote to the new name: `git remote set-url origin …/{answer.full_name}.git`.",
    )


def _permissions(gateway: Gateway, path: str, base: str) -> Iterator[Diagnosis]:
    body = {"title": "gitcoord doctor", "head": base, "base": base}
    yield _allowed(gateway, f"{path}/pulls", body, "pull requests", "pull requests: write")
    ref = {"ref": "refs/heads/gitcoord-doctor", "sha": _NOBODY}
    yield _allowed(gateway, f"{path}/git/refs", ref, "contents", "contents: write")


def _may_report(gateway: Gateway, path: str, status: str) -> Diagnosis:
    """Checks whether the token may set the status.

    Landing continues without that permission, unless a rule requires the status.
    """
    body = {"state": "pending", "context": status}
    found = _allowed(gateway, f"{path}/statuses/{_NOBODY}", body, "commit statuses", "statuses: write")
    if found.verdict != "failed":
        return found
    said = f"{found.message.removesuffix('.')}, so that {status} ([landing] status) is not set on any head."
    return doubtful(found.name, said, found.hint)


def _may_read(gateway: Gateway, path: str, base: str, rest: str) -> bool:
    return gateway.headers(f"{path}/commits/{quote(base, safe='')}/{rest}")[0] != 403


def _allowed(gateway: Gateway, path: str, body: Mapping[str, str], what: str, permission: str) -> Diagnosis:
    written = gateway.write("POST", path, body, denied=(404,))
    if isinstance(written, Denied) and written.status in (403, 404):
        message = f"The token may not change {what}: {written.text}."
        return broken(f"permission {what}", message, _needs(permission))
    if isinstance(written, NoAnswer):
        message = f"It is not known whether the token may change {what}: {written.message}."
        return doubtful(f"permission {what}", message, f"Run the same command again. {_needs(permission)}")
    return fine(f"permission {what}", f"The token may change {what}.")


def _needs(permission: str) -> str:
    return f"It needs the permission {permission} (a classic token: the scope `repo`)."


def _method(answer: RepositoryAnswer, method: Method) -> Diagnosis:
    allowed = answer.methods
    if method in allowed:
        return fine("merge method", f"Merging by {method} is allowed.")
    others = " or ".join(f"`{other}`" for other in allowed) or "one"
    return broken(
        "merge method",
        f"The repository does not allow merging by {method}.",
        f"Set `method` in gitcoord.toml to {others}, or allow {method} in the repository's settings.",
    )
