"""Holds what is sent and answered against the vendored cut of GitHub's OpenAPI description."""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.support.github.exchange import Answer, Json

CUT = Path(__file__).parents[3] / "fixtures" / "github" / "openapi-cut.json"
_WITH_SLASHES = {"ref", "branch", "basehead", "name"}


@dataclass(frozen=True)
class Violation:
    """A request or an answer that GitHub's description does not allow."""

    request: str
    status: int | None
    problem: str

    def __str__(self) -> str:
        about = "request" if self.status is None else f"answer {self.status}"
        return f"{self.request}: {about}: {self.problem}"


class Description:
    """The cut: operations by `METHOD /path`, each with its schemas and examples."""

    def __init__(self, cut: dict[str, Any]) -> None:
        self._cut = cut

    @classmethod
    @functools.cache
    def load(cls) -> "Description":
        """The vendored cut, read once per process."""
        return cls(json.loads(CUT.read_text(encoding="utf-8")))

    def operations(self) -> tuple[str, ...]:
        """Every operation that the cut describes."""
        return tuple(self._cut["operations"])

    def example(self, operation: str, status: int) -> Json:
        """The description's own example of an answer, as JSON text."""
        examples = self._cut["examples"][operation][str(status)]
        return examples[min(examples)]

    def problems_of_request(self, operation: str, body: Json) -> list[str]:
        """What is wrong with a request's body."""
        described = self._cut["operations"][operation].get("request")
        if described is None or (body is None and not described["required"]):
            return []
        return self._problems(f"{operation} request", body)

    def problems_of_answer(self, operation: str, answer: Answer) -> list[str]:
        """What is wrong with an answer. Server errors and rate limits are not described: they pass."""
        described = self._cut["operations"][operation]["responses"]
        if answer.status >= 500:
            return []
        if str(answer.status) not in described:
            if answer.status in (401, 403, 404, 405, 422, 429):
                return self._problems("error", answer.body)
            return [f"status {answer.status} is not described"]
        if described[str(answer.status)] is None:
            # Of some errors the description knows the status only, although they have the usual body.
            return [] if answer.body is None or answer.status >= 400 else ["must have no body"]
        body = answer.body
        if answer.status >= 400:
            # GitHub sends `status` in every error; its description lists it for some only.
            body = {name: value for name, value in body.items() if name != "status" or not value.isdigit()}
        return self._problems(f"{operation} {answer.status}", body)

    def _problems(self, key: str, body: Json) -> list[str]:
        found = []
        for error in self._validator(key).iter_errors(body):
            if error.instance is None and list(error.instance_path)[-2:] == ["head", "repo"]:
                continue  # what a fork that was deleted leaves: GitHub's description does not know it
            place = "/".join(map(str, error.instance_path)) or "the body"
            found.append(f"{place}: {error.message[:200]}")
        return found[:3]

    @functools.cache  # noqa: B019 - there is one Description per process
    def _validator(self, key: str) -> jsonschema_rs.Draft202012Validator:
        if key == "error":
            schema = {"$ref": "#/schemas/basic-error"}
        else:
            operation, _, part = key.rpartition(" ")
            described = self._cut["operations"][operation]
            schema = described["request"]["schema"] if part == "request" else described["responses"][part]
        return jsonschema_rs.Draft202012Validator({**schema, "schemas": self._cut["schemas"]})


def path_pattern(template: str) -> re.Pattern[str]:
    """The pattern of a described path; branches and refs may contain slashes."""

    def group(match: re.Match[str]) -> str:
        name = match[1]
        return f"(?P<{name}>.+)" if name in _WITH_SLASHES else f"(?P<{name}>[^/]+)"

    return re.compile(re.sub(r"\{(\w+)\}", group, template) + r"\Z")
