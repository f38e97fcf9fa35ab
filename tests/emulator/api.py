"""A bare-handed client of the emulator: requests as GitHub's documentation writes them."""

from typing import Any

import requests

from tests.support.github import EmulatedRepository


class Api:
    """REST calls to one repository; `last` is the whole answer to the last one."""

    def __init__(self, repository: EmulatedRepository) -> None:
        self.repository = repository
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {repository.token}"
        self.last = requests.Response()

    def call(self, verb: str, path: str, body: Any = None, **query: str | int) -> tuple[int, Any]:
        """Status and decoded body; `path` is below the repository unless it is a whole URL."""
        url = path if path.startswith("http") else self.repository.api_url + path
        self.last = self.session.request(
            verb, url, json=body, params=query, allow_redirects=False, timeout=30
        )
        return self.last.status_code, self.last.json() if self.last.content else None

    def open_pull(self, head: str, base: str = "main", **more: Any) -> int:
        """Opens a pull request and returns its number."""
        status, body = self.call(
            "POST", "/pulls", {"title": f"Add {head}", "head": head, "base": base, **more}
        )
        assert status == 201, body
        number: int = body["number"]
        return number

    def ready(self, number: int) -> dict[str, Any]:
        """Reads a pull request until its mergeability is known."""
        for _ in range(10):
            body: dict[str, Any] = self.call("GET", f"/pulls/{number}")[1]
            if body["mergeable"] is not None or body["state"] != "open":
                return body
        raise AssertionError(f"mergeability of {number} stays unknown")

    def merge(self, number: int, method: str = "merge", **more: Any) -> tuple[int, str]:
        """Status and message of a merge."""
        status, body = self.call("PUT", f"/pulls/{number}/merge", {"merge_method": method, **more})
        return status, body["message"]
