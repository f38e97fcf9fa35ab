"""Sets commit statuses: reports the check of a combination on the head that would land."""

from typing import Literal

from gitcoord.forge.pull_requests import CommitStatus
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.proof import CombinationProof
from gitcoord.landing.pull_comments import try_to
from gitcoord.text_lists import named_tasks

_LONGEST = 140
"""The maximum length of a status description on GitHub, in characters."""
_Said = tuple[Literal["success", "failure", "error"], str]


class Statuses:
    """The statuses that one landing run has set; sets each only if it has changed."""

    def __init__(self) -> None:
        self._said: dict[str, CommitStatus] = {}

    def report(
        self, context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof
    ) -> str:
        """Sets the status of the carrier's head to the check's result; returns the problem, if any.

        Does nothing if the settings name no status, or if the check has no result for this head.
        """
        check = context.options.check
        said = None if check is None or not check.status else _said(snapshot, carrier, proof)
        if check is None or said is None:
            return ""
        state, text = said
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
        status = CommitStatus(commit=carrier.head, context=check.status, state=state, description=text)
        if self._said.get(carrier.head) == status:
            return ""
        self._said[carrier.head] = status
        return try_to(lambda: context.forge.set_status(status))


def _said(snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof) -> _Said | None:
    """Returns the state and a description; None if there is no result for this head."""
    if proof.state == "passed" and proof.tree:
        return "success", f"The check passes on {snapshot.base} with {named_tasks(carrier.tasks)}"
    if proof.state == "failed":
        failing = proof.failing[0]
        others = failing.failure.others
        beside = f" together with {named_tasks(others)}" if others else ""
        return "failure", f"The check fails with task {failing.task}{beside}: {failing.failure.reason}"
    return ("error", proof.reason) if proof.state == "held" else None
