"""The `github` forge: the port on top of the gateway. A lost answer is reported, never sent again."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import (
    MergeAnswer,
    RepositoryAnswer,
)
from gitcoord.forge.github.async_merge import LaterMerges
from gitcoord.forge.github.client import Accepted, Denied, Gateway, decode_written
from gitcoord.forge.github.comments import Conversation
from gitcoord.forge.github.merge_queue import Handover
from gitcoord.forge.github.pull_search import Finder
from gitcoord.forge.github.pull_types import PullAnswer
from gitcoord.forge.github.refusals import (
    is_already_open,
    merge_refusal,
    open_refusal,
    other_methods,
    way_out,
)
from gitcoord.forge.github.requirements_reader import GateReader
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.pull_requests import (
    BranchPulls,
    CommitStatus,
    Extras,
    Gate,
    HandedOver,
    Merged,
    MergeOutcome,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    Refused,
    Unclear,
    Way,
)

_REPLICATION = 30.0
"""How many seconds GitHub's replicas may take to know a new pull request."""


class _ChangedMeanwhile(Exception):  # noqa: N818 - no fault: a person was faster
    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class GitHubForge:
    """Pull requests of one repository on GitHub."""

    name = "github"
    merges_together = False

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        """Asks GitHub for the repository's present name: after a rename, writes to the old one get lost."""
        self._gateway = gateway
        answer = gateway.read(f"/repos/{full_name}", RepositoryAnswer)
        self.full_name, self._methods = answer.full_name, answer.methods
        self._path = f"/repos/{self.full_name}"
        self._finder = Finder(gateway, self.full_name)
        self._later = LaterMerges(gateway, self._path)
        self.handover = Handover(gateway, self._path)
        self.conversation = Conversation(gateway, self.full_name)
        self._seen: set[int] = set()
        self._last_read: tuple[int, Pull] | None = None
        self._refused: dict[tuple[int, str, Method], tuple[Refused, str]] = {}
        self._states: dict[int, str] = {}
        self.gates = GateReader(gateway, self.full_name, self.handover)

    def find_pulls(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """See `Forge.find_pulls`."""
        found = self._finder.find(heads, base)
        self._seen |= {pulls.current.number for pulls in found.values() if pulls.current is not None}
        return found

    def open_pulls(self) -> tuple[Pull, ...]:
        """See `Forge.open_pulls`."""
        return self._finder.open_ones()

    def read_pull(self, number: int) -> Pull:
        """See `Forge.read_pull`."""
        return self._read(number).to_pull()

    def open_pull(self, new: NewPull) -> Pull | Refused | Unclear:
        """See `Forge.open_pull`."""
        path = f"{self._path}/pulls"
        body = {"title": new.title, "head": new.head, "base": new.base, "body": new.body, "draft": new.draft}
        written = self._gateway.write("POST", path, body)
        if isinstance(written, Denied):
            return self._adopted(new) if is_already_open(written.details) else _not_opened(written)
        answer = (
            written if isinstance(written, NoAnswer) else decode_written(written, PullAnswer, f"POST {path}")
        )
        if isinstance(answer, PullAnswer):
            self._seen.add(answer.number)
            return answer.to_pull()
        return self._listed(new) or Unclear(message=answer.message)

    def edit_pull(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """See `Forge.edit_pull`."""
        change: dict[str, Any] = {"title": title, "body": body}
        change = {name: text for name, text in change.items() if text is not None}
        if not change:
            return
        written = self._gateway.write("PATCH", f"{self._path}/pulls/{number}", change)
        if isinstance(written, NoAnswer) and not self._has_text(number, title, body):
            raise GitcoordError(
                "edit-unclear",
                f"It is not known whether the text of pull request {number} was changed: {written.message}.",
                hint="Run the same command again; it goes on where it stopped.",
            )
        if isinstance(written, Denied):
            raise GitcoordError(
                "edit-refused", f"GitHub did not change the text of pull request {number}: {written.text}."
            )

    def close_pull(self, number: int) -> None:
        """See `Forge.close_pull`."""
        self.conversation.close(number)

    def add_extras(self, number: int, extras: Extras) -> None:
        """See `Forge.add_extras`."""
        self.conversation.label(number, extras.labels)
        self.conversation.ask_for_reviews(number, extras.reviewers, extras.team_reviewers)

    def say(self, number: int, topic: str, text: str, *, only_again: bool = False) -> None:
        """See `Forge.say`."""
        self.conversation.say(number, topic, text, only_again=only_again)

    def set_status(self, status: CommitStatus) -> None:
        """See `Forge.set_status`."""
        self.conversation.set_status(status)

    def make_ready(self, number: int) -> Refused | Unclear | None:
        """See `Forge.make_ready`."""
        done = self.handover.mark_ready(number)
        return None if isinstance(done, str) else done

    def retarget(self, branch: str, base: str, only: Collection[int] | None = None) -> tuple[int, ...]:
        """See `Forge.retarget`."""
        return self.conversation.retarget(branch, base, only)

    def closed_gates(self, pull: Pull, method: Method = "merge") -> tuple[Gate, ...]:
        """See `Forge.closed_gates`."""
        return self.gates.closed(pull, method, lambda: self._read(pull.number).mergeable_state)

    def merge_pull(self, request: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_pull`."""
        known = self._changed(request) or self._still_refused(request)
        if known is not None:
            return known
        try:
            with self._gateway.checked_again(partial(self._require_unchanged, request)):
                return self._merge(request)
        except _ChangedMeanwhile as changed:
            return changed.refused

    def _merge(self, request: MergeRequest) -> MergeOutcome:
        path = f"{self._path}/pulls/{request.number}/merge"
        body = {"sha": request.head, "merge_method": request.method}
        if request.method != "rebase":
            body |= {"commit_title": request.title, "commit_message": request.message}
        answer = self._later.merge(request.number, body)
        if answer is None:
            # Where the host was asked in vain for another way to merge, somebody may have moved it meanwhile.
            changed = self._changed(request)
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

    def merge_together(self, requests: Sequence[MergeRequest], whole: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_together`: GitHub merges one at a time."""
        return Refused(kind="not-allowed", message="GitHub merges one pull request at a time.")

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """See `Forge.hand_over`."""
        changed = self._changed(request)
        if changed is not None:
            return changed
        try:
            with self._gateway.checked_again(partial(self._require_unchanged, request)):
                return self._hand_over(request, way)
        except _ChangedMeanwhile as meanwhile:
            return meanwhile.refused

    def _hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        number, head = request.number, request.head
        if way == "queue":
            done = self.handover.enqueue(number, head)
        else:
            done = self.handover.merge_when_ready(
                number, head, request.method, request.title, request.message
            )
        return HandedOver(already=done == "already") if isinstance(done, str) else done

    def _still_refused(self, request: MergeRequest) -> Refused | None:
        """The refusal of the same merge before, unless it was of a gate and GitHub's summary has changed.

        It is not sent again however long the run waits: it would be refused again.
        """
        key = (request.number, request.head, request.method)
        refused, state = self._refused.get(key, (None, ""))
        if refused is not None and refused.kind == "gate" and state != self._states.get(request.number, ""):
            del self._refused[key]
            return None
        return refused

    def _changed(self, request: MergeRequest) -> Refused | None:
        """What a person has changed of the pull request since it was examined that forbids its merge.

        GitHub guards a merge by the head alone. Nothing is asked where reading the pull request was the last
        request of all: then that answer counts, whoever asked, as it may be newer than what was examined.
        """
        sent, pull = self._last_read or (-1, None)
        if pull is None or (sent, pull.number) != (self._gateway.sent, request.number):
            pull = self.read_pull(request.number)
        if pull.state == "open" and pull.base != request.base:
            return Refused(kind="moved", message=f"Pull request {pull.number} goes onto {pull.base} now.")
        if pull.state == "open" and pull.draft:
            return Refused(kind="gate", message=f"Pull request {pull.number} is a draft.")
        return None

    def _require_unchanged(self, request: MergeRequest) -> None:
        """Raises where a write that was kept waiting would come too late."""
        refused, (_, pull) = self._changed(request), self._last_read or (-1, None)
        if refused is None and pull is not None and pull.state != "open":
            refused = Refused(kind="retry", message=f"Pull request {pull.number} is {pull.state} by now.")
        if refused is None and pull is not None and pull.head_commit != request.head:
            refused = Refused(kind="head-moved", message=f"Pull request {pull.number} has another head now.")
        if refused is not None:
            raise _ChangedMeanwhile(refused)

    def _merge_now(self, path: str, body: Mapping[str, Any]) -> MergeAnswer | Denied | NoAnswer:
        written = self._gateway.write("PUT", path, body)
        return (
            decode_written(written, MergeAnswer, f"PUT {path}") if isinstance(written, Accepted) else written
        )

    def _not_merged(self, request: MergeRequest, denied: Denied) -> Refused | Unclear:
        kind = merge_refusal(denied.status, denied.text)
        if kind == "queue":
            # Not every rule about it can be read: from now on the queue is looked at first.
            self.gates.queues.add(self.read_pull(request.number).base)
        if kind not in ("conflict", "closed"):
            way = way_out(denied.text) or other_methods(denied.text, request.method, self._methods)
            refused = Refused(kind=kind, message=denied.sentence, way=way)
            if kind in ("unfit", "unknown", "gate"):
                state = self._states.get(request.number, "")
                self._refused[request.number, request.head, request.method] = (refused, state)
            return refused
        # "Not mergeable" is also said of pull requests that are merged, closed or not examined yet, and has
        # been answered to calls that did merge.
        pull = self.read_pull(request.number)
        if pull.state == "merged":
            return Unclear(
                message=f"GitHub said {denied.text!r} of pull request {pull.number}, which is merged"
            )
        said = denied.sentence
        if pull.state == "closed":
            return Refused(kind="closed", message=f"Pull request {pull.number} is closed: {said}")
        return Refused(kind="conflict" if pull.mergeable is False else "retry", message=said)

    def _adopted(self, new: NewPull) -> Pull | Refused:
        return self._listed(new) or Refused(
            kind="retry", message=f"GitHub has a pull request for {new.head}, but does not list it yet."
        )

    def _listed(self, new: NewPull) -> Pull | None:
        found = self._finder.open_one(new.head, new.base)
        self._seen |= {found.number} if found is not None else set()
        return found

    def _read(self, number: int) -> PullAnswer:
        def look() -> PullAnswer | None:
            return self._gateway.read_if_there(f"{self._path}/pulls/{number}", PullAnswer)

        # What was opened a moment ago, here or by another process, is not yet known to every replica.
        seconds = _REPLICATION if number in self._seen else 0.0
        found = self._gateway.patience.poll(look, seconds=seconds)
        if found is None:
            raise GitcoordError(
                "no-such-pull",
                f"There is no pull request {number} in {self.full_name}.",
                hint="Look at the repository's pull requests; it may have been made in another one.",
            )
        self._last_read = (self._gateway.sent, found.to_pull())
        self._states[number] = found.mergeable_state
        return found

    def _has_text(self, number: int, title: str | None, body: str | None) -> bool:
        pull = self.read_pull(number)
        return title in (None, pull.title) and body in (None, pull.body)


def _not_opened(denied: Denied) -> Refused:
    kind = open_refusal(denied.status, denied.message, denied.details)
    return Refused(kind=kind, message=denied.sentence, way=way_out(denied.message, denied.details))
