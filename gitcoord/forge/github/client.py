"""The only connection to GitHub: retries and caches reads, sends a write once.

GitHub does not perform a request that it refuses because of a rate limit or an expired token: the client
sends such a request again, after a pause, or with a new token if it can get one. The caller handles every
other problem of a write.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from github import Auth
from requests.utils import parse_header_links

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import ErrorAnswer, GraphAnswer
from gitcoord.forge.github.errors import about_status, no_answer, rate_limited
from gitcoord.forge.github.etag_cache import AnswerCache
from gitcoord.forge.github.rate_limit import RateLimitPatience
from gitcoord.forge.github.transport import NoAnswer, Query, Reply, RequestPace, Wire

T = TypeVar("T")
_NO_QUERY: Query = {}


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a write, with a status below 300."""

    status: int
    body: bytes


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """GitHub refused a write, and nothing was changed."""

    status: int
    message: str
    details: tuple[str, ...] = ()
    body: bytes = b""

    @property
    def text(self) -> str:
        """The message and all details, with GitHub's line breaks."""
        return "; ".join((self.message, *(detail for detail in self.details if detail)))

    @property
    def sentence(self) -> str:
        """The text on one line: a ruleset's answer has a title, and a line for each violation."""
        title, *lines = [line.strip() for line in self.text.splitlines() if line.strip()] or [""]
        return f"{title}: {' '.join(lines)}" if lines else title


Written = Accepted | Denied | NoAnswer


class Renewable(Auth.Auth):
    """Credentials that can be renewed when GitHub no longer accepts them."""

    def renew(self) -> None:
        """Discards the current token."""
        raise NotImplementedError


