"""Lands a rollback through one pull request: reuses an open one, obeys checks and reviews, merges once."""

from collections.abc import Callable
from typing import Literal

import msgspec

from gitcoord.errors import answer_no
from gitcoord.forge.pull_requests import (
    BEHIND,
    BranchPulls,
    Merged,
    MergeRequest,
    NewPull,
    Pull,
    Refused,
    Unclear,
)
from gitcoord.git.bare_merge import differs_on_server
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.landing.compare_merge import compare
from gitcoord.landing.rejections import decision, merged_away, moved_away
from gitcoord.landing.rollback.model import RollbackContext, RollbackSnapshot
from gitcoord.landing.rollback.plan_rollback import Reversal
from gitcoord.landing.rollback.texts import body, branch_name, is_rollback, title, trailers
from gitcoord.landing.verify_base import base_holds
from gitcoord.notices import ForgeAnswered, RollbackMerged, RollbackOpened, RollbackWaiting, Tell

_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0)
_TICKS = 5.0
_PATIENCE = 20
_DOUBTFUL_LOOKS = 4
"""The number of observations after a lost answer before the merge is sent again: it may still be running."""


class RollbackPause(msgspec.Struct, frozen=True, kw_only=True):
    """No further step is possible now."""

    state: Literal["waiting", "opened", "planned"]
    branch: str | None = None
    url: str = ""
    reason: str = ""


class Advance(msgspec.Struct, frozen=True):
    """A step was taken, or a moment has passed: observe again."""


Write = Callable[[RollbackSnapshot, Reversal, str], Oid]


