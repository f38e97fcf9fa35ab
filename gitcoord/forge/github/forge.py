"""The `github` forge on top of the client.

Sends again only writes that are idempotent (`comments`). Reports the lost answer to any other write.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import RepositoryAnswer
from gitcoord.forge.github.client import Denied, Gateway, decode_written
from gitcoord.forge.github.comments import Conversation
from gitcoord.forge.github.guarded_merge import BaseTip, GuardedMerges, unknown_tip
from gitcoord.forge.github.merge_queue import Handover
from gitcoord.forge.github.pull_reader import PullReader
from gitcoord.forge.github.pull_types import PullAnswer
from gitcoord.forge.github.refusals import (
    is_already_open,
    open_refusal,
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
    MergeOutcome,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    Refused,
    Unclear,
    Way,
)


class GitHubForge:
    """The pull requests of one repository on GitHub."""

    name = "github"
    merges_together = False

    def __init__(self, gateway: Gateway, full_name: str, base_tip: BaseTip = unknown_tip) -> None:
        """Asks GitHub for the repository's current name: it does not perform writes to a former name."""
        self._gateway = gateway
        answer = gateway.read(f"/repos/{full_name}", RepositoryAnswer)
        self.full_name = answer.full_name
        self._path = f"/repos/{self.full_name}"
        self._reader = PullReader(gateway, self.full_name)
        self.handover = Handover(gateway, self._path)
        self.conversation = Conversation(gateway, self.full_name)
        self.gates = GateReader(gateway, self.full_name, self.handover)
        self._merges = GuardedMerges(
            gateway, self._path, self._reader, self.handover, answer.methods, self.gates.queues.add, base_tip
        )

    def find_pulls(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """See `Forge.find_pulls`."""
        return self._reader.find(heads, base)

    def open_pulls(self) -> tuple[Pull, ...]:
        """See `Forge.open_pulls`."""
        return self._reader.open_ones()

    def read_pull(self, number: int) -> Pull:
        """See `Forge.read_pull`."""
        return self._reader.read(number).to_pull()

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
            self._reader.add_opened(answer.number)
            return answer.to_pull()
        return self._reader.find_opened(new) or Unclear(message=answer.message)

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
                hint="Run the same command again; it continues where it stopped.",
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
        return self.gates.closed(pull, method, lambda: self._reader.read(pull.number).mergeable_state)

    def merge_pull(self, request: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_pull`."""
        return self._merges.merge(request)

    def merge_together(self, requests: Sequence[MergeRequest], whole: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_together`: GitHub merges one at a time."""
        return Refused(kind="not-allowed", message="GitHub merges one pull request at a time.")

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """See `Forge.hand_over`."""
        return self._merges.hand_over(request, way)

    def _adopted(self, new: NewPull) -> Pull | Refused:
        return self._reader.find_opened(new) or Refused(
            kind="retry", message=f"GitHub has a pull request for {new.head}, but does not list it yet."
        )

    def _has_text(self, number: int, title: str | None, body: str | None) -> bool:
        pull = self.read_pull(number)
        return title in (None, pull.title) and body in (None, pull.body)


def _not_opened(denied: Denied) -> Refused:
    kind = open_refusal(denied.status, denied.message, denied.details)
    return Refused(kind=kind, message=denied.sentence, way=way_out(denied.message, denied.details))
