"""The one place where gitcoord talks to GitHub, and where third-party exceptions end.

Reads are retried; a write is sent once. PyGithub carries the requests (authentication, pacing, connections,
redirects of reads); what comes back is decoded here. Findings about PyGithub that shape this file: its own
retry repeats PUT and POST up to ten times; it takes a 307 (a renamed repository) for success; it does not
translate the exceptions of requests.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from github import Auth, Github, GithubException
from requests.utils import parse_header_links

from gitcoord import __version__
from gitcoord.errors import GitcoordError
from gitcoord.forge.github.answers import ErrorAnswer
from gitcoord.forge.github.troubles import about_status, is_rate_limit, no_answer, rate_limited, unreachable

T = TypeVar("T")
Query = Mapping[str, str | int]
_NO_QUERY: Query = {}
API_VERSION = "2022-11-28"
"""Pinned: 2026-03-10 takes `merge_commit_sha` away from pull requests."""
_TIMEOUT_SECONDS = 20
_READS = frozenset({"GET", "HEAD"})


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds pass at least between two requests, and between two writes; 0: no pauses at all."""

    requests: float = 0.25
    writes: float = 1.0


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A write's answer below 300."""

    body: bytes


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """GitHub refused a write, and nothing was changed."""

    status: int
    message: str
    details: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything that GitHub said about it."""
        return "; ".join((self.message, *(detail for detail in self.details if detail)))


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The write was sent, and nothing usable came back: it may or may not have been applied."""

    message: str


