"""Sends one request with PyGithub: returns the answer as a value, and translates exceptions.

Properties of PyGithub that shape this module: its own retry repeats PUT and POST up to ten times; it treats a
307 (a renamed repository) as success; it does not translate the exceptions of requests.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import requests
import urllib3
from github import Auth, Github, GithubException

from gitcoord import __version__, trace
from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import ErrorAnswer
from gitcoord.forge.github.errors import about_status, is_rate_limit, unreachable
from gitcoord.redact import redact_said

Query = Mapping[str, str | int]
API_VERSION = "2022-11-28"
"""Pinned, because version 2026-03-10 removes `merge_commit_sha` from pull requests."""
_TIMEOUT_SECONDS = 20
_CONNECTION = re.compile(r"HTTPS?Connection\([^)]*\): ")
_READS = frozenset({"GET", "HEAD"})
# PyGithub prints redirects and more to stderr; the answers have all that is needed.
logging.getLogger("github").setLevel(logging.CRITICAL)


class RequestPace(msgspec.Struct, frozen=True, kw_only=True):
    """The minimum seconds between two requests, and between two writes; 0: no pauses."""

    requests: float = 0.25
    writes: float = 1.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A received answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> ErrorAnswer:
        """The error of a status of 400 or more."""
        try:
            return msgspec.json.decode(self.body, type=ErrorAnswer)
        except msgspec.DecodeError:
            return ErrorAnswer(message=f"an answer that is not GitHub's (status {self.status})")

    @property
    def limited(self) -> bool:
        """Whether a rate limit refused the request, which GitHub then did not perform."""
        return self.status in (403, 429) and is_rate_limit(self.status, self.error.message, self.headers)


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was sent and got no usable answer: a write may have been applied or not."""

    message: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class Wire:
    """The connection to the API below `api_url`."""

    def __init__(self, *, api_url: str, auth: Auth.Auth, pace: RequestPace) -> None:
        self.api_url = api_url
        self._requester = Github(
            base_url=api_url,
            auth=auth,
            timeout=_TIMEOUT_SECONDS,
            retry=_read_retries(backoff=min(0.5, pace.writes)),
            user_agent=f"gitcoord/{__version__}",
            seconds_between_requests=pace.requests,
            seconds_between_writes=pace.writes,
            lazy=True,
        ).requester

    @property
    def graphql_path(self) -> str:
        """The URL of the GraphQL API, which an Enterprise Server has beside the REST API."""
        return str(self._requester.graphql_url)

    def send(
        self, verb: str, path: str, query: Query, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Reply | NoAnswer:
        """Sends one request. Raises GitcoordError if it could not be sent, or if PyGithub raises an error."""
        began, told = trace.clock(), f"{verb} {path} {dict(query) or ''}".rstrip()
        try:
            reply = self._send(verb, path, query, body, headers)
        except GitcoordError as error:
            trace.asked(told, began, error.message)
            raise
        trace.asked(told, began, str(reply.status) if isinstance(reply, Reply) else reply.message)
        return reply

    def _send(
        self, verb: str, path: str, query: Query, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Reply | NoAnswer:
        fixed = {"X-GitHub-Api-Version": API_VERSION, "Accept": "application/vnd.github+json"}
        try:
            status, received, text = self._requester.requestJson(
                verb, path, parameters=dict(query), headers={**fixed, **headers}, input=body
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
            # PyGithub's message for a redirect to another host, which it does not follow.
            raise unreachable(self.api_url, str(error)) from None
        return Reply(status=status, headers=received, body=str(text or "").encode())


def _read_retries(*, backoff: float) -> urllib3.Retry:
    """Returns the retries: of whole reads, and for writes only of the connection, when nothing is sent yet.

    Uses urllib3's class: PyGithub's would sleep for minutes because of a Retry-After header.
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


def _was_not_sent(error: Exception) -> bool:
    reason: object = error.args[0] if error.args else None
    reason = getattr(reason, "reason", reason)
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )


def _cause(error: BaseException) -> str:
    """Returns the innermost cause; the outer exceptions repeat it in nested parentheses."""
    seen: BaseException = error
    while seen.args and isinstance(seen.args[-1], BaseException):
        seen = seen.args[-1]
    reason = getattr(seen, "reason", None)
    if isinstance(reason, BaseException):
        return _cause(reason)
    text = _CONNECTION.sub("", str(seen.args[-1])) if seen.args else ""
    return text or type(seen).__name__
