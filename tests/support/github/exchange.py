"""Requests and answers as values, and the errors that GitHub answers with."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Request:
    """One REST request, routed.

    `params` are the placeholders of the route's path; `prefix` is what GitHub Enterprise
    has before every path.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    params: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""

    def number(self, name: str) -> int:
        """A numeric placeholder; anything else is a 404, as on GitHub."""
        text = self.params[name]
        if not text.isdigit():
            raise ApiError(404, "Not Found")
        return int(text)

    def text(self, name: str) -> str:
        """A text of the body, "" when it is left out or null."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Answer:
    """What goes back: a JSON body, or none."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error answer with GitHub's own sentence."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Json] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        body: dict[str, Json] = {
            "message": message,
            "documentation_url": DOCUMENTATION,
            "status": str(status),
        }
        if errors is not None:
            body["errors"] = errors
        self.answer = Answer(status, body, headers or {})


def invalid(resource: str, **details: str) -> ApiError:
    """A 422 `Validation Failed` about one thing."""
    return ApiError(422, "Validation Failed", errors=[{"resource": resource, **details}])


def timestamp() -> str:
    """Now, as GitHub writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
