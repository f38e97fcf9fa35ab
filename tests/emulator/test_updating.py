"""Updating a branch, merging branches, asynchronous merges, and what else is read of a pull request."""

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, Protection
from tests.support.repos import Repo


@pytest.fixture
def number(api: Api, content: Repo) -> int:
    """A pull request that is behind its base."""
    content.commit({"new.txt": "new"}, branch="work")
    content.commit({"other.txt": "other"}, branch="main")
    opened = api.open_pull("work")
    api.ready(opened)
    return opened


def test_a_branch_is_updated_later(api: Api, content: Repo, number: int) -> None:
    before = content.tip("work")
    status, body = api.call("PUT", f"/pulls/{number}/update-branch", {"expected_head_sha": before})
    assert (status, body["message"]) == (202, "Updating pull request branch.")
    heads = [api.call("GET", f"/pulls/{number}")[1]["head"]["sha"] for _ in range(2)]
    assert heads == [before, content.tip("work")]
    assert content.git("rev-list", "--parents", "-1", "work").split()[1:] == [before, content.tip("main")]


def test_a_branch_is_updated_at_once_where_github_does_so(
    api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    app.background_reads, before = 0, content.tip("work")
    api.call("PUT", f"/pulls/{number}/update-branch")
    assert content.tip("work") != before


def test_what_cannot_be_updated_says_why(api: Api, content: Repo, number: int) -> None:
    def said(**body: str) -> str:
        status, answer = api.call("PUT", f"/pulls/{number}/update-branch", body)
        assert status == 422
        return str(answer["message"])

    assert said(expected_head_sha="0" * 40) == "expected head sha didn’t match current head ref."
    content.commit({"new.txt": "another"}, branch="main")
    assert said() == "merge conflict between base and head"
    content.commit({"new.txt": "new"}, branch="work", merge=["main"])
    assert said() == "There are no new commits on the base branch."


def test_branches_are_merged_without_a_pull_request(api: Api, content: Repo, number: int) -> None:
    def merge(base: str, head: str) -> int:
        return api.call("POST", "/merges", {"base": base, "head": head})[0]

    content.commit({"new.txt": "another"}, branch="clash")
    assert [merge("work", "main"), merge("work", "main"), merge("work", "clash")] == [201, 204, 409]
    assert [merge("gone", "main"), merge("main", "gone")] == [404, 404]
    assert "other.txt" in content.files("work")


@pytest.mark.parametrize("reads", [0, 2])
def test_an_asynchronous_merge_is_asked_for_followed_and_named_when_asked_again(
    api: Api, app: EmulatedRepository, content: Repo, number: int, reads: int
) -> None:
    path = f"/pulls/{number}/merge-async"
    assert api.call("PUT", path, {"sha": content.tip("work")})[0] == 404
    app.offers_async = True
    app.background_reads = reads
    status, asked = api.call("PUT", path, {"sha": content.tip("work"), "merge_method": "squash"})
    assert (status, asked["status"]) == (202, "pending")
    if reads:
        status, again = api.call("PUT", path, {})
        assert (status, again["details"]["uuid"]) == (409, asked["details"]["uuid"])
    follow = f"{path}/{asked['details']['uuid']}"
    found = [api.call("GET", follow)[1]["status"] for _ in range(2)]
    assert found == (["pending", "merged"] if reads else ["merged", "merged"])
    assert api.call("GET", follow)[1]["details"]["sha"] == content.tip("main")
    assert api.call("PUT", path, {})[0] == 200
    assert app.merges[number] == 1


def test_an_asynchronous_merge_that_fails_says_why(
    api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    app.offers_async = True
    app.protect("main", Protection.requiring("ci"))
    path = f"/pulls/{number}/merge-async"
    uuid = api.call("PUT", path, {})[1]["details"]["uuid"]
    api.call("GET", f"/pulls/{number}")
    result = api.call("GET", f"{path}/{uuid}")[1]
    assert (result["status"], "is expected" in result["details"]["message"]) == ("failed", True)
    assert api.call("PUT", path, {"sha": "0" * 40})[0] == 400
    assert api.call("GET", f"{path}/no-such")[0] == 404


def test_labels_and_reviewers_are_put_on_a_pull_request(api: Api, number: int) -> None:
    labels = f"/issues/{number}/labels"
    assert [label["name"] for label in api.call("POST", labels, {"labels": ["a b", "c"]})[1]] == ["a b", "c"]
    assert [label["name"] for label in api.call("DELETE", f"{labels}/a%20b")[1]] == ["c"]
    assert api.call("DELETE", f"{labels}/gone")[0] == 404
    asked = f"/pulls/{number}/requested_reviewers"
    assert api.call("POST", asked, {"reviewers": ["hubot"], "team_reviewers": ["core"]})[0] == 201
    waited_for = api.call("GET", asked)[1]
    assert [waited_for["users"][0]["login"], waited_for["teams"][0]["slug"]] == ["hubot", "core"]
    assert api.call("POST", asked, {"reviewers": ["stranger"]})[0] == 422
    shown = api.call("GET", f"/pulls/{number}")[1]
    assert [label["name"] for label in shown["labels"]] == ["c"]


def test_commits_and_files_are_read(api: Api, content: Repo, number: int) -> None:
    sha = content.tip("work")
    api.call("POST", f"/statuses/{sha}", {"state": "success", "context": "ci"})
    assert [one["sha"] for one in api.call("GET", f"/pulls/{number}/commits")[1]] == [sha]
    assert [one["filename"] for one in api.call("GET", f"/pulls/{number}/files")[1]] == ["new.txt"]
    assert [one["number"] for one in api.call("GET", f"/commits/{sha}/pulls")[1]] == [number]
    assert [one["context"] for one in api.call("GET", "/commits/work/statuses")[1]] == ["ci"]
    assert api.call("GET", f"/git/commits/{sha}")[1]["sha"] == sha
    assert [one["filename"] for one in api.call("GET", "/commits/work")[1]["files"]] == ["new.txt"]
    assert [one["name"] for one in api.call("GET", "/branches")[1]] == ["main", "work"]


@pytest.mark.parametrize("state", ["draft", "clean", "blocked"])
def test_a_drafts_state_is_whichever_github_chooses(
    api: Api, app: EmulatedRepository, content: Repo, state: str
) -> None:
    content.commit({"draft.txt": "draft"}, branch="draft")
    app.habits.draft_state = state  # type: ignore[assignment]
    number = api.open_pull("draft", draft=True)
    assert api.ready(number)["mergeable_state"] == state
    assert api.merge(number) == (405, "Pull Request is still a draft")
