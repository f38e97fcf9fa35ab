"""Turns GitHub issues into raw tasks, with blockers, sub-issues, and references in their texts.

An open issue with sub-issues in the list is done when these are, and is not a task itself. An issue is left
out if it waits for an open issue outside the list, and so are the issues that wait for it. Source:
https://docs.github.com/en/rest/issues (`issue-dependencies`, `sub-issues`).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.sources.epics import above, resolved_needs
from gitcoord.tasks.sources.issue_texts import Reference, listed_references, named_needs

_GIVEN_UP: Final = ("not_planned", "duplicate")
_PRIORITY: Final = re.compile(r"(?i)priority\W*(critical|high|medium|low)\Z|\Ap([0-3])\Z")
_OUTSIDE: Final = "outside of "
_PRIORITIES: Final = ("critical", "high", "medium", "low")


class RelatedIssue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that another one refers to: `repository` is empty if it is the list's own."""

    number: int
    repository: str = ""
    open: bool


class ListedIssue(msgspec.Struct, frozen=True, kw_only=True):
    """One issue of the list. `blocked_by` and `sub_issues` are GitHub's own links."""

    number: int
    title: str
    body: str = ""
    open: bool = True
    reason: str = ""
    labels: tuple[str, ...] = ()
    blocked_by: tuple[RelatedIssue, ...] = ()
    sub_issues: tuple[RelatedIssue, ...] = ()


class IssueList(msgspec.Struct, frozen=True, kw_only=True):
    """Issues of one repository. `others` has the issues that texts refer to, and whether they are open.

    `unread` are sentences about data that GitHub did not provide.
    """

    repository: str
    issues: tuple[ListedIssue, ...]
    others: Mapping[int, bool] = {}
    unread: tuple[str, ...] = ()


def parse_issues(content: bytes) -> IssueList:
    """Decodes the list that was read from GitHub."""
    return msgspec.json.decode(content, type=IssueList)


def numbers_named(listed: IssueList) -> list[int]:
    """Returns the numbers of issues outside the list to which texts of its open issues refer."""
    known = {issue.number for issue in listed.issues}
    found = {
        one.number
        for issue in listed.issues
        if issue.open
        for one in (*named_needs(issue.body), *listed_references(issue.body))
        if one.is_in(listed.repository)
    }
    return sorted(found - known)


def read_issue_list(content: bytes, findings: Findings) -> list[dict[str, Any]]:
    """Returns the raw tasks of a list that was read from GitHub."""
    return _Reader(parse_issues(content), findings).tasks()


class _Reader:
    def __init__(self, listed: IssueList, findings: Findings) -> None:
        self._listed = listed
        self._findings = findings
        self._issues = {str(issue.number): issue for issue in listed.issues}
        self._outside: dict[str, str] = {}
        """Why an issue waits for an open issue outside the list: the first such reason, by issue."""

    def tasks(self) -> list[dict[str, Any]]:
        for sentence in self._listed.unread:
            self._findings.warn("unread-dependency", sentence)
        below = {id: self._below(id, issue) for id, issue in self._issues.items()}
        parents: dict[str, list[str]] = {id: [] for id in self._issues}
        for id, parts in below.items():
            for part in parts:
                parents[part].append(id)
        needs = {id: self._needs(id, issue, parents) for id, issue in self._issues.items()}
        epics = {id for id, parts in below.items() if parts and self._issues[id].open}
        for id in sorted(epics, key=int):
            self._findings.gather("epic", "An issue with sub-issues is done when these are", TaskId(id))
        waits = {
            id: [*parts, *([_OUTSIDE + id] if id in self._outside else [])] for id, parts in below.items()
        }
        resolved = {
            id: resolved_needs(id, needs, parents, waits, epics) for id in self._issues if id not in epics
        }
        left_out = self._left_out(resolved, parents)
        return [self._task(id, needed) for id, needed in resolved.items() if id not in left_out]

    def _below(self, id: str, issue: ListedIssue) -> list[str]:
        """Returns the issues of the list that complete this one; notes other open sub-issues as outside."""
        if not issue.open:
            return []
        said = [self._related(one) for one in listed_references(issue.body)]
        found = dict.fromkeys(self._inside(id, (*issue.sub_issues, *said), "has the sub-issue"))
        return [one for one in found if one != id]

    def _needs(self, id: str, issue: ListedIssue, parents: Mapping[str, Collection[str]]) -> list[str]:
        if not issue.open:
            return []
        said = [self._related(one) for one in named_needs(issue.body) if str(one.number) != id]
        found = dict.fromkeys(self._inside(id, (*issue.blocked_by, *said), "is blocked by"))
        own = [need for need in found if need in above(id, parents)]
        for need in own:
            message = f"Issue {id} waits for {need}, which is done when {id} is; gitcoord does not wait."
            self._findings.warn("unread-dependency", message, TaskId(id))
        return [need for need in found if need not in own]

    def _related(self, one: Reference) -> RelatedIssue:
        """Returns the issue that a text refers to; an issue of another repository counts as open."""
        if not one.is_in(self._listed.repository):
            return RelatedIssue(number=one.number, repository=one.repository, open=True)
        return RelatedIssue(number=one.number, open=self._listed.others.get(one.number, False))

    def _inside(self, id: str, related: Sequence[RelatedIssue], how: str) -> Iterator[str]:
        for one in related:
            elsewhere = one.repository and one.repository.casefold() != self._listed.repository.casefold()
            if not elsewhere and str(one.number) in self._issues:
                yield str(one.number)
            elif one.open:
                name = f"{one.repository if elsewhere else ''}#{one.number}"
                self._outside.setdefault(id, f"{how} {name}, which is open and not in the list")

    def _left_out(
        self, needs: Mapping[str, Collection[str]], parents: Mapping[str, Collection[str]]
    ) -> set[str]:
        """Returns the issues that wait for an issue outside: directly, or through a dependency or an epic."""
        found: dict[str, str] = {}
        for id, needed in needs.items():
            epic = next((need.removeprefix(_OUTSIDE) for need in needed if need.startswith(_OUTSIDE)), None)
            if self._issues[id].open and (why := self._outside.get(id)):
                found[id] = why
            elif epic is not None:
                found[id] = f"waits for {epic}, which {self._outside[epic]}"
            elif self._issues[id].open:
                waits = (one for one in above(id, parents) if "blocked" in self._outside.get(one, ""))
                if (parent := next(waits, None)) is not None:
                    found[id] = f"is part of {parent}, which {self._outside[parent]}"
        more = True
        while more:
            more = False
            for id, needed in needs.items():
                gone = next((need for need in needed if need in found), None)
                if gone is not None and id not in found and self._issues[id].open:
                    found[id], more = f"waits for {gone}, which is left out", True
        for id, why in found.items():
            self._findings.warn("left-out", f"Issue {id} {why}; it is left out.", TaskId(id))
        return set(found)

    def _task(self, id: str, needs: list[str]) -> dict[str, Any]:
        issue = self._issues[id]
        status = "pending" if issue.open else "cancelled" if issue.reason in _GIVEN_UP else "done"
        return {
            "id": issue.number,
            "title": issue.title,
            "status": status,
            "priority": _priority(issue.labels),
            "details": issue.body,
            "dependencies": [int(need) for need in needs],
        }


def _priority(labels: Sequence[str]) -> str | None:
    for label in labels:
        found = _PRIORITY.search(label)
        if found is not None:
            return found[1].lower() if found[1] else _PRIORITIES[int(found[2])]
    return None
