"""What people decided about pull requests: one that was closed, or moved to another base, is a no.

It stands for the work that the pull request held, whoever opened it: gitcoord opens no other one for the same
commits. New commits, a pull request that is open onto the base again, or one opened by hand end it.
A pull request that gitcoord was opening at that very moment, with no look in between, is closed again.
"""

from collections.abc import Collection

import msgspec

from gitcoord.forge.pull_requests import BranchPulls, Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.landing.own_text import is_own
from gitcoord.state.task_history import Progress


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A person's no to a task's work, which waits then; `reason` says what was done, and the way on.

    `unseen`: `pull` is open, gitcoord opened it, and closes it because of this one, which held the same work
    and was closed or moved before gitcoord saw it.
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
) -> Rejection | None:
    """Return the newest no to `head` among the pull requests of a branch whose tip is `tip`.

    `wanted` are those that people opened by hand, or decided about before: where one of them is open, people
    want it so. `base_commit` is where the base is.
    """
    opened = pulls.current if pulls.current is not None and pulls.current.state == "open" else None
    if opened is not None and (opened.number in wanted or not is_own(opened)):
        return None
    for pull in pulls.others:
        reason = _reason(pull, base, own=pull.number == before.pull)
        if not reason or not _holds(ancestry, pull, head, tip, before):
            continue
        if pull.state == "closed" and ancestry.contains(base_commit, pull.head_commit):
            continue  # GitHub closes by itself what has no commit that its base lacks
        if opened is None:
            return Rejection(pull=pull, reason=reason)
        if pull.number < opened.number:
            # The reason is that of the newest no, which this one is as soon as it is closed.
            return Rejection(pull=opened, reason=closed_unmerged(opened.number), unseen=pull)
    return None


def closed_unmerged(number: int) -> str:
    """Why a closed pull request keeps its work from landing."""
    return (
        f"pull request {number} was closed without being merged; to land it, reopen it, or submit new commits"
    )


def is_given_up(pulls: BranchPulls) -> bool:
    """Whether a level branch is not used any more: a person closed or moved its pull request."""
    return pulls.current is None and bool(pulls.others)


def moved_away(pull: Pull, base: str) -> str:
    """Why an open pull request that goes onto another base than `base` is not merged."""
    return (
        f"pull request {pull.number} goes onto {pull.base}, not {base}; "
        f"to land it, change its base back to {base}"
    )


def _reason(pull: Pull, base: str, *, own: bool) -> str:
    """Why the pull request is a no; "" when it is none. `own`: the journal names it as the task's."""
    if pull.state == "open":
        return moved_away(pull, base)
    if pull.state == "closed" and (own or pull.base == base):
        return closed_unmerged(pull.number)
    if pull.state == "merged" and own:
        return (
            f"pull request {pull.number} was merged into {pull.base}, not {base}; to land it on {base} too, "
            f"open a pull request onto {base} by hand, or submit new commits"
        )
    return ""


def _holds(ancestry: Ancestry, pull: Pull, head: Oid, tip: Oid | None, before: Progress) -> bool:
    """Whether the pull request holds the work; the journal knows it of folds that are not here any more."""
    folded = before.folded
    if folded is not None and (folded.into, folded.head, before.pull) == (pull.head, head, pull.number):
        return True
    if pull.state == "open" and tip is not None and ancestry.contains(tip, head):
        return True
    return ancestry.contains(pull.head_commit, head)
