"""Asks GitHub to queue a pull request, to merge it when it is ready, or to mark a draft as ready for review.

An answer "already done" counts as success. A lost answer is reported, and the caller reads the state again.
"""

from typing import Any, Literal

import msgspec

from gitcoord.forge.github.api_types import GraphAnswer, PlaceAnswer, PullIdAnswer, QueuedPull
from gitcoord.forge.github.client import Accepted, Denied, Gateway, Written, decode_written
from gitcoord.forge.github.errors import no_answer
from gitcoord.forge.github.merge_requirements import queue_gate
from gitcoord.forge.github.refusals import graph_refusal
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.pull_requests import Gate, Method, Refused, Unclear

Done = Literal["asked", "already"]
_ENQUEUE = """mutation($input: EnqueuePullRequestInput!) {
  enqueuePullRequest(input: $input) { mergeQueueEntry { id position } } }"""
_AUTO_MERGE = """mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { id } } }"""
_PLACE = """query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    mergeQueueEntry { position }
    timelineItems(last: 1, itemTypes: [
      REMOVED_FROM_MERGE_QUEUE_EVENT, ADDED_TO_MERGE_QUEUE_EVENT,
      PULL_REQUEST_COMMIT, HEAD_REF_FORCE_PUSHED_EVENT
    ]) { nodes { __typename ... on RemovedFromMergeQueueEvent { reason } } } } } }"""
_QUEUED_BASE = """query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { isMergeQueueEnabled } } }"""
_READY = """mutation($input: MarkPullRequestReadyForReviewInput!) {
  markPullRequestReadyForReview(input: $input) { pullRequest { id } } }"""


class Handover:
    """The merge queue, auto-merge and ready-for-review requests of one repository."""

    def __init__(self, gateway: Gateway, repository_path: str) -> None:
        self._gateway = gateway
        self._path = repository_path

    def enqueue(self, number: int, head: str) -> Done | Refused | Unclear:
        """Adds a pull request to the merge queue, if its head is still `head`."""
        return self._change(number, _ENQUEUE, {"expectedHeadOid": head})

    def has_queue(self, full_name: str, number: int) -> bool:
        """Whether the base uses a merge queue, also if the token cannot read the base's rules."""
        pull, _ = self._ask(_QUEUED_BASE, full_name, number)
        return pull is not None and pull.is_merge_queue_enabled

    def queue_gate(self, full_name: str, number: int) -> Gate:
        """Returns the gate of the merge queue; ignores a removal from it before the newest push.

        Raises `github-no-answer` if the answer has no pull request.
        """
        pull, written = self._ask(_PLACE, full_name, number)
        if pull is None:
            raise no_answer("the merge queue", _said(written))
        last = pull.timeline_items.nodes[-1] if pull.timeline_items.nodes else None
        thrown_out = last is not None and last.kind == "RemovedFromMergeQueueEvent"
        why = (last.reason or "it does not say why") if last is not None and thrown_out else None
        return queue_gate(pull.merge_queue_entry.position if pull.merge_queue_entry else None, why)

    def _ask(self, document: str, full_name: str, number: int) -> tuple[QueuedPull | None, Written]:
        """Asks GraphQL about a pull request; returns its data, or None, and the whole answer."""
        owner, _, name = full_name.partition("/")
        variables = {"owner": owner, "name": name, "number": number}
        body = {"query": document, "variables": variables}
        written = self._gateway.write("POST", self._gateway.graphql_path, body)
        answer = (
            decode_written(written, PlaceAnswer, "POST graphql") if isinstance(written, Accepted) else None
        )
        return (answer.data.repository.pull_request if isinstance(answer, PlaceAnswer) else None), written

    def merge_when_ready(
        self, number: int, head: str, method: Method, title: str, message: str
    ) -> Done | Refused | Unclear:
        """Enables GitHub's auto-merge, if the head is still `head`."""
        wanted: dict[str, Any] = {"expectedHeadOid": head, "mergeMethod": method.upper()}
        if method != "rebase":
            wanted |= {"commitHeadline": title, "commitBody": message}
        return self._change(number, _AUTO_MERGE, wanted)

    def mark_ready(self, number: int) -> Done | Refused | Unclear:
        """Marks a draft pull request as ready for review."""
        return self._change(number, _READY, {})

    def _change(self, number: int, document: str, wanted: dict[str, Any]) -> Done | Refused | Unclear:
        id = self._gateway.read(f"{self._path}/pulls/{number}", PullIdAnswer).node_id
        body = {"query": document, "variables": {"input": {"pullRequestId": id, **wanted}}}
        written = self._gateway.write("POST", self._gateway.graphql_path, body)
        if isinstance(written, NoAnswer):
            return Unclear(message=written.message)
        if isinstance(written, Denied):
            return Refused(kind="unknown", message=written.sentence)
        return _told(written)


def _said(written: Written) -> str:
    if isinstance(written, Accepted):
        return "GitHub's answer has no pull request"
    return written.text if isinstance(written, Denied) else written.message


def _told(written: Accepted) -> Done | Refused | Unclear:
    try:
        answer = msgspec.json.decode(written.body, type=GraphAnswer)
    except msgspec.DecodeError as error:
        return Unclear(message=f"GitHub's answer cannot be read: {error}")
    if not answer.errors:
        return "asked"
    first = answer.errors[0]
    kind = graph_refusal(first.type, first.message)
    return "already" if kind == "already" else Refused(kind=kind, message=first.message)
