"""Merging: the commits that it makes, and every way in which it is refused."""

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection, RequiredCheck
from tests.support.github.model import Pull
from tests.support.repos import Repo


@pytest.fixture
def number(api: Api, content: Repo) -> int:
    """A pull request of two commits on a branch that is behind main; its mergeability is known."""
    content.commit({"lines.txt": "one\n2\n3\n4\n5\n"}, "Change the first line", branch="work")
    content.commit({"new.txt": "new"}, "Add a file", branch="work")
    content.commit({"lines.txt": "1\n2\n3\n4\nfive\n"}, "Change the last line", branch="main")
    opened = api.open_pull("work")
    api.ready(opened)
    return opened


def log(content: Repo, *fields: str) -> list[str]:
    return content.git("log", f"--format={'|'.join(fields)}", "main").splitlines()


def test_a_merge_commit_has_base_and_head_as_parents(
    api: Api, content: Repo, number: int, app: EmulatedRepository
) -> None:
    base, head = content.tip("main"), content.tip("work")
    assert api.merge(number, sha=head) == (200, "Pull Request successfully merged")
    assert content.git("rev-list", "--parents", "-1", "main").split()[1:] == [base, head]
    assert content.read("main", "lines.txt") == "one\n2\n3\n4\nfive"
    assert log(content, "%s", "%an", "%cn")[0] == f"Merge pull request #{number} from acme/work|mona|GitHub"
    assert app.merges[number] == 1


def test_a_squash_has_one_parent_and_the_title_with_the_number(api: Api, content: Repo, number: int) -> None:
    base = content.tip("main")
    api.merge(number, "squash")
    assert content.git("rev-list", "--parents", "-1", "main").split()[1:] == [base]
    assert log(content, "%s")[0] == f"Add work (#{number})"
    assert "* Change the first line" in content.git("log", "-1", "--format=%b", "main")


def test_title_and_message_of_the_call_are_used(api: Api, content: Repo, number: int) -> None:
    api.merge(number, "squash", commit_title="My title", commit_message="My message")
    assert content.git("log", "-1", "--format=%B", "main").strip() == "My title\n\nMy message"


def test_a_rebase_makes_new_commits_even_where_a_fast_forward_would_do(api: Api, content: Repo) -> None:
    head = content.commit({"new.txt": "new"}, "Add a file", branch="straight")
    number = api.open_pull("straight")
    api.ready(number)
    assert api.merge(number, "rebase")[0] == 200
    assert content.tip("main") != head
    assert content.tree("main") == content.tree("straight")
    assert log(content, "%s", "%an", "%cn")[0] == "Add a file|A Worker|GitHub"


def test_a_rebase_leaves_merge_commits_and_what_was_done_in_them_out(
    api: Api, content: Repo, number: int
) -> None:
    expected = content.git("merge-tree", "--write-tree", "work", "main")
    resolution = {"lines.txt": "one\n2\n3\n4\nfive\n", "resolution.txt": "by hand"}
    content.commit(resolution, "Merge main into work", branch="work", merge=["main"])
    api.ready(number)
    assert api.merge(number, "rebase")[0] == 200
    assert log(content, "%s")[:3] == ["Add a file", "Change the first line", "Change the last line"]
    assert content.tree("main") == expected


def test_a_branch_whose_commits_do_not_apply_one_by_one_cannot_be_rebased(api: Api, content: Repo) -> None:
    content.commit({"lines.txt": "X\n2\n3\n4\n5\n"}, "There", branch="detour")
    content.commit({"lines.txt": "1\n2\n3\n4\n5\n", "new.txt": "new"}, "And back", branch="detour")
    content.commit({"lines.txt": "one\n2\n3\n4\n5\n"}, branch="main")
    number = api.open_pull("detour")
    found = api.ready(number)
    assert (found["mergeable"], found["rebaseable"]) == (True, False)
    assert api.merge(number, "rebase") == (405, "This branch can't be rebased")


def test_every_merge_makes_the_others_unknown_again(api: Api, content: Repo, number: int) -> None:
    content.commit({"third.txt": "third"}, branch="third", at="main")
    other = api.open_pull("third")
    api.ready(other)
    api.merge(number)
    assert api.call("GET", f"/pulls/{other}")[1]["mergeable_state"] == "unknown"


def test_a_head_that_is_not_the_expected_one_is_not_merged(api: Api, content: Repo, number: int) -> None:
    before = content.tip("main")
    refused = api.merge(number, sha="0" * 40)
    assert refused == (409, "Head branch was modified. Review and try the merge again.")
    assert content.tip("main") == before


def test_merging_before_mergeability_is_known_is_refused(api: Api, content: Repo) -> None:
    content.commit({"new.txt": "new"}, branch="work")
    number = api.open_pull("work")
    assert api.merge(number) == (405, "Base branch was modified. Review and try the merge again.")
    assert api.merge(number)[0] == 200


def test_merging_twice_is_refused_the_second_time(api: Api, number: int) -> None:
    api.merge(number)
    assert api.merge(number) == (405, "Pull Request is not mergeable")


def test_a_conflict_and_a_draft_are_not_merged(api: Api, content: Repo) -> None:
    content.commit({"lines.txt": "X\n2\n3\n4\n5\n"}, branch="left")
    content.commit({"lines.txt": "Y\n2\n3\n4\n5\n"}, branch="main")
    number = api.open_pull("left")
    api.ready(number)
    assert api.merge(number) == (405, "Pull Request is not mergeable")
    content.commit({"new.txt": "new"}, branch="draft")
    assert api.merge(api.open_pull("draft", draft=True)) == (405, "Pull Request is still a draft")


