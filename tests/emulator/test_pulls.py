"""Pull requests: opening, listing, changing, and keeping step with the branches."""

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository
from tests.support.repos import Repo


def branch(content: Repo, *names: str) -> None:
    for name in names:
        content.commit({f"{name}.txt": name}, f"Write {name}", branch=name)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"head": "one", "base": "main", "title": "again"},
            {
                "resource": "PullRequest",
                "code": "custom",
                "message": "A pull request already exists for acme:one.",
            },
        ),
        (
            {"head": "same", "base": "main", "title": "nothing"},
            {"resource": "PullRequest", "code": "custom", "message": "No commits between main and same"},
        ),
        (
            {"head": "gone", "base": "main", "title": "no head"},
            {"resource": "PullRequest", "code": "invalid", "field": "head"},
        ),
        (
            {"head": "one", "base": "gone", "title": "no base"},
            {"resource": "PullRequest", "code": "invalid", "field": "base"},
        ),
    ],
)
def test_a_pull_request_that_makes_no_sense_is_refused(
    api: Api, content: Repo, body: dict[str, str], error: dict[str, str]
) -> None:
    branch(content, "one")
    content.branch("same")
    api.open_pull("one")
    status, answer = api.call("POST", "/pulls", body)
    assert (status, answer["message"], answer["errors"]) == (422, "Validation Failed", [error])


def test_a_head_filter_without_an_owner_is_ignored(api: Api, content: Repo) -> None:
    branch(content, "one", "two")
    first, second = api.open_pull("one"), api.open_pull("two")

    def listed(**query: str) -> list[int]:
        return [pull["number"] for pull in api.call("GET", "/pulls", None, **query)[1]]

    assert listed(head="one") == [second, first]
    assert listed(head="acme:one") == [first]
    assert listed(head="somebody:one") == []
    assert listed(base="other") == []


def test_lists_come_in_pages_whose_links_name_the_repository_by_its_id(api: Api, content: Repo) -> None:
    names = [f"branch-{number}" for number in range(5)]
    branch(content, *names)
    numbers = [api.open_pull(name) for name in names]
    seen = []
    status, page = api.call("GET", "/pulls", per_page=2, direction="asc")
    while True:
        seen += [pull["number"] for pull in page]
        following = api.last.links.get("next")
        if following is None:
            break
        assert f"/repositories/{api.repository.id}/pulls?" in following["url"]
        status, page = api.call("GET", following["url"])
    assert (status, seen) == (200, numbers)


def test_mergeability_is_unknown_at_first_and_again_when_the_base_moves(api: Api, content: Repo) -> None:
    branch(content, "one")
    number = api.open_pull("one")
    states = [api.call("GET", f"/pulls/{number}")[1]["mergeable"] for _ in range(3)]
    content.commit({"other.txt": "moved"}, branch="main")
    states += [api.call("GET", f"/pulls/{number}")[1]["mergeable"] for _ in range(2)]
    assert states == [None, True, True, None, True]


def test_mergeability_can_be_held_back(api: Api, content: Repo, app: EmulatedRepository) -> None:
    branch(content, "one")
    number = api.open_pull("one")
    app.hold_mergeability = True
    assert {api.call("GET", f"/pulls/{number}")[1]["mergeable_state"] for _ in range(4)} == {"unknown"}
    app.hold_mergeability = False
    assert api.ready(number)["mergeable_state"] == "clean"


def test_a_conflict_is_reported_as_dirty(api: Api, content: Repo) -> None:
    content.commit({"lines.txt": "ONE\n2\n3\n4\n5\n"}, branch="left")
    content.commit({"lines.txt": "one\n2\n3\n4\n5\n"}, branch="main")
    found = api.ready(api.open_pull("left"))
    assert (found["mergeable"], found["mergeable_state"], found["rebaseable"]) == (False, "dirty", False)


def test_a_pull_request_whose_head_is_pushed_into_the_base_counts_as_merged(api: Api, content: Repo) -> None:
    branch(content, "one")
    number = api.open_pull("one")
    content.branch("main", content.tip("one"))
    found = api.call("GET", f"/pulls/{number}")[1]
    assert (found["state"], found["merged"], found["merge_commit_sha"]) == (
        "closed",
        True,
        content.tip("main"),
    )
    assert api.call("GET", f"/pulls/{number}/merge")[0] == 204


