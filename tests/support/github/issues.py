"""Issues: by label and milestone, what blocks them, and their sub-issues."""

from typing import Any

from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.model import Issue, Pull
from tests.support.github.repository import EmulatedRepository
from tests.support.github.shapes import REPO, label_shape, node_id, skeleton, user


def add_issue(repository: EmulatedRepository, title: str, body: str | None = None, **more: Any) -> Issue:
    """Somebody opens an issue; issues and pull requests share their numbers."""
    issue = Issue(repository.next_number(), title, body, **more)
    repository.issues[issue.number] = issue
    return issue


def list_issues(call: Call) -> Answer:
    """Issues and pull requests alike, as on GitHub; labels are all wanted."""
    query, repository = call.request.query, call.repository
    state, milestone = query.get("state", "open"), query.get("milestone")
    labels = {label.casefold() for label in query.get("labels", "").split(",") if label}
    titles = _milestones(repository)
    if milestone is not None and not (milestone.isdigit() and 1 <= int(milestone) <= len(titles)):
        raise ApiError(422, "Validation Failed")
    title = titles[int(milestone) - 1] if milestone else None
    known: list[Issue | Pull] = [*repository.issues.values(), *repository.pulls.values()]
    found = [
        one
        for one in known
        if state in ("all", one.state)
        and labels <= {label.casefold() for label in one.labels}
        and (title is None or (isinstance(one, Issue) and one.milestone == title))
    ]
    ascending = query.get("direction", "desc") == "asc"
    found.sort(key=lambda one: one.number, reverse=not ascending)
    return paged(call, [_shape(repository, one) for one in found])


def read_issue(call: Call) -> Answer:
    """One issue or pull request."""
    return Answer(200, _shape(call.repository, _find(call)))


def list_blockers(call: Call) -> Answer:
    """What blocks an issue."""
    issue = _find(call)
    if not call.repository.tells_dependencies or isinstance(issue, Pull):
        raise ApiError(404, "Not Found")
    return paged(call, [_shape(call.repository, one) for one in issue.blocked_by])


def list_sub_issues(call: Call) -> Answer:
    """The issues below an issue."""
    issue = _find(call)
    if not call.repository.tells_dependencies or isinstance(issue, Pull):
        raise ApiError(404, "Not Found")
    return paged(call, [_shape(call.repository, one) for one in issue.sub_issues])


def list_milestones(call: Call) -> Answer:
    """The milestones that issues have."""
    repository = call.repository
    titles = enumerate(_milestones(repository), 1)
    return paged(call, [_milestone(repository, number, title) for number, title in titles])


def _find(call: Call) -> Issue | Pull:
    number = call.request.number("issue_number")
    found = call.repository.issues.get(number) or call.repository.pulls.get(number)
    if found is None:
        raise ApiError(404, "Not Found")
    return found


def _milestones(repository: EmulatedRepository) -> list[str]:
    titles = [issue.milestone for issue in repository.issues.values() if issue.milestone]
    return list(dict.fromkeys(titles))


def _milestone(repository: EmulatedRepository, number: int, title: str) -> dict[str, Any]:
    shape: dict[str, Any] = skeleton(f"GET {REPO}/milestones", 200, repository)[0]
    shape.update(number=number, title=title, creator=user(repository, repository.owner))
    return shape


def _shape(repository: EmulatedRepository, one: Issue | Pull) -> dict[str, Any]:
    shape: dict[str, Any] = skeleton(f"GET {REPO}/issues", 200, repository)[0]
    for name in ("pull_request", "closed_by", "performed_via_github_app", "type", "pinned_comment"):
        shape.pop(name, None)
    shape.update(
        number=one.number,
        id=repository.id * 10_000 + one.number,
        node_id=node_id("I", one.number),
        title=one.title,
        body=one.body,
        state=one.state,
        state_reason=None,
        labels=[label_shape(repository, name) for name in one.labels],
        user=user(repository, repository.owner),
        milestone=None,
        assignee=None,
        closed_at=None,
        comments=0,
        repository_url=repository.api_url,
        created_at=one.created_at,
    )
    if isinstance(one, Pull):
        url = f"{repository.api_url}/pulls/{one.number}"
        shape["pull_request"] = {"url": url, "html_url": url, "diff_url": url, "patch_url": url}
        return shape
    shape["state_reason"] = one.reason
    if one.repository:
        shape["repository_url"] = f"{repository.server}/repos/{one.repository}"
    if one.milestone in _milestones(repository):
        number = _milestones(repository).index(one.milestone) + 1
        shape["milestone"] = _milestone(repository, number, one.milestone)
    if repository.tells_dependencies:
        blockers, parts = len(one.blocked_by), len(one.sub_issues)
        counts = {"blocked_by": blockers, "total_blocked_by": blockers, "blocking": 0, "total_blocking": 0}
        shape["issue_dependencies_summary"] = counts
        shape["sub_issues_summary"] = {"total": parts, "completed": 0, "percent_completed": 0}
    else:
        for name in ("issue_dependencies_summary", "sub_issues_summary"):
            shape.pop(name, None)
    return shape
