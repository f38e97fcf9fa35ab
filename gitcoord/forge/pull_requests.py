"""The forge protocol: pull requests, as landing sees them. Knows nothing of plans.

A refusal to open or merge a pull request is a value (`Refused`), and so is a lost answer (`Unclear`).
`GitcoordError` means that the forge could not be asked, or that another change failed. No forge opens or
merges a second time after a lost answer: the caller reads the state first.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gitcoord.redact import redact_said

Method = Literal["merge", "squash", "rebase"]
PullState = Literal["open", "closed", "merged"]
RefusalKind = Literal[
    "conflict",  # does not merge with the current base
    "head-moved",  # the head is not the commit that was checked
    "retry",  # transient: the base was modified, a merge is in progress
    "outdated",  # the base takes only heads that contain its newest commits
    "queue",  # the base takes changes from the forge's merge queue only
    "gate",  # a required check, approval or other gate is closed
    "unfit",  # this method can never merge this branch: stop only this task
    "nothing-to-merge",  # the base contains everything that the head has
    "closed",  # the pull request was closed without being merged
    "moved",  # the base of the pull request is not the one that was checked
    "not-allowed",  # this merge method or this user is not allowed here: stop the run
    "unknown",  # an unknown text: treat it as final, and show it
]


BEHIND = "up to date"
"""The name of the gate that opens when the head contains the newest commits of the base."""
QUEUE = "merge queue"
"""The name of the gate that only the forge's merge queue can open."""


Way = Literal["queue", "auto-merge"]
"""How a forge merges on its own: in a queue, or as soon as all gates are open."""


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request as the forge reports it.

    `mergeable` is None while the forge computes it. `merge_commit` is set only for merged ones: the commit on
    the base that completed the merge. `head_commit` may lag behind git; read tips from git. `merges_itself`:
    auto-merge is enabled. A `head` in a fork is `OWNER:BRANCH`, which cannot be a branch of this repository.
    """

    number: int
    head: str
    head_commit: str
    base: str
    state: PullState
    title: str = ""
    body: str = ""
    author: str = ""
    draft: bool = False
    merges_itself: bool = False
    mergeable: bool | None = None
    merge_commit: str | None = None
    url: str = ""
    labels: tuple[str, ...] = ()


class BranchPulls(msgspec.Struct, frozen=True, kw_only=True):
    """The pull requests of one head branch.

    `current` is the open one onto the base, else the newest merged one. `others`, newest first: those that
    were closed without a merge, and those onto other bases, in any state.
    """

    current: Pull | None = None
    others: tuple[Pull, ...] = ()


class NewPull(msgspec.Struct, frozen=True, kw_only=True):
    """The data for opening a pull request: branch names, not refs."""

    head: str
    base: str
    title: str
    body: str
    draft: bool = False


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """Labels and reviewers of a pull request."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()


class CommitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A status of a commit under the name `context`; a description may have 140 characters."""

    commit: str
    context: str
    state: Literal["success", "failure", "error"]
    description: str


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A closed gate: `name`, such as `check ci/test`, and `reason`, which says why it is closed.

    `failed`: waiting alone cannot open it (a check failed). `final`: only other commits or a person can open
    it. `queue`: the merge queue is required: `open` if the pull request may join it, `joined` if it is in it.
    `check` is the context of the required status or check run that has not passed.
    """

    name: str
    reason: str
    check: str = ""
    failed: bool = False
    final: bool = False
    queue: Literal["", "open", "joined"] = ""