def test_a_method_that_is_switched_off_is_refused(api: Api, number: int, app: EmulatedRepository) -> None:
    app.settings.allow_squash_merge = False
    refused = api.merge(number, "squash")
    assert refused == (405, "Squash merges are not allowed on this repository.")


def test_a_base_that_moves_between_check_and_merge_is_not_overwritten(
    api: Api, content: Repo, number: int, hub: GitHubEmulator
) -> None:
    def push(repository: EmulatedRepository, pull: Pull) -> None:
        content.commit({"raced.txt": "raced"}, "Race", branch=pull.base)

    hub.on("before_merge_cas", push)
    assert api.merge(number) == (405, "Base branch was modified. Review and try the merge again.")
    assert log(content, "%s")[0] == "Race"
    api.ready(number)
    assert api.merge(number)[0] == 200


def test_the_head_is_deleted_on_request_and_stacked_pull_requests_move_to_the_base(
    api: Api, content: Repo, number: int, app: EmulatedRepository
) -> None:
    content.commit({"stacked.txt": "stacked"}, branch="stacked", at="work")
    stacked = api.open_pull("stacked", base="work")
    app.settings.delete_branch_on_merge = True
    api.merge(number)
    assert content.find("refs/heads/work") is None
    found = api.call("GET", f"/pulls/{stacked}")[1]
    assert (found["state"], found["base"]["ref"]) == ("open", "main")


@pytest.mark.parametrize(
    ("protection", "sentence"),
    [
        (Protection.requiring("ci"), 'Required status check "ci" is expected.'),
        (Protection.requiring("ci", "lint"), "2 of 2 required status checks are expected."),
        (
            Protection.requiring("ci", "lint", form="ruleset"),
            "Repository rule violations found\n\n"
            'Required status check "ci" is expected.\n\nRequired status check "lint" is expected.\n\n',
        ),
        (Protection(approvals=1), "At least 1 approving review is required by reviewers with write access."),
        (
            Protection(approvals=2),
            "At least 2 approving reviews are required by reviewers with write access.",
        ),
        (Protection(merge_queue=True), "Changes must be made through the merge queue"),
        (Protection(strict=True), "Head branch is out of date. Review and try the merge again."),
        (Protection(linear_history=True), "Merge commits are not allowed on this repository."),
    ],
)
def test_rules_refuse_in_githubs_own_sentences(
    api: Api, number: int, app: EmulatedRepository, protection: Protection, sentence: str
) -> None:
    app.protect("main", protection)
    assert api.merge(number) == (405, sentence)


def test_required_checks_go_through_their_states(
    api: Api, content: Repo, number: int, app: EmulatedRepository
) -> None:
    app.protect("main", Protection.requiring("ci"))
    sha = content.tip("work")

    def sentence() -> str:
        return api.merge(number)[1]

    seen = [sentence()]
    _, run = api.call("POST", "/check-runs", {"name": "ci", "head_sha": sha})
    seen.append(sentence())
    api.call("PATCH", f"/check-runs/{run['id']}", {"status": "in_progress"})
    seen.append(sentence())
    api.call("PATCH", f"/check-runs/{run['id']}", {"status": "completed", "conclusion": "failure"})
    seen.append(sentence())
    app.set_check(sha, "ci", "success")
    api.call("POST", f"/statuses/{sha}", {"context": "ci", "state": "pending"})
    seen.append(sentence())
    states = ("expected", "queued", "in progress", "failing", "pending")
    assert seen == [f'Required status check "ci" is {state}.' for state in states]
    api.call("POST", f"/statuses/{sha}", {"context": "ci", "state": "success"})
    assert sentence() == "Pull Request successfully merged"


def test_a_check_of_the_wrong_app_does_not_count(
    api: Api, content: Repo, number: int, app: EmulatedRepository
) -> None:
    app.protect("main", Protection(checks=(RequiredCheck("ci", app=7),)))
    app.set_check(content.tip("work"), "ci", "success", app=8)
    refused = 'Required status check "ci" was not set by the expected GitHub app.'
    assert api.merge(number) == (405, refused)
    app.set_check(content.tip("work"), "ci", "success", app=7)
    assert api.merge(number)[0] == 200


def test_reviews_count_once_per_person_and_the_last_verdict_wins(
    api: Api, number: int, app: EmulatedRepository
) -> None:
    app.protect("main", Protection(approvals=1))
    app.review(number, by="hubot", state="CHANGES_REQUESTED")
    assert api.merge(number) == (405, "Changes have been requested.")
    app.review(number, by="hubot")
    app.review(number, by="hubot", state="COMMENTED")
    assert api.merge(number)[0] == 200
    assert [review["state"] for review in api.call("GET", f"/pulls/{number}/reviews")[1]] == [
        "CHANGES_REQUESTED",
        "APPROVED",
        "COMMENTED",
    ]


def test_nobody_approves_a_pull_request_of_his_own(api: Api, number: int) -> None:
    status, _ = api.call("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"})
    assert status == 422


@pytest.mark.parametrize(
    ("protection", "state"),
    [
        (None, "clean"),
        (Protection.requiring("ci"), "blocked"),
        (Protection(strict=True), "behind"),
    ],
)
def test_the_summary_says_what_stands_in_the_way(
    api: Api, number: int, app: EmulatedRepository, protection: Protection | None, state: str
) -> None:
    if protection is not None:
        app.protect("main", protection)
    assert api.ready(number)["mergeable_state"] == state


def test_something_optional_that_fails_makes_it_unstable_only(
    api: Api, content: Repo, number: int, app: EmulatedRepository
) -> None:
    app.set_status(content.tip("work"), "optional", "failure")
    assert api.ready(number)["mergeable_state"] == "unstable"
    assert api.merge(number)[0] == 200
