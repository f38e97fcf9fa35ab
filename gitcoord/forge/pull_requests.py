"""The forge port: where pull requests live, as seen by landing. Knows nothing of plans.

A refusal is a value (`Refused`), an answer that was lost is a value (`Unclear`); `GitcoordError` means that
the forge could not be asked at all. Nothing in here retries a write: after `Unclear` the caller looks first.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gitcoord.redact import redact_said

Method = Literal["merge", "squash", "rebase"]
PullState = Literal["open", "closed", "merged"]
RefusalKind = Literal[
    "conflict",  # does not merge with the base as it is now
    "head-moved",  # the head is not the commit that was checked
    "retry",  # transient: the base was modified, a merge is in progress
    "outdated",  # the base takes only heads that contain its newest commits
    "queue",  # the base takes changes from the forge's merge queue only
    "gate",  # a required check, approval or other gate is not open yet
    "unfit",  # this branch cannot be merged by this method, however long one waits: stop this task only
    "nothing-to-merge",  # the base has everything that the head has
    "closed",  # the pull request was closed without being merged
    "moved",  # the pull request goes onto another base than the one that was checked
    "not-allowed",  # this merge method, or this user, may not merge here: stop the run
    "unknown",  # a text that nobody has seen: fail closed, show it
]


BEHIND = "up to date"
"""The name of the gate that opens once the head contains the newest commits of the base."""
QUEUE = "merge queue"
"""The name of the gate that is passed by joining the forge's merge queue."""


Way = Literal["queue", "auto-merge"]
"""How a forge merges by itself: in a queue, or as soon as nothing is in the way."""


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request as the forge reports it.

    `mergeable` is None while the forge computes it. `merge_commit` is set for merged ones only: the
    commit on the base that ended the merge. `head_commit` may lag behind git; tips are read from git.
    `merges_itself`: the forge was told to merge it as soon as nothing is in the way. A `head` in a fork is
    `OWNER:BRANCH`, which no branch of the repository itself can be called.
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
    were closed unmerged, and those onto other bases, whatever their state.
    """

    current: Pull | None = None
    others: tuple[Pull, ...] = ()


class NewPull(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to open a pull request: branch names, not refs."""

    head: str
    base: str
    title: str
    body: str
    draft: bool = False


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull request gets besides its text."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()


class CommitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a commit under the name `context`; a description may have 140 characters."""

    commit: str
    context: str
    state: Literal["success", "failure", "error"]
    description: str


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A closed gate: `name` such as `check ci/test`, `reason` what would open it.

    `failed` is True when waiting alone cannot open it (a check that has failed), `final` when nothing can but
    other commits, or a person who opens it by hand. `queue`: the forge's merge queue is in the way; `open`
    when the pull request may join it, `joined` when it is in there. `check` is the context of the required
    status or check run that has not passed.
    """

    name: str
    reason: str
    check: str = ""
    failed: bool = False
    final: bool = False
    queue: Literal["", "open", "joined"] = ""


class Merged(msgspec.Struct, frozen=True, kw_only=True, tag="merged"):
    """The forge merged: `commit` is the base's new tip."""

    commit: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The forge answered no; nothing was changed."""

    kind: RefusalKind
    message: str
    way: str = ""
    """What would open it, such as a setting; "" when that is not known."""

    @property
    def reason(self) -> str:
        """What the forge said, and what would open it."""
        return f"{self.message.rstrip('.')}; {self.way}" if self.way else self.message

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class Unclear(msgspec.Struct, frozen=True, kw_only=True, tag="unclear"):
    """No usable answer (reset, timeout, 5xx): the write may or may not have been applied."""

    message: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class MergeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A merge to perform: only if the pull request's head is still `head`, and its base `base`.

    GitHub has no guard for the base: it is read right before the merge, and can still change in between.
    `title` and `message` are for the merge or squash commit (rebase makes none).
    """

    number: int
    head: str
    base: str
    method: Method
    title: str
    message: str
    tree: str = ""
    """What the base has to become, where that was checked; a forge that can see to it merges nothing else."""


class HandedOver(msgspec.Struct, frozen=True, kw_only=True, tag="handed-over"):
    """The forge will merge by itself. `already`: it was told so before."""

    already: bool = False


MergeOutcome = Merged | Refused | Unclear


class Forge(Protocol):
    """Where pull requests live."""

    @property
    def name(self) -> str:
        """`github` or `local`."""

    @property
    def merges_together(self) -> bool:
        """Whether it merges several pull requests and moves the base once: see `merge_together`."""

    def find_pulls(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """The pull requests of each head branch, seen from `base`; branches without any are left out."""

    def open_pulls(self) -> tuple[Pull, ...]:
        """Every open pull request, by number; those of forks too."""

    def read_pull(self, number: int) -> Pull:
        """One pull request as it is now. Raises GitcoordError when there is none."""

    def open_pull(self, new: NewPull) -> Pull | Refused | Unclear:
        """Opens a pull request, or adopts the open one that `new.head` already has onto `new.base`."""

    def edit_pull(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Changes the text of a pull request."""

    def close_pull(self, number: int) -> None:
        """Closes a pull request without merging it; twice is once."""

    def add_extras(self, number: int, extras: Extras) -> None:
        """Puts labels on a pull request and asks for reviews; twice is once."""

    def say(self, number: int, topic: str, text: str, *, only_again: bool = False) -> None:
        """Puts gitcoord's comment about `topic` on a pull request, or edits the one that is there.

        `only_again`: not when there is none.
        """

    def set_status(self, status: CommitStatus) -> None:
        """Puts a status on a commit; the newest of a name counts. Raises `not-changed` when it is refused."""

    def make_ready(self, number: int) -> Refused | Unclear | None:
        """Ends a pull request's being a draft."""

    def retarget(self, branch: str, base: str, only: Collection[int] | None = None) -> tuple[int, ...]:
        """Moves the open pull requests onto `branch` (or `only` these of them) to `base`; their numbers."""

    def closed_gates(self, pull: Pull, method: Method = "merge") -> tuple[Gate, ...]:
        """What keeps this pull request from merging by `method` although it has no conflict."""

    def merge_pull(self, request: MergeRequest) -> MergeOutcome:
        """Sends one merge, once."""

    def merge_together(self, requests: Sequence[MergeRequest], whole: MergeRequest) -> MergeOutcome:
        """Merges pull requests one onto the other by one commit on the base, which says what `whole` says.

        All of them, or none.
        """

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """Lets the forge merge by itself, only as long as the head is the request's; twice is once."""


def branch_pulls(pulls: Collection[Pull], base: str) -> BranchPulls:
    """Sort the pull requests of one head branch, as seen from `base`."""
    onto = [pull for pull in pulls if pull.base == base and pull.state != "closed"]
    current = max(onto, key=lambda pull: (pull.state == "open", pull.number), default=None)
    others = [pull for pull in pulls if pull.base != base or pull.state == "closed"]
    return BranchPulls(current=current, others=tuple(sorted(others, key=lambda pull: -pull.number)))
