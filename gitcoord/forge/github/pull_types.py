"""GitHub's answers about pull requests, and their conversion to `Pull`."""

from typing import Literal

import msgspec

from gitcoord.forge.github.api_types import Answer, UserAnswer
from gitcoord.forge.pull_requests import Pull


class NamedRepository(Answer, frozen=True):
    """A repository within another answer."""

    full_name: str


class SideAnswer(Answer, frozen=True):
    """The head or base of a pull request; without a repository if its fork was deleted."""

    ref: str
    sha: str
    repo: NamedRepository | None = None
    label: str | None = None
    """`OWNER:BRANCH`."""


class LabelAnswer(Answer, frozen=True):
    """A label of a pull request."""

    name: str


class PullAnswer(Answer, frozen=True):
    """A pull request; lists leave out the fields about mergeability."""

    number: int
    state: Literal["open", "closed"]
    title: str
    head: SideAnswer
    base: SideAnswer
    html_url: str
    user: UserAnswer | None = None
    body: str | None = None
    draft: bool = False
    auto_merge: msgspec.Raw = msgspec.Raw(b"null")
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    labels: tuple[LabelAnswer, ...] = ()

    @property
    def head_branch(self) -> str:
        """The name of the head branch.

        In a fork `OWNER:BRANCH`, which cannot be a branch of this repository.
        """
        fork, here = self.head.repo, self.base.repo
        if fork is not None and (here is None or fork.full_name == here.full_name):
            return self.head.ref
        owner = fork.full_name.split("/")[0] if fork is not None else "unknown"
        return self.head.label if self.head.label and fork is None else f"{owner}:{self.head.ref}"

    def to_pull(self) -> Pull:
        """Converts the answer to a `Pull`; ignores `mergeable` unless the pull request is open."""
        merged = self.merged_at is not None
        return Pull(
            number=self.number,
            head=self.head_branch,
            head_commit=self.head.sha,
            base=self.base.ref,
            state="merged" if merged else self.state,
            title=self.title,
            body=self.body or "",
            author=self.user.login if self.user is not None else "",
            draft=self.draft,
            merges_itself=bytes(self.auto_merge) != b"null",
            mergeable=self.mergeable if self.state == "open" else None,
            merge_commit=self.merge_commit_sha if merged else None,
            url=self.html_url,
            labels=tuple(label.name for label in self.labels),
        )