class Merged(msgspec.Struct, frozen=True, kw_only=True, tag="merged"):
    """The forge has merged: `commit` is the base's commit that completed the merge."""

    commit: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The forge refused; nothing was changed."""

    kind: RefusalKind
    message: str
    way: str = ""
    """A hint, such as a setting to change; "" if none is known."""

    @property
    def reason(self) -> str:
        """The forge's message, and the hint."""
        return f"{self.message.rstrip('.')}; {self.way}" if self.way else self.message

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class Unclear(msgspec.Struct, frozen=True, kw_only=True, tag="unclear"):
    """No usable answer (reset, timeout, 5xx): the write may or may not have been applied."""

    message: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class MergeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A merge to perform only if the pull request's head is still `head`, and its base still `base`.

    GitHub has no guard for the base: it is read right before the merge, and can still change in between. With
    `base_commit`, the base must also be at that commit right before the merge.
    `title` and `message` are for the merge or squash commit (rebase makes none).
    """

    number: int
    head: str
    base: str
    method: Method
    title: str
    message: str
    base_commit: str = ""
    tree: str = ""
    """The tree that the base must get, if it was checked; a forge that can compare it refuses any other."""


class HandedOver(msgspec.Struct, frozen=True, kw_only=True, tag="handed-over"):
    """The forge will merge on its own. `already`: somebody had asked it before."""

    already: bool = False


MergeOutcome = Merged | Refused | Unclear


class Forge(Protocol):
    """A place for pull requests."""

    @property
    def name(self) -> str:
        """`github` or `local`."""

    @property
    def merges_together(self) -> bool:
        """Whether the forge can merge several pull requests with one move of the base (`merge_together`)."""

    def find_pulls(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """Returns the pull requests of each head branch as seen from `base`; skips branches without any."""

    def open_pulls(self) -> tuple[Pull, ...]:
        """Returns all open pull requests by number, also those of forks."""

    def read_pull(self, number: int) -> Pull:
        """Returns one pull request as it is now. Raises GitcoordError if it does not exist."""

    def open_pull(self, new: NewPull) -> Pull | Refused | Unclear:
        """Opens a pull request, or returns the open one from `new.head` onto `new.base`."""

    def edit_pull(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Changes the title or the text of a pull request; None keeps it.

        Raises `edit-refused` or `edit-unclear`.
        """

    def close_pull(self, number: int) -> None:
        """Closes a pull request without merging it; no change if it is closed."""

    def add_extras(self, number: int, extras: Extras) -> None:
        """Adds labels to a pull request and requests reviews; no change for existing ones."""

    def say(self, number: int, topic: str, text: str, *, only_again: bool = False) -> None:
        """Writes gitcoord's comment about `topic` on a pull request, or edits the existing one.

        `only_again`: only edits.
        """

    def set_status(self, status: CommitStatus) -> None:
        """Sets a status on a commit; the newest of a name counts.

        Raises `not-changed` if the forge refuses.
        """

    def make_ready(self, number: int) -> Refused | Unclear | None:
        """Marks a draft pull request as ready for review; returns None if that has succeeded."""

    def retarget(self, branch: str, base: str, only: Collection[int] | None = None) -> tuple[int, ...]:
        """Changes the base of the open pull requests onto `branch` to `base`; returns their numbers.

        `only`: changes only the pull requests with these numbers.
        """

    def closed_gates(self, pull: Pull, method: Method = "merge") -> tuple[Gate, ...]:
        """Returns the gates that prevent this pull request from merging by `method`.

        Conflicts are not among them.
        """

    def merge_pull(self, request: MergeRequest) -> MergeOutcome:
        """Sends one merge, once."""

    def merge_together(self, requests: Sequence[MergeRequest], whole: MergeRequest) -> MergeOutcome:
        """Merges all of the pull requests, or none, with one commit on the base.

        `whole` has the text of that commit, and its tree.
        """

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """Asks the forge to merge on its own, if the head is still the request's.

        Changes nothing if the forge will do so already.
        """


def branch_pulls(pulls: Collection[Pull], base: str) -> BranchPulls:
    """Sorts the pull requests of one head branch, as seen from `base`."""
    onto = [pull for pull in pulls if pull.base == base and pull.state != "closed"]
    current = max(onto, key=lambda pull: (pull.state == "open", pull.number), default=None)
    others = [pull for pull in pulls if pull.base != base or pull.state == "closed"]
    return BranchPulls(current=current, others=tuple(sorted(others, key=lambda pull: -pull.number)))