class PullRequest:
    """Lands one rollback through a pull request, one step at a time. `write` creates the reverting commit."""

    def __init__(
        self, context: RollbackContext, tell: Tell, write: Write, sleep: Callable[[float], None]
    ) -> None:
        self._context = context
        self._tell = tell
        self._write = write
        self._sleep = sleep
        self._looks = 0
        self._doubt = 0
        self._last_reason = ""
        self._opened = 0
        self._unanswered: Pull | None = None
        self.number: int | None = None
        self.proved: set[Oid] = set()
        """The proposed commits whose merges were compared with the computed tree."""

    def advance(self, snapshot: RollbackSnapshot, back: Reversal, left: float) -> Advance | RollbackPause:
        """Takes the next step. `left`: the seconds left to wait for checks and reviews.

        Raises `tree-differs` or `merged-elsewhere` for a wrong merge, and `rollback-changed` if people have
        changed the branch so that merging it does not give the computed tree.
        """
        branch = branch_name(snapshot, back)
        tip = self._context.shared.branch(branch)
        pulls = self._context.forge.find_pulls([branch], self._context.plan.base).get(branch, BranchPulls())
        pull, no = pulls.current, self._rejection(snapshot, pulls, tip)
        if pull is None and no is not None:
            return self._rejected(branch, no)
        if tip is None or not self._fits(snapshot, back, tip):
            return self._publish(snapshot, back, branch, tip)
        if pull is None:
            return self._open(snapshot, back, branch)
        self.number = pull.number
        if pull.state == "open" and pull.number == self._opened and no is not None:
            # Somebody rejected the rollback while gitcoord opened this pull request.
            self._context.forge.close_pull(pull.number)
            return self._rejected(branch, msgspec.structs.replace(pull, state="closed"))
        if pull.state == "merged":
            return self._settle(branch, pull, "it is merged, but the base does not show it yet")
        if not self._context.merge:
            reason = "its reviewers merge it"
            return RollbackPause(state="opened", branch=branch, url=pull.url, reason=reason)
        return self._examine(snapshot, back, self._context.forge.read_pull(pull.number), tip, left)

    def _rejection(self, snapshot: RollbackSnapshot, pulls: BranchPulls, tip: Oid | None) -> Pull | None:
        """Returns the newest pull request that shows that a person rejected this rollback.

        All commits that gitcoord proposes for the same landings are the same work, however the base has
        moved, and even if the branch is gone. Commits of a person on the branch are new work.
        """
        ancestry, newest = self._context.repository.ancestry, pulls.current
        mine = bool(pulls.others) and (tip is None or self._is_own(tip))
        for pull in pulls.others:
            own = is_rollback(pull)
            if newest is not None and newest.number < pull.number:
                continue
            if not decision(ancestry, pull, self._context.plan.base, snapshot.base_commit, own=own):
                continue
            if mine or pull.state == "open" or (tip and ancestry.contains(pull.head_commit, tip)):
                return pull
        return None

    def _rejected(self, branch: str, pull: Pull) -> RollbackPause:
        """Returns the pause after a person closed the pull request or changed its base."""
        closed = (
            f"pull request {pull.number} was closed without a merge; to roll back, reopen it, or open a pull "
            f"request from {branch} yourself"
        )
        away = merged_away if pull.state == "merged" else moved_away
        reason = closed if pull.state == "closed" else away(pull, self._context.plan.base)
        return RollbackPause(state="waiting", branch=branch, url=pull.url, reason=reason)

    def _fits(self, snapshot: RollbackSnapshot, back: Reversal, tip: Oid) -> bool:
        """Whether merging the branch onto the current base gives exactly the computed tree."""
        git, base = self._context.repository.git, snapshot.base_commit
        merged = merge_tree(git, base, tip)
        fits = merged.clean is True and merged.tree == back.tree
        return fits and not differs_on_server(git, base, tip, back.tree)

    def _publish(self, snapshot: RollbackSnapshot, back: Reversal, branch: str, tip: Oid | None) -> Advance:
        if tip is not None and not self._is_own(tip):
            raise answer_no(
                "rollback-changed",
                f"{branch} contains commits that gitcoord did not create, and merging it gives another tree "
                f"than reverting {', '.join(snapshot.levels)}.",
                "Merge its pull request yourself, or reset the branch to gitcoord's commit.",
            )
        commit = self._write(snapshot, back, branch)
        self._context.shared.publish([RefUpdate(HEADS + branch, tip, commit)])
        return Advance()

    def _is_own(self, tip: Oid) -> bool:
        """Whether the journal has the commit: an amended one belongs to the person who amended it."""
        told = self._context.store.progress().values()
        return any(event.commit == tip for entry in told for event in entry.rollbacks)

    def _open(self, snapshot: RollbackSnapshot, back: Reversal, branch: str) -> Advance | RollbackPause:
        git, base = self._context.repository.git, self._context.plan.base
        new = NewPull(head=branch, base=base, title=title(snapshot), body=body(git, snapshot, back))
        opened = self._context.forge.open_pull(new)
        match opened:
            case Pull():
                self._opened = opened.number
                if self.number != opened.number:
                    self._tell(RollbackOpened(pull=opened.number, branch=branch))
                self.number = opened.number
                return self._pause()
            case Refused(kind="retry" | "head-moved") | Unclear() if self._looks < _PATIENCE:
                self._tell(ForgeAnswered(branch=branch, tasks=(), message=opened.message, again=True))
                return self._pause()
        return RollbackPause(
            state="waiting", branch=branch, reason=f"its pull request cannot be opened: {opened.message}"
        )

    def _examine(
        self, snapshot: RollbackSnapshot, back: Reversal, pull: Pull, tip: Oid, left: float
    ) -> Advance | RollbackPause:
        if self._doubt:
            self._doubt -= 1
            return self._pause()
        if pull.base != self._context.plan.base:
            return self._rejected(pull.head, pull)
        if pull.head_commit != tip or pull.mergeable is None:
            return self._settle(pull.head, pull, "the forge has not computed yet whether it can merge")
        gates = self._context.forge.closed_gates(pull, self._context.method)
        contains = self._context.repository.ancestry.contains(tip, snapshot.base_commit)
        if any(gate.name == BEHIND for gate in gates) and not contains:
            return self._publish(snapshot, back, pull.head, tip)
        if gates:
            reason = "; ".join(f"{gate.name}: {gate.reason}" for gate in gates)
            return self._hold(pull, reason, left)
        return self._merge(snapshot, back, pull, tip, left)

    def _merge(
        self, snapshot: RollbackSnapshot, back: Reversal, pull: Pull, tip: Oid, left: float
    ) -> Advance | RollbackPause:
        request = MergeRequest(
            number=pull.number,
            head=tip,
            base=self._context.plan.base,
            method=self._context.method,
            title=f"{title(snapshot)} (#{pull.number})",
            message=trailers(snapshot),
        )
        outcome = self._context.forge.merge_pull(request)
        match outcome:
            case Merged():
                self._tell(RollbackMerged(pull=pull.number, commit=outcome.commit))
                self._unanswered = None
                self._prove(pull, outcome.commit)
                return Advance()
            case Unclear():
                self._doubt = _DOUBTFUL_LOOKS
                self._unanswered = pull
                self._tell(ForgeAnswered(branch=pull.head, tasks=(), message=outcome.message, again=True))
                return self._settle(pull.head, pull, outcome.message)
            case Refused(kind="retry" | "conflict" | "head-moved" | "moved" | "closed"):
                return self._settle(pull.head, pull, outcome.message)
            case Refused(kind="not-allowed"):
                return RollbackPause(state="waiting", branch=pull.head, url=pull.url, reason=outcome.message)
        return self._hold(pull, outcome.message, left)

    def prove_unanswered(self) -> None:
        """Verifies the merge whose answer was lost, once the base shows the rollback. Raises `tree-differs`.

        Skips a merge of another head: its sender verifies it.
        """
        if self._unanswered is None:
            return
        sent, self._unanswered = self._unanswered, None
        pull = self._context.forge.read_pull(sent.number)
        if pull.state == "merged" and pull.merge_commit and pull.head_commit == sent.head_commit:
            self._prove(pull, pull.merge_commit)

    def _prove(self, pull: Pull, commit: Oid) -> None:
        """Compares the merged tree with the computed one; the base may have moved in between."""
        self._context.store.refresh()
        context, base = self._context, self._context.plan.base
        if not base_holds(
            context.forge, context.repository.ancestry, base, context.shared.branch(base), pull.number, commit
        ):
            return
        compare(context.repository, pull.number, pull.head_commit, commit)
        self.proved.add(pull.head_commit)

    def _hold(self, pull: Pull, reason: str, left: float) -> Advance | RollbackPause:
        if left <= 0:
            return RollbackPause(state="waiting", branch=pull.head, url=pull.url, reason=reason)
        if reason != self._last_reason:
            self._tell(RollbackWaiting(reason=reason))
            self._last_reason = reason
        self._looks = 0
        self._sleep(min(_TICKS, left))
        return Advance()

    def _settle(self, branch: str, pull: Pull, reason: str) -> Advance | RollbackPause:
        if self._looks >= _PATIENCE:
            return RollbackPause(state="waiting", branch=branch, url=pull.url, reason=reason)
        return self._pause()

    def _pause(self) -> Advance:
        self._sleep(_PAUSES[min(self._looks, len(_PAUSES) - 1)])
        self._looks += 1
        return Advance()
