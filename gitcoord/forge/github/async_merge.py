"""Merges through `merge-async`, where the host has it: the result is read after the request."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gitcoord.forge.github.api_types import AsyncMergeAnswer, MergeAnswer
from gitcoord.forge.github.client import Accepted, Denied, Gateway, Written
from gitcoord.forge.github.transport import NoAnswer

_LONGEST_MERGE = 120.0
_QUEUED = "Changes must be made through the merge queue"
Outcome = MergeAnswer | Denied | NoAnswer


class LaterMerges:
    """The asynchronous merges of one repository."""

    def __init__(self, gateway: Gateway, repository_path: str) -> None:
        self._gateway = gateway
        self._path = repository_path
        self.offered = not gateway.is_enterprise_server
        """Whether the host may have asynchronous merges, as far as is known."""

    def merge(self, number: int, body: Mapping[str, Any]) -> Outcome | None:
        """Requests one merge and waits for its result; returns None if the host has no asynchronous merge."""
        if not self.offered:
            return None
        path = f"{self._path}/pulls/{number}/merge-async"
        # `direct_merge`: gitcoord decides the order, so GitHub must not put the pull request into a queue.
        written = self._gateway.write("PUT", path, {**body, "merge_action": "direct_merge"}, denied=(404,))
        if isinstance(written, Denied) and written.status == 404:
            self.offered = False
            return None
        if isinstance(written, NoAnswer) or (
            isinstance(written, Denied) and written.status not in (400, 409)
        ):
            return written
        asked = _decode(written)
        if asked is None:
            if isinstance(written, Denied):
                return written
            return NoAnswer(message=f"GitHub's answer to PUT {path} cannot be read")
        if asked.status != "pending":
            return _ended(asked)
        return self._follow(path, asked)

    def _follow(self, path: str, request: AsyncMergeAnswer) -> Outcome:
        def look() -> AsyncMergeAnswer | None:
            found = self._gateway.read_if_there(f"{path}/{request.details.uuid}", AsyncMergeAnswer)
            return None if found is None or found.status == "pending" else found

        found = self._gateway.patience.poll(look, seconds=_LONGEST_MERGE)
        if found is None:
            return NoAnswer(message=f"GitHub has not completed the merge within {_LONGEST_MERGE:.0f} s")
        return _ended(found)


def _ended(answer: AsyncMergeAnswer) -> Outcome:
    if answer.status == "merged" and answer.details.sha:
        return MergeAnswer(sha=answer.details.sha, merged=True)
    if answer.status == "merged":
        return NoAnswer(message="GitHub has merged, but its answer does not name the commit")
    if answer.status == "enqueued":
        return Denied(status=405, message=_QUEUED)
    return Denied(status=405, message=answer.details.message)


def _decode(written: Written) -> AsyncMergeAnswer | None:
    if not isinstance(written, Accepted | Denied):
        return None
    try:
        return msgspec.json.decode(written.body, type=AsyncMergeAnswer)
    except msgspec.DecodeError:
        return None