class Gateway:
    """A connection to the REST API below `api_url`."""

    def __init__(
        self, *, api_url: str, auth: Auth.Auth, pace: RequestPace, patience: RateLimitPatience | None = None
    ) -> None:
        self.api_url = api_url
        self.auth = auth
        self._prefix = urlsplit(api_url).path.rstrip("/")
        self._patience = patience or RateLimitPatience()
        self._memory = AnswerCache()
        self.sent = 0
        """The number of requests sent so far."""
        self._check: Callable[[], None] | None = None
        self._wire = Wire(api_url=api_url, auth=auth, pace=pace)

    @property
    def is_enterprise_server(self) -> bool:
        """Whether this is a GitHub Enterprise Server, which lacks some features of github.com."""
        return self._prefix.endswith("/api/v3")

    @property
    def graphql_path(self) -> str:
        """The path or URL of the GraphQL API."""
        return self._wire.graphql_path

    @property
    def patience(self) -> RateLimitPatience:
        """The waiting policy of this connection."""
        return self._patience

    def headers(self, path: str) -> tuple[int, Mapping[str, str]]:
        """Returns the status and the headers of a resource, whatever the status is."""
        reply = self._get(path, _NO_QUERY)
        return reply.status, reply.headers

    def read(self, path: str, kind: type[T], query: Query = _NO_QUERY) -> T:
        """Returns one resource. Raises GitcoordError if it does not exist or cannot be read."""
        found = self.read_if_there(path, kind, query)
        if found is None:
            raise about_status(404, f"GET {path}", ErrorAnswer(message="Not Found"))
        return found

    def read_if_there(
        self, path: str, kind: type[T], query: Query = _NO_QUERY, *, absent: tuple[int, ...] = (404,)
    ) -> T | None:
        """Returns one resource; None if GitHub answers with one of the `absent` statuses."""
        reply = self._get(path, query)
        if reply.status in absent and not reply.limited:
            return None
        return _decode(_successful(reply, f"GET {path}").body, kind, path)

    def read_pages(
        self, path: str, kind: type[T], query: Query = _NO_QUERY, *, absent: tuple[int, ...] = ()
    ) -> Iterator[T]:
        """Yields the pages of a list; none if GitHub answers with one of the `absent` statuses.

        Follows the links in the headers, which name a repository by id.
        """
        reply = self._get(path, {"per_page": 100, **query})
        if reply.status in absent and not reply.limited:
            return
        while True:
            yield _decode(_successful(reply, f"GET {path}").body, kind, path)
            following = self._next_page(reply)
            if following is None:
                return
            reply = self._get(following, {})

    def write(
        self, verb: str, path: str, body: Mapping[str, Any], *, denied: tuple[int, ...] = ()
    ) -> Written:
        """Sends one write, once.

        Raises GitcoordError if the request could not be sent, if a rate limit refused it, and for a 401, a
        404 or a redirect, unless its status is in `denied`.
        """
        reply = self._send(verb, path, _NO_QUERY, body, {})
        if isinstance(reply, NoAnswer):
            return reply
        if reply.status >= 500:
            return NoAnswer(message=f"GitHub answered {reply.status} to {verb} {path}")
        if reply.status < 300:
            return Accepted(status=reply.status, body=reply.body)
        error = reply.error
        if reply.limited:
            raise rate_limited(f"{verb} {path}", error.message, reply.headers)
        if reply.status not in denied and (reply.status < 400 or reply.status in (401, 404)):
            raise about_status(reply.status, f"{verb} {path}", error)
        return Denied(status=reply.status, message=error.message, details=error.details, body=reply.body)

    @contextmanager
    def checked_again(self, check: Callable[[], None]) -> Iterator[None]:
        """Within the block, calls `check` before a write that waited for a rate limit is sent again.

        If `check` raises, the write is not sent.
        """
        before, self._check = self._check, check
        try:
            yield
        finally:
            self._check = before

    def _get(self, path: str, query: Query) -> Reply:
        known = self._memory.of(path, query)
        reply = self._send("GET", path, query, None, known.condition)
        if isinstance(reply, NoAnswer):
            # The connection broke within the answer: a read can be repeated.
            reply = self._send("GET", path, query, None, known.condition)
        if isinstance(reply, NoAnswer):
            raise no_answer(f"GET {path}", reply.message)
        return known.answered(reply)

    def _send(
        self,
        verb: str,
        path: str,
        query: Query,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Reply | NoAnswer:
        waited = False

        def once() -> Reply | NoAnswer:
            nonlocal waited
            if waited and verb != "GET" and self._check is not None:
                self._check()
            waited = True
            self.sent += 1
            reply = self._wire.send(verb, path, query, body, headers)
            return _graph_limited(reply) if path == self.graphql_path else reply

        reply = self._patience.through_limits(once, f"{verb} {path}")
        if isinstance(reply, Reply) and reply.status == 401 and isinstance(self.auth, Renewable):
            self.auth.renew()
            reply = self._patience.through_limits(once, f"{verb} {path}")
        return reply

    def _next_page(self, reply: Reply) -> str | None:
        for link in parse_header_links(reply.headers.get("link", "")):
            if link.get("rel") == "next":
                url = urlsplit(link["url"])
                return f"{url.path.removeprefix(self._prefix)}?{url.query}"
        return None


def _graph_limited(reply: Reply | NoAnswer) -> Reply | NoAnswer:
    """Returns `reply` as a rate-limit answer if it is one: GraphQL reports its limit with status 200."""
    if not isinstance(reply, Reply) or reply.status != 200:
        return reply
    try:
        errors = msgspec.json.decode(reply.body, type=GraphAnswer).errors
    except msgspec.DecodeError:
        return reply
    limited = next((error for error in errors if error.type == "RATE_LIMITED"), None)
    if limited is None:
        return reply
    return Reply(status=429, headers=reply.headers, body=msgspec.json.encode({"message": limited.message}))


def _successful(reply: Reply, what: str) -> Reply:
    if reply.status < 300:
        return reply
    error = reply.error
    if reply.limited:
        raise rate_limited(what, error.message, reply.headers)
    raise about_status(reply.status, what, error)


def _decode(body: bytes, kind: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise GitcoordError(
            "unexpected-answer",
            f"GitHub's answer to GET {path} is not what its API promises: {error}.",
            hint="Is GITHUB_API_URL the address of GitHub's REST API, and is there a proxy in between?",
        ) from None


def decode_written(accepted: Accepted, kind: type[T], path: str) -> T | NoAnswer:
    """Decodes the body of a write's answer.

    Returns NoAnswer if it cannot be read, because the result is unknown.
    """
    try:
        return msgspec.json.decode(accepted.body, type=kind)
    except msgspec.DecodeError as error:
        return NoAnswer(message=f"GitHub's answer to {path} cannot be read: {error}")
