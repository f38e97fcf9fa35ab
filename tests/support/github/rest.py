"""Answering REST and GraphQL requests: who asks, may they, is it there, and is the answer as described."""

import json
import re
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.github import account, apps, background, conditional, graph, tokens
from tests.support.github.call import Call
from tests.support.github.exchange import Answer, ApiError, Json, Request
from tests.support.github.merging import MergeBrokenOff
from tests.support.github.repository import EmulatedRepository
from tests.support.github.routes import find_route
from tests.support.github.tokens import Token

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator
    from tests.support.github.server import RawRequest

_REPOSITORY_PATH = re.compile(r"/repos/([^/]+/[^/]+)(?:/|\Z)")
_BY_ID = re.compile(r"/repositories/(\d+)(?=/|\Z)")


def answer(
    hub: "GitHubEmulator", raw: "RawRequest", *, break_off: bool = False, stale: bool = False
) -> Answer:
    """The answer to a request, checked; with `stale` what was answered to it the last time."""
    read = f"{raw.path}?{raw.query_string}"
    found = hub.replica.last(read) if stale else None
    if found is None:
        found = _fresh(hub, raw, break_off)
        if raw.method == "GET" and found.status == 200:
            hub.replica.keep(read, found)
    told = conditional.answered(raw.method, raw.headers.get("if-none-match", ""), found)
    if told.status == 304:
        hub.limit.give_back()
    return told


def _fresh(hub: "GitHubEmulator", raw: "RawRequest", break_off: bool) -> Answer:
    try:
        body = _parse(raw.body)
        if apps.is_for_apps(raw.path):
            return _of_app(hub, raw, body)
        token = hub.token_of(tokens.bearer(raw.authorization))
        if raw.path != "/rate_limit":
            hub.limit.count()
        if raw.is_graphql:
            return graph.answer(hub, token, body)
        answered = _of_account(hub, raw, token) or _of_repository(hub, raw, token, body, break_off)
        return _with_scopes(answered, token)
    except ApiError as error:
        return error.answer
    except MergeBrokenOff:
        return Answer(502, {"message": "Server Error"})
    except Exception:
        hub.violate(raw, 500, f"the emulator failed:\n{traceback.format_exc()}")
        return Answer(500, {"message": "Server Error"})


def _with_scopes(answered: Answer, token: Token) -> Answer:
    if token.kind != "classic":
        return answered
    headers = {"X-OAuth-Scopes": ", ".join(token.scopes), "X-Accepted-OAuth-Scopes": "repo"}
    return Answer(answered.status, answered.body, {**headers, **answered.headers})


def _of_app(hub: "GitHubEmulator", raw: "RawRequest", body: Json) -> Answer:
    def run() -> Answer:
        found = apps.answer(hub, raw.method, raw.path, raw.authorization, body)
        return found or ApiError(404, "Not Found").answer

    return _checked(hub, raw, apps.operation(raw.method, raw.path), body, run)


def _of_account(hub: "GitHubEmulator", raw: "RawRequest", token: Token) -> Answer | None:
    endpoint = account.ENDPOINTS.get(f"{raw.method} {raw.path}")
    if endpoint is None:
        return None
    return _checked(hub, raw, f"{raw.method} {raw.path}", None, lambda: endpoint(hub, token))


def _of_repository(
    hub: "GitHubEmulator", raw: "RawRequest", token: Token, body: Json, break_off: bool
) -> Answer:
    path = _BY_ID.sub(lambda match: _name_of_id(hub, int(match[1])), raw.path, count=1)
    named = _REPOSITORY_PATH.match(path)
    if named is None:
        hub.violate(raw, None, "is not emulated")
        raise ApiError(404, "Not Found")
    moved = hub.moved_to(named[1])
    if moved is not None:
        raise _redirect(raw, path, moved)
    repository, routed = hub.find(named[1]), find_route(raw.method, path)
    if repository is None:
        raise ApiError(404, "Not Found")
    if routed is None:
        hub.violate(raw, None, "is not emulated")
        raise ApiError(404, "Not Found")
    route, params = routed
    request = Request(raw.method, path, raw.query, body, params, raw.prefix)
    call = Call(repository, request, hub.hooks, token, break_off=break_off)

    def run() -> Answer:
        tokens.check(route.operation, token, forbidden_status=repository.habits.forbidden_status)
        with repository.lock:
            if repository.settings.archived and raw.method != "GET":
                raise ApiError(403, "Repository was archived so is read-only.")
            background.progress(repository, hub.hooks)
            return route.endpoint(call)

    return _checked(hub, raw, route.operation, body, run)


def _checked(
    hub: "GitHubEmulator", raw: "RawRequest", operation: str, body: Json, run: Callable[[], Answer]
) -> Answer:
    for problem in hub.description.problems_of_request(operation, body):
        hub.violate(raw, None, problem)
    try:
        answered = run()
    except ApiError as error:
        answered = error.answer
    for problem in hub.description.problems_of_answer(operation, answered):
        hub.violate(raw, answered.status, problem)
    return answered


def _name_of_id(hub: "GitHubEmulator", number: int) -> str:
    for repository in hub.repositories.values():
        if repository.id == number:
            return f"/repos/{repository.full_name}"
    raise ApiError(404, "Not Found")


def _redirect(raw: "RawRequest", path: str, moved: EmulatedRepository) -> ApiError:
    rest = "/".join(path.split("/")[4:])
    url = f"{moved.server}{raw.prefix}/repositories/{moved.id}" + (f"/{rest}" if rest else "")
    url += f"?{raw.query_string}" if raw.query_string else ""
    status = 301 if raw.method == "GET" else 307
    error = ApiError(status, "Moved Permanently", headers={"Location": url})
    error.answer.body["url"] = url
    return error


def _parse(raw: bytes) -> Json:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None
