"""The route table: one line for every operation that the emulator knows, named as in the description."""

import urllib.parse
from dataclasses import dataclass
from re import Pattern

from tests.support.github import branches, checks, conversation, pulls
from tests.support.github.call import Call, Endpoint
from tests.support.github.exchange import Answer
from tests.support.github.shapes import REPO, repository_shape
from tests.support.github.validation import path_pattern


def read_repository(call: Call) -> Answer:
    """The repository itself."""
    return Answer(200, repository_shape(call.repository))


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
    f"GET {REPO}/issues/{{issue_number}}/comments": conversation.list_comments,
    f"POST {REPO}/issues/{{issue_number}}/comments": conversation.create_comment,
    f"PATCH {REPO}/issues/comments/{{comment_id}}": conversation.change_comment,
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
    f"GET {REPO}/git/ref/{{ref}}": branches.read_ref,
    f"GET {REPO}/git/matching-refs/{{ref}}": branches.matching_refs,
    f"POST {REPO}/git/refs": branches.create_ref,
    f"PATCH {REPO}/git/refs/{{ref}}": branches.change_ref,
    f"DELETE {REPO}/git/refs/{{ref}}": branches.delete_ref,
    f"GET {REPO}/compare/{{basehead}}": branches.compare,
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


# A branch may be named `a/protection`: the more a template says, the earlier it is tried.
_ROUTES = sorted(
    (_route(operation, endpoint) for operation, endpoint in ENDPOINTS.items()),
    key=lambda route: (-route.operation.count("/"), route.operation.count("{")),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request and its placeholders, percent-decoded."""
    for route in _ROUTES:
        match = route.pattern.match(path)
        if route.method == method and match is not None:
            return route, {name: urllib.parse.unquote(text) for name, text in match.groupdict().items()}
    return None
