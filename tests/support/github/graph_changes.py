"""What GraphQL changes: auto-merge, the merge queue, drafts, updates and merges of pull requests."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.support.github import background, mergeability, merging, rules, updating
from tests.support.github.exchange import ApiError
from tests.support.github.graph_errors import GraphError
from tests.support.github.graph_shapes import Shape, entry_shape, pull_shape
from tests.support.github.merging import MergeCall
from tests.support.github.model import AutoMerge, Pull, QueueEntry
from tests.support.github.pulls import NO_DRAFTS
from tests.support.github.repository import EmulatedRepository, Late
from tests.support.github.shapes import node_id, pull_id
from tests.support.github.tokens import Token

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator

Place = tuple[EmulatedRepository, Pull]
Change = Callable[["GitHubEmulator", Place, Shape], Shape]


def mutations(hub: "GitHubEmulator", token: Token) -> dict[str, Any]:
    """The resolver of every mutation."""

    def resolver(change: Change) -> Any:
        def run(info: object, input: Shape) -> Shape:
            if not _may_change(hub, token):
                by = "integration" if token.kind == "installation" else "personal access token"
                raise GraphError("FORBIDDEN", f"Resource not accessible by {by}")
            try:
                return change(hub, _find(hub, input), input)
            except ApiError as error:
                raise GraphError("UNPROCESSABLE", error.answer.body["message"]) from None

        return run

    return {name: resolver(change) for name, change in _CHANGES.items()}


def _may_change(hub: "GitHubEmulator", token: Token) -> bool:
    refusing = any(one.habits.fine_grained_graphql == "forbidden" for one in hub.repositories.values())
    return token.has("pull_requests", "write") and not (refusing and token.kind == "fine-grained")


def _find(hub: "GitHubEmulator", input: Shape) -> Place:
    """The pull request that is meant; only dequeuing names it `id`, and may mean its entry in the queue."""
    id = str(input.get("pullRequestId") or input.get("id"))
    for repository in hub.repositories.values():
        for pull in repository.pulls.values():
            entry = pull.queued and node_id("MQE", pull.queued.id)
            by_entry = "id" in input and repository.habits.dequeued_by == "entry"
            if id == (entry if by_entry else pull_id(repository, pull.number)):
                return repository, pull
    raise GraphError("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")


def _enable_auto_merge(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    if not repository.settings.allow_auto_merge:
        raise GraphError("UNPROCESSABLE", "Pull request Auto merge is not allowed for this repository")
    _check_head(pull, input)
    if not repository.rules_of(pull.base):
        sentence = "Pull request Protected branch rules not configured for this branch"
        raise GraphError("UNPROCESSABLE", sentence)
    state = mergeability.mergeable_state(repository, pull, background.find_out(repository, pull))
    if state in ("clean", "unstable"):
        raise GraphError("UNPROCESSABLE", f"Pull request Pull request is in {state} status")
    method = str(input.get("mergeMethod") or "MERGE").lower()
    pull.auto_merge = AutoMerge(method, input.get("commitHeadline"), input.get("commitBody"))
    return {"pullRequest": pull_shape(repository, pull)}


def _disable_auto_merge(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    pull.auto_merge = None
    return {"pullRequest": pull_shape(repository, pull)}


def _enqueue(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    _check_head(pull, input)
    if not any(rules.merge_queue for rules in repository.rules_of(pull.base)):
        raise GraphError("UNPROCESSABLE", "Merge queue is not enabled on this branch")
    if pull.queued is not None:
        raise GraphError("UNPROCESSABLE", "Pull request is already in the queue")
    refused = rules.refusal(repository, pull, method="squash", by_queue=True)
    strict = repository.habits.queue_when_behind == "refuses" and mergeability.is_behind(repository, pull)
    if pull.state != "open" or pull.draft or refused is not None or strict:
        raise GraphError("UNPROCESSABLE", "Pull request is not in the correct state to be queued")
    pull.queued = QueueEntry(repository.next_id(), pull.head_sha, repository.background_reads)
    return {"mergeQueueEntry": entry_shape(repository, pull, pull.queued)}


def _dequeue(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    entry, pull.queued = pull.queued, None
    return {"mergeQueueEntry": entry_shape(repository, pull, entry)}


def _mark_ready(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    place[1].draft = False
    return {"pullRequest": pull_shape(*place)}


def _convert_to_draft(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    if not place[0].settings.drafts:
        raise GraphError("UNPROCESSABLE", NO_DRAFTS)
    place[1].draft = True
    return {"pullRequest": pull_shape(*place)}


def _update(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    updating.check_update(repository, pull, input.get("expectedHeadOid") or "")
    rebase = input.get("updateMethod") == "REBASE"
    work = Late(repository.background_reads, lambda: updating.update(repository, pull, rebase=rebase))
    background.later(repository, work)
    return {"pullRequest": pull_shape(repository, pull)}


def _merge(hub: "GitHubEmulator", place: Place, input: Shape) -> Shape:
    repository, pull = place
    method = str(input.get("mergeMethod") or "MERGE").lower()
    call = MergeCall(
        method, input.get("expectedHeadOid"), input.get("commitHeadline"), input.get("commitBody")
    )
    merging.merge(repository, pull, call, hub.hooks, break_off=False)
    return {"pullRequest": pull_shape(repository, pull)}


def _check_head(pull: Pull, input: Shape) -> None:
    if input.get("expectedHeadOid") not in (None, pull.head_sha):
        raise GraphError("UNPROCESSABLE", merging.HEAD_MODIFIED)


_CHANGES: dict[str, Change] = {
    "enablePullRequestAutoMerge": _enable_auto_merge,
    "disablePullRequestAutoMerge": _disable_auto_merge,
    "enqueuePullRequest": _enqueue,
    "dequeuePullRequest": _dequeue,
    "markPullRequestReadyForReview": _mark_ready,
    "convertPullRequestToDraft": _convert_to_draft,
    "updatePullRequestBranch": _update,
    "mergePullRequest": _merge,
}
