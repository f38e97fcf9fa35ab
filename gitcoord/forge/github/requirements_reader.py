"""Reads which gates of a pull request are closed."""

from collections.abc import Callable
from urllib.parse import quote

from gitcoord.forge.github.api_types import (
    CheckRunsAnswer,
    CombinedStatusAnswer,
    CompareAnswer,
    ReviewAnswer,
)
from gitcoord.forge.github.branch_rules import read_demands
from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.commit_types import PullCommitAnswer
from gitcoord.forge.github.merge_queue import Handover
from gitcoord.forge.github.merge_requirements import (
    DRAFT,
    UP_TO_DATE,
    Demands,
    check_gates,
    review_gate,
    signature_gate,
    summary_gate,
)
from gitcoord.forge.pull_requests import Gate, Method, Pull


class GateReader:
    """Reads the gates of one repository's pull requests."""

    def __init__(self, gateway: Gateway, full_name: str, handover: Handover) -> None:
        self._gateway = gateway
        self._full_name = full_name
        self._path = f"/repos/{full_name}"
        self._handover = handover
        self._demands: dict[str, Demands] = {}
        self.queues: set[str] = set()
        """The bases that use a merge queue although their rules do not say so."""

    def closed(self, pull: Pull, method: Method, state: Callable[[], str]) -> tuple[Gate, ...]:
        """Returns the closed gates. Reads the base's requirements once, and the reported results every time.

        `state` returns GitHub's one-word summary of the pull request, for rules that the token cannot read.
        """
        if pull.base not in self._demands:
            self._demands[pull.base] = read_demands(self._gateway, self._path, pull.base)
        demands = self._demands[pull.base]
        gates = [DRAFT] if pull.draft else []
        if demands.merge_queue or pull.base in self.queues:
            gates.append(self._handover.queue_gate(self._full_name, pull.number))
        if demands.checks:
            gates += self._check_gates(pull, demands)
        review = self._review_gate(pull, demands) if demands.approvals else None
        signatures = self._signature_gate(pull, method) if demands.signatures else None
        gates += [gate for gate in (review, signatures) if gate is not None]
        # The queue itself updates a pull request to its base.
        queued = any(gate.queue == "joined" for gate in gates)
        if demands.up_to_date and not queued and self._is_behind(pull):
            gates.append(UP_TO_DATE)
        if not gates and not demands.complete:
            gates += self._summary_gates(pull, state())
        return tuple(gates)

    def _check_gates(self, pull: Pull, demands: Demands) -> tuple[Gate, ...]:
        path = f"{self._path}/commits/{pull.head_commit}"
        statuses = self._gateway.read_pages(f"{path}/status", CombinedStatusAnswer)
        runs = self._gateway.read_pages(f"{path}/check-runs", CheckRunsAnswer, {"filter": "latest"})
        return check_gates(
            demands,
            [status for page in statuses for status in page.statuses],
            [run for page in runs for run in page.check_runs],
            pull.author,
        )

    def _summary_gates(self, pull: Pull, state: str) -> list[Gate]:
        """Returns the gates according to GitHub's summary `state`, for rules that the token cannot read.

        A blocked pull request may only lack its place in a merge queue: asks whether the base has one.
        """
        summary = summary_gate(state, pull.base)
        if summary is None:
            return []
        if summary == UP_TO_DATE or not self._handover.has_queue(self._full_name, pull.number):
            return [summary]
        self.queues.add(pull.base)
        return [self._handover.queue_gate(self._full_name, pull.number)]

    def _review_gate(self, pull: Pull, demands: Demands) -> Gate | None:
        path = f"{self._path}/pulls/{pull.number}/reviews"
        pages = self._gateway.read_pages(path, tuple[ReviewAnswer, ...])
        return review_gate(demands, [review for page in pages for review in page])

    def _signature_gate(self, pull: Pull, method: Method) -> Gate | None:
        path = f"{self._path}/pulls/{pull.number}/commits"
        pages = self._gateway.read_pages(path, tuple[PullCommitAnswer, ...]) if method == "merge" else ()
        return signature_gate([commit for page in pages for commit in page], method)

    def _is_behind(self, pull: Pull) -> bool:
        sides = f"{quote(pull.base, safe='')}...{pull.head_commit}"
        return (
            self._gateway.read(f"{self._path}/compare/{sides}", CompareAnswer, {"per_page": 1}).behind_by > 0
        )