Written = Accepted | Denied | NoAnswer


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Gateway:
    """A connection to the REST API below `api_url`."""

    def __init__(self, *, api_url: str, token: str, pace: Pace) -> None:
        self.api_url = api_url
        self._prefix = urlsplit(api_url).path.rstrip("/")
        self._requester = Github(
            base_url=api_url,
            auth=Auth.Token(token),
            timeout=_TIMEOUT_SECONDS,
            retry=_read_retries(backoff=min(0.5, pace.writes)),
            user_agent=f"gitcoord/{__version__}",
            seconds_between_requests=pace.requests,
            seconds_between_writes=pace.writes,
            lazy=True,
        ).requester

    def read(self, path: str, kind: type[T], query: Query = _NO_QUERY) -> T:
        """One resource. Raises GitcoordError when it is not there or cannot be read."""
        found = self.read_if_there(path, kind, query)
        if found is None:
            raise about_status(404, f"GET {path}", ErrorAnswer(message="Not Found"))
        return found

    def read_if_there(
        self, path: str, kind: type[T], query: Query = _NO_QUERY, *, absent: tuple[int, ...] = (404,)
    ) -> T | None:
        """One resource; None when GitHub answers with one of the `absent` statuses."""
        reply = self._get(path, query)
        if reply.status in absent and not _is_limited(reply):
            return None
        return _decode(_successful(reply, f"GET {path}").body, kind, path)

    def read_pages(
        self, path: str, kind: type[T], query: Query = _NO_QUERY, *, absent: tuple[int, ...] = ()
    ) -> Iterator[T]:
        """A list, page by page; its links lead on, and name the repository by its id."""
        reply = self._get(path, {"per_page": 100, **query})
        if reply.status in absent and not _is_limited(reply):
            return
        while True:
            yield _decode(_successful(reply, f"GET {path}").body, kind, path)
            following = self._next_page(reply)
            if following is None:
                return
            reply = self._get(following, {})

    def write(self, verb: str, path: str, body: Mapping[str, Any]) -> Written:
        """Sends one write, once.

        Raises GitcoordError when it did not get there, or when the token or a rate limit stood in the way.
        """
        reply = self._send(verb, path, {}, body)
        if isinstance(reply, NoAnswer):
            return reply
        if reply.status >= 500:
            return NoAnswer(message=f"GitHub answered {reply.status} to {verb} {path}")
        if reply.status < 300:
            return Accepted(body=reply.body)
        error = _error(reply)
        if reply.status < 400:
            raise about_status(reply.status, f"{verb} {path}", error)
        if _is_limited(reply):
            raise rate_limited(f"{verb} {path}", error.message, reply.headers)
        if reply.status in (401, 404):
            raise about_status(reply.status, f"{verb} {path}", error)
        return Denied(status=reply.status, message=error.message, details=error.details)

    def _get(self, path: str, query: Query) -> _Reply:
        reply = self._send("GET", path, query, None)
        if isinstance(reply, NoAnswer):
            raise no_answer(f"GET {path}", reply.message)
        return reply

    def _send(self, verb: str, path: str, query: Query, body: Mapping[str, Any] | None) -> _Reply | NoAnswer:
        try:
            status, headers, text = self._requester.requestJson(
                verb,
                path,
                parameters=dict(query),
                headers={"X-GitHub-Api-Version": API_VERSION, "Accept": "application/vnd.github+json"},
                input=body,
            )
        except GithubException as error:
            raise about_status(
                error.status, f"{verb} {path}", ErrorAnswer(message=str(error.message))
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if _was_not_sent(error):
                raise unreachable(self.api_url, _cause(error)) from None
            return NoAnswer(message=f"the answer to {verb} {path} was lost: {_cause(error)}")
        except RuntimeError as error:
            # PyGithub's word for a redirect to another host, which it does not follow.
            raise unreachable(self.api_url, str(error)) from None
        return _Reply(status=status, headers=headers, body=str(text or "").encode())

    def _next_page(self, reply: _Reply) -> str | None:
        for link in parse_header_links(reply.headers.get("link", "")):
            if link.get("rel") == "next":
                url = urlsplit(link["url"])
                return f"{url.path.removeprefix(self._prefix)}?{url.query}"
        return None


def _read_retries(*, backoff: float) -> urllib3.Retry:
    """Retries of reads; connecting is retried for writes too, as nothing was sent then.

    Plain urllib3, so that no Retry-After puts the program to sleep for minutes without a word.
    """
    return urllib3.Retry(
        total=4,
        connect=4,
        read=3,
        status=3,
        other=0,
        backoff_factor=backoff,
        backoff_jitter=backoff / 2,
        backoff_max=8,
        allowed_methods=_READS,
        status_forcelist=(500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,
    )


def _successful(reply: _Reply, what: str) -> _Reply:
    if reply.status < 300:
        return reply
    error = _error(reply)
    if _is_limited(reply):
        raise rate_limited(what, error.message, reply.headers)
    raise about_status(reply.status, what, error)


def _is_limited(reply: _Reply) -> bool:
    return reply.status in (403, 429) and is_rate_limit(reply.status, _error(reply).message, reply.headers)


def _error(reply: _Reply) -> ErrorAnswer:
    try:
        return msgspec.json.decode(reply.body, type=ErrorAnswer)
    except msgspec.DecodeError:
        return ErrorAnswer(message=f"an answer that is not GitHub's (status {reply.status})")


def _decode(body: bytes, kind: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise GitcoordError(
            "unexpected-answer",
            f"GitHub's answer to GET {path} is not what its API promises: {error}.",
            hint="Is GITHUB_API_URL the address of GitHub's REST API, and does no proxy stand in between?",
        ) from None


def decode_written(accepted: Accepted, kind: type[T], path: str) -> T | NoAnswer:
    """The body of a write's answer; one that cannot be read leaves it open what happened."""
    try:
        return msgspec.json.decode(accepted.body, type=kind)
    except msgspec.DecodeError as error:
        return NoAnswer(message=f"GitHub's answer to {path} cannot be read: {error}")


def _was_not_sent(error: Exception) -> bool:
    reason: object = error.args[0] if error.args else None
    reason = getattr(reason, "reason", reason)
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )


def _cause(error: BaseException) -> str:
    """The innermost cause in plain words; the outer ones repeat it in nested parentheses."""
    seen: BaseException = error
    while seen.args and isinstance(seen.args[-1], BaseException):
        seen = seen.args[-1]
    reason = getattr(seen, "reason", None)
    if isinstance(reason, BaseException):
        return _cause(reason)
    text = str(seen.args[-1]) if seen.args else ""
    return text or type(seen).__name__
