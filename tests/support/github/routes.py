"""The route table: one line for every operation that the emulator knows, named as in the description."""

import urllib.parse
from dataclasses import dataclass
from re import Pattern

from tests.support.github import (
    branches,
    checks,
    commits,
    conversation,
    issues,
    labels,
    pulls,
    refs,
    updating,
)
from tests.support.github.call import Call, Endpoint
from tests.support.github.exchange import Answer
from tests.support.github.shapes import REPO, repository_shape
from tests.support.github.validation import path_pattern


def read_repository(call: Call) -> Answer:
    """The repository itself."""
    return Answer(200, repository_shape(call.repository, push=call.may_push))


ENDPOINTS: dict[str, Endpoint] = {
    f"GET {REPO}": read_repository,
    f"GET {REPO}/pulls": pulls.list_pulls,
    f"POST {REPO}/pulls": pulls.open_pull,
    f"GET {REPO}/pulls/{{pull_number}}": pulls.read_pull,
    f"PATCH {REPO}/pulls/{{pull_number}}": pulls.change_pull,
    f"GET {REPO}/pulls/{{pull_number}}/merge": pulls.is_merged,
    f"PUT {REPO}/pulls/{{pull_number}}/merge": pulls.merge_pull,
    f"GET {REPO}/pulls/{{pull_number}}/reviews": conversation.list_reviews,
    f"POST {REPO}/pulls/{{pull_number}}/reviews": conversation.create_review,
    f"GET {REPO}/issues": issues.list_issues,
    f"GET {REPO}/issues/{{issue_number}}": issues.read_issue,
    f"GET {REPO}/issues/{{issue_number}}/sub_issues": issues.list_sub_issues,
    f"GET {REPO}/issues/{{issue_number}}/dependencies/blocked_by": issues.list_blockers,
    f"GET {REPO}/milestones": issues.list_milestones,
    f"GET {REPO}/issues/{{issue_number}}/comments": conversation.list_comments,
    f"POST {REPO}/issues/{{issue_number}}/comments": conversation.create_comment,
    f"PATCH {REPO}/issues/comments/{{comment_id}}": conversation.change_comment,
    f"DELETE {REPO}/issues/comments/{{comment_id}}": conversation.delete_comment,
    f"GET {REPO}/commits/{{ref}}/status": checks.combined_status,
    f"GET {REPO}/commits/{{ref}}/check-runs": checks.list_check_runs,
    f"POST {REPO}/statuses/{{sha}}": checks.create_status,
    f"POST {REPO}/check-runs": checks.create_check_run,
    f"PATCH {REPO}/check-runs/{{check_run_id}}": checks.change_check_run,
    f"GET {REPO}/branches/{{branch}}": branches.read_branch,
    f"GET {REPO}/branches/{{branch}}/protection": branches.read_protection,
    f"PUT {REPO}/branches/{{branch}}/protection": branches.change_protection,
    f"DELETE {REPO}/branches/{{branch}}/protection": branches.delete_protection,
    f"GET {REPO}/rules/branches/{{branch}}": branches.branch_rules,
    f"GET {REPO}/git/ref/{{ref}}": refs.read_ref,
    f"GET {REPO}/git/matching-refs/{{ref}}": refs.matching_refs,
    f"POST {REPO}/git/refs": refs.create_ref,
    f"PATCH {REPO}/git/refs/{{ref}}": refs.change_ref,
    f"DELETE {REPO}/git/refs/{{ref}}": refs.delete_ref,
    f"GET {REPO}/branches": branches.list_branches,
    f"GET {REPO}/branches/{{branch}}/protection/required_status_checks": branches.read_required_checks,
    f"GET {REPO}/commits/{{ref}}": commits.read_commit,
    f"GET {REPO}/commits/{{ref}}/statuses": commits.list_statuses,
    f"GET {REPO}/commits/{{commit_sha}}/pulls": commits.pulls_of_commit,
    f"GET {REPO}/git/commits/{{commit_sha}}": commits.read_git_commit,
    f"GET {REPO}/pulls/{{pull_number}}/commits": commits.commits_of_pull,
    f"GET {REPO}/pulls/{{pull_number}}/files": commits.files_of_pull,
    f"GET {REPO}/pulls/{{pull_number}}/requested_reviewers": labels.list_reviewers,
    f"POST {REPO}/pulls/{{pull_number}}/requested_reviewers": labels.request_reviewers,
    f"POST {REPO}/issues/{{issue_number}}/labels": labels.add_labels,
    f"DELETE {REPO}/issues/{{issue_number}}/labels/{{name}}": labels.remove_label,
    f"PUT {REPO}/pulls/{{pull_number}}/update-branch": updating.update_branch,
    f"PUT {REPO}/pulls/{{pull_number}}/merge-async": updating.merge_async,
    f"GET {REPO}/pulls/{{pull_number}}/merge-async/{{uuid}}": updating.read_async,
    f"POST {REPO}/merges": updating.merge_branches,
    f"GET {REPO}/compare/{{basehead}}": refs.compare,
}


@dataclass(frozen=True)
class Route:
    """One operation and where its requests go."""

    operation: str
    method: str
    pattern: Pattern[str]
    endpoint: Endpoint


def _route(operation: str, endpoint: Endpoint) -> Route:
    method, template = operation.split(" ")
    return Route(operation, method, path_pattern(template), endpoint)


# GitHub takes the singular for DELETE, too; its description has the plural only.
_SINGULAR = Route(
    f"DELETE {REPO}/git/refs/{{ref}}", "DELETE", path_pattern(f"{REPO}/git/ref/{{ref}}"), refs.delete_ref
)
# A branch may be named `a/protection`: the more a template says, the earlier it is tried.
_ROUTES = sorted(
    [_SINGULAR, *(_route(operation, endpoint) for operation, endpoint in ENDPOINTS.items())],
    key=lambda route: (-route.operation.count("/"), route.operation.count("{")),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request and its placeholders, percent-decoded."""
    for route in _ROUTES:
        match = route.pattern.match(path)
        if route.method == method and match is not None:
            return route, {name: urllib.parse.unquote(text) for name, text in match.groupdict().items()}
    return None
