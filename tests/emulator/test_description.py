"""The emulator is held against GitHub's own description, and says so when it is broken."""

import pytest

from tests.emulator.api import Api
from tests.support.github import GitHubEmulator
from tests.support.github.exchange import Answer
from tests.support.github.routes import ENDPOINTS
from tests.support.github.shapes import REPO
from tests.support.github.validation import Description
from tests.support.repos import Repo

RULE = {
    "type": "required_status_checks",
    "ruleset_source_type": "Repository",
    "ruleset_source": "acme/app",
    "ruleset_id": 1,
    "parameters": {"strict_required_status_checks_policy": True, "required_status_checks": []},
}


def test_every_route_is_an_operation_of_the_description() -> None:
    assert set(ENDPOINTS) <= set(Description.load().operations())


def test_an_answer_may_have_neither_too_few_nor_too_many_keys() -> None:
    description, operation = Description.load(), f"PUT {REPO}/pulls/{{pull_number}}/merge"
    right = {"sha": "0" * 40, "merged": True, "message": "done"}

    def problems(body: object, status: int = 200) -> list[str]:
        return description.problems_of_answer(operation, Answer(status, body))

    assert problems(right) == []
    assert "required" in problems({"sha": "0" * 40, "merged": True})[0]
    assert "not allowed" in problems(right | {"surprise": 1})[0]
    assert problems({"message": "no", "documentation_url": "u", "status": "405"}, 405) == []
    assert problems({"message": "no"}, 418) == ["status 418 is not described"]


def test_a_rule_is_closed_as_a_whole_though_it_is_composed_of_parts() -> None:
    description, operation = Description.load(), f"GET {REPO}/rules/branches/{{branch}}"
    assert description.problems_of_answer(operation, Answer(200, [RULE])) == []
    assert description.problems_of_answer(operation, Answer(200, [RULE | {"surprise": 1}])) != []


def test_a_request_that_the_description_does_not_allow_fails_the_test(hub: GitHubEmulator, api: Api) -> None:
    api.call("POST", "/pulls", {"title": "no head"})
    with pytest.raises(AssertionError, match='request: the body: "head" is a required property'):
        hub.assert_clean()
    hub.violations.clear()


def test_a_request_that_is_not_emulated_fails_the_test(hub: GitHubEmulator, api: Api) -> None:
    assert api.call("GET", "/actions/runs")[0] == 404
    with pytest.raises(AssertionError, match="is not emulated"):
        hub.assert_clean()
    hub.violations.clear()


def test_every_reading_answer_is_as_described(hub: GitHubEmulator, api: Api, content: Repo) -> None:
    content.commit({"new.txt": "new"}, branch="a/b")
    number, sha = api.open_pull("a/b"), content.tip("a/b")
    api.call("POST", f"/statuses/{sha}", {"state": "success", "context": "ci"})
    api.call("POST", "/check-runs", {"name": "build", "head_sha": sha})
    api.call("PUT", "/branches/main/protection", PROTECTION)
    paths = (
        *("", "/pulls", f"/pulls/{number}", f"/pulls/{number}/reviews", f"/issues/{number}/comments"),
        *("/branches/main", "/branches/a/b", "/branches/a%2Fb", "/branches/main/protection"),
        *(
            "/rules/branches/main",
            f"/commits/{sha}/status",
            "/commits/a/b/status",
            f"/commits/{sha}/check-runs",
        ),
        *("/git/ref/heads/a/b", "/git/matching-refs/heads", "/compare/main...a/b", f"{hub.url}/user"),
        f"{hub.url}/rate_limit",
    )
    assert {path: status for path in paths if (status := api.call("GET", path)[0]) != 200} == {}
    assert api.call("DELETE", "/branches/main/protection")[0] == 204
    assert api.call("GET", "/branches/main/protection")[0] == 404
    assert api.call("GET", "/branches/gone")[1]["message"] == "Branch not found"
    assert api.call("GET", "/pulls/99")[0] == 404
    assert api.call("GET", f"{hub.url}/repos/acme/gone")[0] == 404


PROTECTION = {
    "required_status_checks": {"strict": True, "contexts": ["ci"]},
    "required_pull_request_reviews": {"required_approving_review_count": 1},
    "enforce_admins": True,
    "restrictions": None,
}
