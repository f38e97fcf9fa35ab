"""Protected branches: classic and rulesets, over REST and for git's own pushes."""

import subprocess
from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, Protection, RequiredCheck
from tests.support.repos import Repo

FORMS = pytest.mark.parametrize("form", ["classic", "ruleset"])


@pytest.fixture
def number(api: Api, content: Repo) -> int:
    content.commit({"new.txt": "new"}, branch="work")
    opened = api.open_pull("work")
    api.ready(opened)
    return opened


def push(content: Repo, app: EmulatedRepository, tmp_path: Path, *refspecs: str) -> str:
    """What git said about a push to the repository."""
    clone = tmp_path / "clone"
    if not clone.exists():
        content.git("clone", "--quiet", app.authenticated_url, str(clone))
        content.git("-C", str(clone), "commit", "--quiet", "--allow-empty", "-m", "by hand")
    ended = subprocess.run(
        ["git", "-C", str(clone), "push", "origin", *refspecs],
        capture_output=True,
        text=True,
        env=content.environment,
        check=False,
    )
    return ended.stderr


def test_classic_protection_and_rulesets_add_up(api: Api, app: EmulatedRepository, number: int) -> None:
    app.protect("main", Protection.requiring("ci"))
    app.add_rules("main", Protection.requiring("lint", form="ruleset", approvals=1))
    assert api.merge(number) == (405, 'Required status check "ci" is expected.')
    app.set_status(api.ready(number)["head"]["sha"], "ci", "success")
    status, said = api.merge(number)
    assert (status, said.splitlines()[0]) == (405, "Repository rule violations found")
    assert 'Required status check "lint" is expected.' in said
    assert "At least 1 approving review is required" in said
    assert [rule["type"] for rule in api.call("GET", "/rules/branches/main")[1]] == [
        "required_status_checks",
        "pull_request",
    ]


def test_approvals_are_dismissed_when_the_head_moves(
    api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    app.protect("main", Protection(approvals=1, dismiss_stale=True))
    app.review(number, by="hubot")
    assert api.ready(number)["mergeable_state"] == "clean"
    content.commit({"new.txt": "newer"}, branch="work")
    assert api.ready(number)["mergeable_state"] == "blocked"
    assert [review["state"] for review in api.call("GET", f"/pulls/{number}/reviews")[1]] == ["DISMISSED"]


def test_a_branch_that_only_some_may_move_is_not_merged_into_by_others(
    api: Api, app: EmulatedRepository, number: int
) -> None:
    app.protect("main", Protection(restricts_pushes=True, pushers=("hubot",)))
    assert api.merge(number)[1].startswith("You're not authorized to push to this branch. Visit https://")
    app.protect("main", Protection(restricts_pushes=True, pushers=("mona",)))
    assert api.merge(number)[0] == 200


def test_only_an_organization_says_who_may_push(api: Api, app: EmulatedRepository, number: int) -> None:
    wanted: dict[str, object] = {
        "required_status_checks": None,
        "enforce_admins": None,
        "required_pull_request_reviews": {"dismissal_restrictions": {"users": ["hubot"]}},
        "restrictions": {"users": ["hubot"], "teams": []},
    }
    status, body = api.call("PUT", "/branches/main/protection", wanted)
    assert (status, body["restrictions"]["users"][0]["login"]) == (200, "hubot")
    assert api.merge(number)[1].startswith("You're not authorized to push to this branch.")
    app.is_of_organization = False
    status, body = api.call("PUT", "/branches/main/protection", wanted)
    assert (status, "Only organization repositories" in body["errors"][0]) == (422, True)


def test_linear_history_refuses_merge_commits_and_takes_a_squash(
    api: Api, app: EmulatedRepository, number: int
) -> None:
    app.protect("main", Protection(linear_history=True, form="ruleset"))
    assert "This branch must not contain merge commits." in api.merge(number)[1]
    assert api.merge(number, "squash")[0] == 200


@FORMS
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"pull_request_required": True}, "Changes must be made through a pull request."),
        ({"approvals": 1}, "Changes must be made through a pull request."),
        ({"checks": (RequiredCheck("ci"),)}, 'Required status check "ci" is expected.'),
        ({"merge_queue": True}, "Changes must be made through the merge queue"),
        ({"restricts_pushes": True}, "You're not authorized to push to this branch."),
    ],
)
def test_gits_own_push_meets_the_protection(
    app: EmulatedRepository,
    content: Repo,
    tmp_path: Path,
    form: str,
    settings: dict[str, object],
    sentence: str,
) -> None:
    before = content.tip("main")
    app.protect("main", Protection(form=form, **settings))  # type: ignore[arg-type]
    said = push(content, app, tmp_path, "HEAD:main", "HEAD:free")
    code = "GH006: Protected branch update failed" if form == "classic" else "GH013: Repository rule"
    assert f"remote: error: {code}" in said
    assert sentence in said
    assert (content.tip("main"), content.find("free") is not None) == (before, True)


def test_a_protected_branch_is_neither_deleted_nor_forced(
    app: EmulatedRepository, content: Repo, tmp_path: Path
) -> None:
    app.protect("main", Protection())
    assert "->" in push(content, app, tmp_path, "HEAD:main")
    assert "Cannot force-push" in push(content, app, tmp_path, "+HEAD~1:main")
    app.default_branch = "other"
    content.git("symbolic-ref", "HEAD", "refs/heads/other")
    assert "Cannot delete this protected branch" in push(content, app, tmp_path, ":main")


@FORMS
def test_the_refs_api_meets_the_protection(
    api: Api, app: EmulatedRepository, content: Repo, form: str
) -> None:
    new = content.commit({"new.txt": "new"}, branch="work")
    app.protect("main", Protection(pull_request_required=True, form=form))  # type: ignore[arg-type]
    status, body = api.call("PATCH", "/git/refs/heads/main", {"sha": new})
    assert (status, "Changes must be made through a pull request." in body["message"]) == (422, True)
    assert api.call("DELETE", "/git/refs/heads/main")[0] == 422


def test_refs_are_made_moved_and_deleted_as_github_says(api: Api, content: Repo) -> None:
    old, new = content.tip("main"), content.commit({"new.txt": "new"}, branch="work")
    said = [
        api.call("POST", "/git/refs", {"ref": "refs/heads/copy", "sha": old})[0],
        api.call("POST", "/git/refs", {"ref": "refs/heads/copy", "sha": old})[1]["message"],
        api.call("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40})[1]["message"],
        api.call("PATCH", "/git/refs/heads/copy", {"sha": new})[0],
        api.call("PATCH", "/git/refs/heads/copy", {"sha": old})[1]["message"],
        api.call("PATCH", "/git/refs/heads/gone", {"sha": old})[1]["message"],
        api.call("DELETE", "/git/ref/heads/copy")[0],
        api.call("DELETE", "/git/refs/heads/copy")[1]["message"],
    ]
    assert said == [
        201,
        "Reference already exists",
        "Object does not exist",
        200,
        "Update is not a fast forward",
        "Reference does not exist",
        204,
        "Reference does not exist",
    ]
