"""Merges and hand-overs that are sent only while the pull request is as it was examined.

GitHub itself guards a merge only by the head: the base, the draft state and the state are read right before.
A merge that GitHub performed, but did not record, leaves the pull request open. Another client would merge it
again: only the base's tip tells, which is read from git.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from gitcoord.forge.github.api_types import MergeAnswer
from gitcoord.forge.github.async_merge import LaterMerges
from gitcoord.forge.github.client import Accepted, Denied, Gateway, decode_written
from gitcoord.forge.github.merge_queue import Handover
from gitcoord.forge.github.pull_reader import PullReader
from gitcoord.forge.github.refusals import merge_refusal, other_methods, way_out
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.pull_requests import (
    HandedOver,
    Merged,
    MergeOutcome,
    MergeRequest,
    Method,
    Refused,
    Unclear,
    Way,
)

Outcome = TypeVar("Outcome")


BaseTip = Callable[[str], str | None]
"""Returns the tip that a branch has now; None if that is not known."""


def unknown_tip(branch: str) -> str | None:
    """Knows no tip."""
    return None


class _ChangedMeanwhile(Exception):  # noqa: N818 - no fault: a person was faster
    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class GuardedMerges:
    """The merges of the repository at `path`, which allows the merge methods `allowed`.

    Calls `queue_found` with each base whose merge queue becomes known only by a refusal.
    """

    def __init__(
        self,
        gateway: Gateway,
        path: str,
        reader: PullReader,
        handover: Handover,
        allowed: tuple[Method, ...],
        queue_found: Callable[[str], None],
        base_tip: BaseTip,
    ) -> None:
        self._gateway, self._path, self._reader, self._handover = gateway, path, reader, handover
        self._allowed, self._queue_found, self._base_tip = allowed, queue_found, base_tip
        self._later = LaterMerges(gateway, path)
        self._refused: dict[tuple[int, str, Method], tuple[Refused, str]] = {}

    def merge(self, request: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_pull`."""
        known = self._changed(request) or self._still_refused(request)
        return known if known is not None else self._while_unchanged(request, self._merge)

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """See `Forge.hand_over`."""
        changed = self._changed(request)
        if changed is not None:
            return changed
        return self._while_unchanged(request, partial(self._hand_over, way=way))

    def _while_unchanged(
        self, request: MergeRequest, send: Callable[[MergeRequest], Outcome]
    ) -> Outcome | Refused:
        """Sends a write; if a rate limit delays it, first checks the pull request again."""
        try:
            with self._gateway.checked_again(partial(self._require_unchanged, request)):
                return send(request)
        except _ChangedMeanwhile as changed:
            return changed.refused

    def _merge(self, request: MergeRequest) -> MergeOutcome:
        path = f"{self._path}/pulls/{request.number}/merge"
        body = {"sha": request.head, "merge_method": request.method}
        if request.method != "rebase":
            body |= {"commit_title": request.title, "commit_message": request.message}
        if self._later.offered and (moved := self._base_moved(request)) is not None:
            return moved
        answer = self._later.merge(request.number, body)
        if answer is None:
            # While the host was asked for another way to merge, somebody may have changed the pull request.
            changed = self._changed(request) or self._base_moved(request)
            if changed is not None:
                return changed
            answer = self._merge_now(path, body)
        if isinstance(answer, Denied):
            return self._not_merged(request, answer)
        if isinstance(answer, NoAnswer):
            return Unclear(message=answer.message)
        if not answer.merged:
            return Unclear(message=f"GitHub answered that pull request {request.number} is not merged")
        return Merged(commit=answer.sha)

    def _merge_now(self, path: str, body: Mapping[str, Any]) -> MergeAnswer | Denied | NoAnswer:
        written = self._gateway.write("PUT", path, body)
        return (
            decode_written(written, MergeAnswer, f"PUT {path}") if isinstance(written, Accepted) else written
        )

    def _hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        number, head = request.number, request.head
        if way == "queue":
            done = self._handover.enqueue(number, head)
        else:
            done = self._handover.merge_when_ready(
                number, head, request.method, request.title, request.message
            )
        return HandedOver(already=done == "already") if isinstance(done, str) else done

    def _still_refused(self, request: MergeRequest) -> Refused | None:
        """Returns the earlier refusal of the same merge, unless it was a gate and GitHub's summary changed.

        The merge is not sent again, however long the run waits: GitHub would refuse it again.
        """
        key = (request.number, request.head, request.method)
        refused, summary = self._refused.get(key, (None, ""))
        if refused is not None and refused.kind == "gate" and summary != self._reader.summary(request.number):
            del self._refused[key]
            return None
        return refused

    def _changed(self, request: MergeRequest) -> Refused | None:
        """Returns a refusal if the pull request has another base now, or is a draft again."""
        pull = self._reader.newest(request.number)
        if pull.state == "open" and pull.base != request.base:
            return Refused(
                kind="moved", message=f"The base of pull request {pull.number} is now {pull.base}."
            )
        if pull.state == "open" and pull.draft:
            return Refused(kind="gate", message=f"Pull request {pull.number} is a draft.")
        return None

    def _base_moved(self, request: MergeRequest) -> Refused | None:
        """Returns a refusal if the base has got commits since it was observed: perhaps this very merge."""
        tip = self._base_tip(request.base) if request.base_commit else None
        if tip is None or tip == request.base_commit:
            return None
        return Refused(kind="moved", message=f"{request.base} has moved to {tip[:12]}.")

    def _require_unchanged(self, request: MergeRequest) -> None:
        """Raises if the pull request changed while the write was delayed."""
        refused, pull = self._changed(request), self._reader.newest(request.number)
        if refused is None and pull.state != "open":
            refused = Refused(kind="retry", message=f"Pull request {pull.number} is {pull.state} by now.")
        if refused is None and pull.head_commit != request.head:
            refused = Refused(kind="head-moved", message=f"Pull request {pull.number} has another head now.")
        if refused is not None:
            raise _ChangedMeanwhile(refused)

    def _not_merged(self, request: MergeRequest, denied: Denied) -> Refused | Unclear:
        kind = merge_refusal(denied.status, denied.text)
        if kind == "queue":
            # The token cannot read every rule about the queue.
            self._queue_found(self._reader.read(request.number).to_pull().base)
        if kind not in ("conflict", "closed"):
            way = way_out(denied.text) or other_methods(denied.text, request.method, self._allowed)
            refused = Refused(kind=kind, message=denied.sentence, way=way)
            if kind in ("unfit", "unknown", "gate"):
                summary = self._reader.summary(request.number)
                self._refused[request.number, request.head, request.method] = (refused, summary)
            return refused
        # GitHub says "not mergeable" also of merged, closed and unexamined pull requests, and after merges
        # that succeeded.
        pull = self._reader.read(request.number).to_pull()
        if pull.state == "merged":
            return Unclear(
                message=f"GitHub said {denied.text!r} of pull request {pull.number}, which is merged"
            )
        said = denied.sentence
        if pull.state == "closed":
            return Refused(kind="closed", message=f"Pull request {pull.number} is closed: {said}")
        return Refused(kind="conflict" if pull.mergeable is False else "retry", message=said)
