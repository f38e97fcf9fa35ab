"""Finds rejections: a person closed a pull request, or changed its base.

A rejection is about the work in the pull request: gitcoord opens no other pull request for the same commits.
The rejection ends with new commits, or when somebody reopens the pull request, restores its base or opens
another one. If gitcoord opened a pull request before it saw the rejection, it closes that one.
"""

from collections.abc import Collection

import msgspec

from gitcoord.forge.pull_requests import BranchPulls, Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.landing.own_text import is_own
from gitcoord.state.task_history import Progress


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A person's rejection of a task's work. The task waits; `reason` says what happened and how to continue.

    `unseen`: an earlier pull request with the same work. A person rejected it at the moment at which gitcoord
    opened `pull`; gitcoord then closes `pull`.
    """

    pull: Pull
    reason: str
    journaled: bool = False
    unseen: Pull | None = None


def find_rejection(
    ancestry: Ancestry,
    pulls: BranchPulls,
    *,
    base: str,
    head: Oid,
    tip: Oid | None,
    before: Progress,
    base_commit: Oid,
    wanted: Collection[int] = (),
    own: Collection[int] = (),
) -> Rejection | None:
    """Returns the newest rejection of `head` among the pull requests of a branch, or None.

    `tip` is the branch's tip, `base_commit` that of the base. `wanted` are the pull requests that people
    opened or decided about: if one of them is open, people want it to land. `own` has the number of an
    adopted task, which is its pull request: closing that rejects the work, whatever its base is.
    """
    opened = pulls.current if pulls.current is not None and pulls.current.state == "open" else None
    if opened is not None and (opened.number in wanted or not is_own(opened)):
        return None
    for pull in pulls.others:
        reason = decision(
            ancestry, pull, base, base_commit, own=pull.number == before.pull or pull.number in own
        )
        if not reason or not _holds(ancestry, pull, head, tip, before):
            continue
        if opened is None:
            return Rejection(pull=pull, reason=reason)
        if pull.number < opened.number:
            # Once gitcoord has closed the open one, that is the newest rejection.
            return Rejection(pull=opened, reason=closed_unmerged(opened.number), unseen=pull)
    return None


def closed_unmerged(number: int) -> str:
    """Returns why the work of a closed pull request does not land."""
    return f"pull request {number} was closed without a merge; to land it, reopen it, or submit new commits"


def is_given_up(pulls: BranchPulls) -> bool:
    """Whether a level branch is no longer used: a person closed its pull request or changed its base."""
    return pulls.current is None and bool(pulls.others)


def moved_away(pull: Pull, base: str) -> str:
    """Returns why an open pull request with another base than `base` is not merged."""
    return (
        f"pull request {pull.number} has the base {pull.base}, not {base}; "
        f"to land it, change its base back to {base}"
    )


def merged_away(pull: Pull, base: str) -> str:
    """Returns why a pull request that was merged into another base than `base` gets no other pull request."""
    return (
        f"pull request {pull.number} was merged into {pull.base}, not {base}; to land it on {base} too, "
        f"open a pull request onto {base} yourself"
    )


def decision(ancestry: Ancestry, pull: Pull, base: str, base_commit: Oid, *, own: bool) -> str:
    """Returns why the work does not land after a person's decision about the pull request, or "".

    `own`: it is known as the pull request of the task or of the rollback.
    """
    if pull.state == "open":
        return moved_away(pull, base)
    if pull.state == "closed" and (own or pull.base == base):
        # GitHub itself closes a pull request whose base has all of its commits.
        return "" if ancestry.contains(base_commit, pull.head_commit) else closed_unmerged(pull.number)
    if pull.state == "merged" and own:
        return f"{merged_away(pull, base)}, or submit new commits"
    return ""


def _holds(ancestry: Ancestry, pull: Pull, head: Oid, tip: Oid | None, before: Progress) -> bool:
    """Whether the pull request has the work; the journal shows that of folds that no longer exist.

    A merge of the base that gitcoord pushed after a person closed the pull request is no new work.
    """
    folded = before.folded
    if folded is not None and (folded.into, folded.head, before.pull) == (pull.head, head, pull.number):
        return True
    if pull.state == "open" and tip is not None and ancestry.contains(tip, head):
        return True
    submitted = before.submitted_head if head == before.head else None
    return any(ancestry.contains(pull.head_commit, one) for one in (head, submitted) if one is not None)