@pytest.mark.parametrize("deleted", ["one", "two"])
def test_deleting_a_branch_closes_the_pull_requests_that_need_it(
    api: Api, content: Repo, deleted: str
) -> None:
    branch(content, "one")
    content.commit({"two.txt": "two"}, branch="two", at="one")
    number = api.open_pull("two", base="one")
    assert api.call("DELETE", f"/git/refs/heads/{deleted}")[0] == 204
    found = api.call("GET", f"/pulls/{number}")[1]
    assert (found["state"], found["merged"]) == ("closed", False)
    assert api.call("PATCH", f"/pulls/{number}", {"state": "open"})[0] == 422


def test_one_pull_request_of_the_same_branches_is_open_at_most(api: Api, content: Repo) -> None:
    branch(content, "one", "two")
    closed = api.open_pull("one")
    assert api.call("PATCH", f"/pulls/{closed}", {"state": "closed"})[0] == 200
    newer, elsewhere = api.open_pull("one"), api.open_pull("one", base="two")
    for number, change in ((closed, {"state": "open"}), (elsewhere, {"base": "main"})):
        status, answer = api.call("PATCH", f"/pulls/{number}", change)
        assert (status, answer["errors"][0]["code"]) == (422, "custom")
    assert api.call("PATCH", f"/pulls/{newer}", {"state": "closed"})[0] == 200
    assert api.call("PATCH", f"/pulls/{closed}", {"state": "open"})[0] == 200


def test_a_head_that_is_reset_to_the_base_closes_its_pull_request_unmerged(api: Api, content: Repo) -> None:
    branch(content, "one")
    number = api.open_pull("one")
    content.branch("one", "main")
    found = api.call("GET", f"/pulls/{number}")[1]
    assert (found["state"], found["merged"]) == ("closed", False)


def test_a_head_that_is_reset_right_after_a_push_to_the_base_closes_its_pull_request_unmerged(
    api: Api, content: Repo
) -> None:
    branch(content, "one")
    number, before = api.open_pull("one"), content.tip("main")
    content.commit({"pushed.txt": "pushed"})
    content.branch("one", before)
    found = api.call("GET", f"/pulls/{number}")[1]
    assert (found["state"], found["merged"]) == ("closed", False)


def test_text_and_base_can_be_changed_while_it_is_open(api: Api, content: Repo) -> None:
    branch(content, "one", "other")
    number = api.open_pull("one", body="before")
    change = {"title": "after", "body": "text", "base": "other"}
    status, found = api.call("PATCH", f"/pulls/{number}", change)
    assert (status, found["title"], found["body"], found["base"]["ref"]) == (200, "after", "text", "other")
    api.call("PATCH", f"/pulls/{number}", {"state": "closed"})
    status, refused = api.call("PATCH", f"/pulls/{number}", {"base": "main"})
    assert (status, refused["errors"][0]["field"]) == (422, "base")


def test_comments_can_be_written_listed_and_changed(api: Api, content: Repo) -> None:
    branch(content, "one")
    number = api.open_pull("one")
    status, comment = api.call("POST", f"/issues/{number}/comments", {"body": "first"})
    assert status == 201
    assert api.call("PATCH", f"/issues/comments/{comment['id']}", {"body": "second"})[0] == 200
    assert [found["body"] for found in api.call("GET", f"/issues/{number}/comments")[1]] == ["second"]


def test_two_commits_can_be_compared(api: Api, content: Repo) -> None:
    branch(content, "one")
    content.commit({"moved.txt": "moved"}, branch="main")
    found = api.call("GET", "/compare/main...one")[1]
    assert (found["status"], found["ahead_by"], found["behind_by"]) == ("diverged", 1, 1)


def test_refs_can_be_made_moved_forward_and_deleted(api: Api, content: Repo) -> None:
    first, second = content.tip("main"), content.commit({"more.txt": "more"}, branch="main")
    assert api.call("POST", "/git/refs", {"ref": "refs/heads/new", "sha": first})[0] == 201
    assert api.call("POST", "/git/refs", {"ref": "refs/heads/new", "sha": first})[1]["message"] == (
        "Reference already exists"
    )
    assert api.call("PATCH", "/git/refs/heads/new", {"sha": second})[0] == 200
    assert (
        api.call("PATCH", "/git/refs/heads/new", {"sha": first})[1]["message"]
        == "Update is not a fast forward"
    )
    assert api.call("GET", "/git/ref/heads/new")[1]["object"]["sha"] == second
    assert len(api.call("GET", "/git/matching-refs/heads/n")[1]) == 1
    assert api.call("DELETE", "/git/refs/heads/new")[0] == 204
    assert api.call("DELETE", "/git/refs/heads/new")[1]["message"] == "Reference does not exist"
