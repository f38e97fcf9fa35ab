"""Reads GitHub issues by label and milestone, with their blockers and sub-issues."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from gitcoord.errors import usage_error
from gitcoord.forge.github.api_types import Answer
from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.connect import connect
from gitcoord.forge.github.rate_limit import Countdown
from gitcoord.forge.github_repository_name import choose_repository
from gitcoord.text_lists import some

_ABSENT = (404, 410)
_MOST_NAMED = 200
"""The largest number of issues to request one by one because texts name them."""


class IssueLabelAnswer(Answer, frozen=True):
    """A label of an issue."""

    name: str | None = None


class IssueSummaryAnswer(Answer, frozen=True):
    """The number of issues that block an issue, or of its sub-issues."""

    total_blocked_by: int = 0
    total: int = 0


class IssueAnswer(Answer, frozen=True):
    """An issue, or a pull request, which has `pull_request`."""

    number: int
    title: str
    state: str
    repository_url: str
    body: str | None = None
    state_reason: str | None = None
    labels: tuple[str | IssueLabelAnswer, ...] = ()
    pull_request: dict[str, object] | None = None
    issue_dependencies_summary: IssueSummaryAnswer | None = None
    sub_issues_summary: IssueSummaryAnswer | None = None

    @property
    def repository(self) -> str:
        """The full name of the issue's repository."""
        return "/".join(self.repository_url.split("/")[-2:])

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the issue's labels."""
        names = (label if isinstance(label, str) else label.name for label in self.labels)
        return tuple(name for name in names if name)


class RepositoryNameAnswer(Answer, frozen=True):
    """The current name of a repository."""

    full_name: str


class MilestoneAnswer(Answer, frozen=True):
    """A milestone."""

    number: int
    title: str


class RelatedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that blocks another one, or is its sub-issue."""

    number: int
    repository: str
    open: bool


class IssueRead(msgspec.Struct, frozen=True, kw_only=True):
    """An issue with its blockers and sub-issues."""

    number: int
    title: str
    body: str
    open: bool
    reason: str
    labels: tuple[str, ...]
    blocked_by: tuple[RelatedAnswer, ...]
    sub_issues: tuple[RelatedAnswer, ...]


class Issues:
    """The issues of one repository; `unread` are sentences about data that GitHub did not provide."""

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        self._gateway = gateway
        self._path = f"/repos/{full_name}/issues"
        self.full_name = full_name
        self._offered = {"dependencies/blocked_by": True, "sub_issues": True}
        self.unread: list[str] = []

    def read(self, labels: Collection[str], milestone: str | None) -> list[IssueRead]:
        """Returns the issues, open and closed, with all of these labels, and this milestone if one is named.

        Reads blockers and sub-issues only of open issues. Returns an empty list if issues are disabled.
        Raises `no-task-list` if there is no such milestone.
        """
        query: dict[str, str | int] = {"state": "all", "sort": "created", "direction": "asc"}
        if labels:
            query["labels"] = ",".join(labels)
        if milestone is not None:
            query["milestone"] = self._milestone(milestone)
        pages = self._gateway.read_pages(self._path, tuple[IssueAnswer, ...], query, absent=(410,))
        return [self._whole(one) for page in pages for one in page if one.pull_request is None]

    def open_ones(self, numbers: Collection[int]) -> dict[int, bool]:
        """Returns, for each existing issue or pull request, whether it is open."""
        asked = sorted(numbers)[:_MOST_NAMED]
        if len(numbers) > len(asked):
            rest = len(numbers) - len(asked)
            self.unread.append(f"Texts name {rest} more issues outside the list, which were not read.")
        found = {}
        for number in asked:
            issue = self._gateway.read_if_there(f"{self._path}/{number}", IssueAnswer, absent=_ABSENT)
            if issue is not None:
                found[number] = issue.state == "open"
        return found

    def _milestone(self, name: str) -> int:
        path = f"/repos/{self.full_name}/milestones"
        pages = self._gateway.read_pages(path, tuple[MilestoneAnswer, ...], {"state": "all"})
        known = [one for page in pages for one in page]
        for one in known:
            if one.title.casefold() == name.casefold():
                return one.number
        titles = some([one.title for one in known]) if known else "none"
        raise usage_error(
            "no-task-list",
            f"{self.full_name} has no milestone {name!r}.",
            f"Its milestones are: {titles}." if known else "It has none: leave --milestone out.",
        )

    def _whole(self, one: IssueAnswer) -> IssueRead:
        blocked, parts = one.issue_dependencies_summary, one.sub_issues_summary
        is_open = one.state == "open"
        return IssueRead(
            number=one.number,
            title=one.title,
            body=one.body or "",
            open=is_open,
            reason=one.state_reason or "",
            labels=one.label_names,
            blocked_by=tuple(self._related(one, "dependencies/blocked_by"))
            if is_open and (blocked is None or blocked.total_blocked_by)
            else (),
            sub_issues=tuple(self._related(one, "sub_issues"))
            if is_open and (parts is None or parts.total)
            else (),
        )

    def _related(self, one: IssueAnswer, which: str) -> Iterator[RelatedAnswer]:
        if not self._offered[which]:
            return
        path = f"{self._path}/{one.number}/{which}"
        pages = list(self._gateway.read_pages(path, tuple[IssueAnswer, ...], absent=_ABSENT))
        if not pages:
            # An older GitHub Enterprise Server has neither blockers nor sub-issues.
            self._offered[which] = False
            what = "sub-issues" if which == "sub_issues" else "the blockers of issues"
            self.unread.append(f"GitHub does not provide {what} here; only the texts were read.")
            return
        for page in pages:
            for other in page:
                yield RelatedAnswer(
                    number=other.number, repository=other.repository, open=other.state == "open"
                )


def open_issues(
    *, url: str | None, repository: str | None, environ: Mapping[str, str], tell: Countdown | None = None
) -> Issues:
    """Returns the issues of the repository named by `repository`, the remote's `url` or GITHUB_REPOSITORY.

    Raises `no-token`, `unknown-repository`, and any error of the connection.
    """
    full_name = choose_repository(url, repository, environ)
    gateway = connect(url=url, full_name=full_name, environ=environ, tell=tell)
    return Issues(gateway, gateway.read(f"/repos/{full_name}", RepositoryNameAnswer).full_name)


def issue_document(
    full_name: str, issues: Collection[IssueRead], others: Mapping[int, bool], unread: Collection[str]
) -> bytes:
    """Encodes the issues as the JSON document that the reader of task lists expects."""
    return msgspec.json.encode(
        {"repository": full_name, "issues": list(issues), "others": others, "unread": list(unread)}
    )
