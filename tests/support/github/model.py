"""What the emulated GitHub remembers: plain mutable records, each behind its repository's lock."""

from dataclasses import dataclass, field
from typing import Literal

from tests.support.github.exchange import timestamp

OWN_USER = "mona"
"""Whom the emulator's token belongs to."""


@dataclass
class MergeSettings:
    """The repository settings that decide how merging works."""

    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    delete_branch_on_merge: bool = False
    allow_auto_merge: bool = False
    archived: bool = False
    drafts: bool = True
    """Whether the plan of its owner has drafts."""
    actions_open_pulls: bool = True
    """Whether the token of an Actions workflow may open pull requests."""


@dataclass(frozen=True)
class RequiredCheck:
    """A check that must pass; `app` is the id of the GitHub app that has to report it."""

    context: str
    app: int | None = None


@dataclass(frozen=True)
class MessagePattern:
    """What the message of every commit that comes to a branch must look like; in rulesets only."""

    pattern: str
    operator: Literal["starts_with", "ends_with", "contains", "regex"] = "regex"
    negate: bool = False
    name: str = ""


@dataclass(frozen=True)
class Protection:
    """What protects one branch, as classic branch protection or as a ruleset."""

    checks: tuple[RequiredCheck, ...] = ()
    strict: bool = False
    approvals: int = 0
    dismiss_stale: bool = False
    """Whether approvals are dismissed when the head moves."""
    linear_history: bool = False
    merge_queue: bool = False
    restricts_pushes: bool = False
    """Whether only `pushers` may move the branch, be it by a merge."""
    pushers: tuple[str, ...] = ()
    pull_request_required: bool = False
    dismissers: tuple[str, ...] | None = None
    """Who alone may dismiss reviews; None: everybody who may write."""
    conversation_resolution: bool = False
    required_signatures: bool = False
    message_pattern: MessagePattern | None = None
    form: Literal["classic", "ruleset"] = "classic"

    @classmethod
    def requiring(cls, *contexts: str, **settings: object) -> "Protection":
        """Requires these checks, whoever reports them."""
        return cls(checks=tuple(RequiredCheck(name) for name in contexts), **settings)  # type: ignore[arg-type]


@dataclass
class Mergeability:
    """The background work of finding out whether a pull request merges.

    The first request that asks starts it and is answered null. The result is there at the next one, unless a
    test holds it: so nobody ever sleeps for it.
    """

    nulls_left: int
    known: bool = False
    mergeable: bool = False
    rebaseable: bool = False
    test_merge: str | None = None


@dataclass(frozen=True)
class AutoMerge:
    """A request to merge as soon as nothing stands in the way."""

    method: str
    title: str | None = None
    message: str | None = None
    enabled_at: str = field(default_factory=timestamp)


@dataclass
class QueueEntry:
    """A pull request's place in the merge queue of its base."""

    id: int
    head_sha: str
    reads_left: int
    enqueued_at: str = field(default_factory=timestamp)


@dataclass
class AsyncMerge:
    """A merge that was asked for and is performed in the background."""

    uuid: str
    pull: int
    method: str
    sha: str
    status: Literal["pending", "merged", "enqueued", "failed"] = "pending"
    message: str = "Merge request is in progress."
    merge_commit: str = ""


@dataclass
class Issue:
    """An issue; those of other repositories stand in lists of blockers only."""

    number: int
    title: str
    body: str | None = None
    state: Literal["open", "closed"] = "open"
    reason: str | None = None
    labels: list[str] = field(default_factory=list)
    milestone: str | None = None
    blocked_by: list["Issue"] = field(default_factory=list)
    sub_issues: list["Issue"] = field(default_factory=list)
    repository: str = ""
    created_at: str = field(default_factory=timestamp)


@dataclass
class Pull:
    """A pull request."""

    number: int
    title: str
    body: str | None
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool
    mergeability: Mergeability
    author: str = OWN_USER
    fork: str | None = None
    """The owner of the fork that has its head; None: this repository has it."""
    fork_is_gone: bool = False
    state: Literal["open", "closed"] = "open"
    merged: bool = False
    merged_by: str | None = None
    unresolved: int = 0
    """How many conversations of its review are not resolved."""
    broken_off: bool = False
    """A merge moved the base and broke off before it closed the pull request."""
    merge_commit: str | None = None
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)
    merged_at: str | None = None
    closed_at: str | None = None
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    """The teams that were asked to review, by their slugs."""
    auto_merge: AutoMerge | None = None
    queued: QueueEntry | None = None
    thrown_out: tuple[str, str] | None = None
    """The head with which the merge queue took it out, and why."""

    def close(self, *, merge_commit: str | None = None, by: str = OWN_USER) -> None:
        """Closes it, as merged when there is a commit that merged it."""
        self.state = "closed"
        self.closed_at = self.updated_at = timestamp()
        self.auto_merge = self.queued = None
        if merge_commit is not None:
            self.merged, self.merged_at, self.merge_commit = True, self.closed_at, merge_commit
            self.merged_by = by


@dataclass(frozen=True)
class Status:
    """A commit status."""

    id: int
    sha: str
    context: str
    state: str
    description: str | None = None
    target_url: str | None = None
    created_at: str = field(default_factory=timestamp)


@dataclass
class CheckRun:
    """A check run of a GitHub app."""

    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    app: int
    started_at: str = field(default_factory=timestamp)
    completed_at: str | None = None


@dataclass(frozen=True)
class Review:
    """A submitted review."""

    id: int
    pull: int
    user: str
    state: str
    commit: str
    body: str = ""
    submitted_at: str = field(default_factory=timestamp)


@dataclass
class Comment:
    """A comment of a pull request's conversation."""

    id: int
    number: int
    body: str
    author: str = OWN_USER
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)
