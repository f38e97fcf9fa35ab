"""What people do on GitHub's pages while others use the API: at any time, and at a chosen request."""

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, GitHubEmulator, Person, Protection
from tests.support.github.exchange import ApiError
from tests.support.github.model import MessagePattern
from tests.support.repos import Repo

FORMS = pytest.mark.parametrize("form", ["classic", "ruleset"])


@pytest.fixture
def number(api: Api, content: Repo) -> int:
    content.git("branch", "release")
    content.commit({"new.txt": "new"}, branch="work")
    opened = api.open_pull("work")
    api.ready(opened)
    return opened


def test_a_pull_request_is_retargeted_closed_and_reopened(
    api: Api, app: EmulatedRepository, number: int
) -> None:
    lisa = Person(app)
    lisa.retarget(number, "release")
    assert api.ready(number)["base"]["ref"] == "release"
    lisa.close(number)
    assert api.call("GET", f"/pulls/{number}")[1]["state"] == "closed"
    with pytest.raises(ApiError):
        lisa.retarget(number, "main")
    lisa.reopen(number)
    assert api.merge(number)[0] == 405
    api.ready(number)
    assert api.merge(number)[0] == 200
    assert (app.git.files(app.tip("main") or "", app.tip("release") or "")[0])[1] == "new.txt"


def test_a_person_merges_in_words_of_his_own_and_the_head_goes(
    api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    commit = Person(app, "omar").merge(number, method="squash", title="Mine", message="", delete_head=True)
    assert content.git("log", "-1", "--format=%B", "main").strip() == "Mine"
    body = api.call("GET", f"/pulls/{number}")[1]
    assert (body["merged"], body["merge_commit_sha"], body["merged_by"]["login"]) == (True, commit, "omar")
    assert app.tip("work") is None
    assert app.merges[number] == 1


def test_texts_and_comments_say_whose_they_are(api: Api, app: EmulatedRepository, number: int) -> None:
    lisa = Person(app)
    lisa.edit(number, title="A better title", body="Why")
    lisa.comment(number, "<!-- gitcoord:conflict -->\nhello")
    api.call("POST", f"/issues/{number}/comments", {"body": "by the API"})
    body = api.call("GET", f"/pulls/{number}")[1]
    assert (body["title"], body["body"], body["user"]["login"]) == ("A better title", "Why", "mona")
    comments = api.call("GET", f"/issues/{number}/comments")[1]
    assert [comment["user"]["login"] for comment in comments] == ["lisa", "mona"]


def test_a_fork_uses_the_same_branch_name(
    api: Api, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, number: int
) -> None:
    foreign = content.commit({"foreign.txt": "x"}, branch="elsewhere")
    content.git("branch", "-D", "elsewhere")
    second = Person(app, "stranger").open_from_fork("work", "main", foreign)
    found = api.call("GET", "/pulls", head="stranger:work")[1]
    assert [(pull["number"], pull["head"]["repo"]["full_name"]) for pull in found] == [
        (second, "stranger/app")
    ]
    assert [pull["number"] for pull in api.call("GET", "/pulls", head="acme:work")[1]] == [number]
    assert len(api.call("GET", "/pulls")[1]) == 2
    document = (
        '{ repository(owner: "acme", name: "app") '
        '{ pullRequests(first: 9, headRefName: "work") { nodes { number isCrossRepository } } } }'
    )
    said = api.call("POST", f"{hub.url}/graphql", {"query": document})[1]
    nodes = said["data"]["repository"]["pullRequests"]["nodes"]
    assert [(node["number"], node["isCrossRepository"]) for node in nodes] == [
        (number, False),
        (second, True),
    ]
    app.pulls[second].fork_is_gone = True
    assert api.ready(second)["head"]["repo"] is None
    assert api.merge(second)[0] == 200
    assert app.tip("work") is not None


def test_drafts_and_actions_are_refused(
    api: Api, hub: GitHubEmulator, app: EmulatedRepository, content: Repo
) -> None:
    content.commit({"new.txt": "new"}, branch="work")
    app.settings.drafts = app.settings.actions_open_pulls = False
    asked = {"title": "x", "head": "work", "base": "main"}
    status, body = api.call("POST", "/pulls", {**asked, "draft": True})
    assert (status, body["message"]) == (422, "Draft pull requests are not supported in this repository.")
    api.session.headers["Authorization"] = f"Bearer {hub.make_actions_token().text}"
    status, body = api.call("POST", "/pulls", asked)
    assert (status, "GitHub Actions is not permitted" in body["message"]) == (403, True)
    app.settings.actions_open_pulls = True
    assert api.call("POST", "/pulls", asked)[1]["user"]["login"] == "github-actions[bot]"


@FORMS
def test_conversations_have_to_be_resolved(api: Api, app: EmulatedRepository, number: int, form: str) -> None:
    app.protect("main", Protection(conversation_resolution=True, form=form))  # type: ignore[arg-type]
    lisa = Person(app)
    lisa.start_conversation(number)
    assert api.ready(number)["mergeable_state"] == "blocked"
    status, said = api.merge(number)
    assert (status, "must be resolved" in said) == (405, True)
    rules = api.call("GET", "/rules/branches/main")[1]
    if form == "classic":
        protection = api.call("GET", "/branches/main/protection")[1]
        assert protection["required_conversation_resolution"] == {"enabled": True}
    else:
        assert rules[0]["parameters"]["required_review_thread_resolution"] is True
    lisa.resolve_conversations(number)
    assert api.merge(number)[0] == 200


@FORMS
def test_unsigned_commits_come_in_by_a_squash_alone(
    api: Api, app: EmulatedRepository, number: int, form: str
) -> None:
    app.protect("main", Protection(required_signatures=True, form=form))  # type: ignore[arg-type]
    status, said = api.merge(number)
    assert (status, "Commits must have verified signatures." in said) == (405, True)
    assert "cannot be automatically signed" in api.merge(number, "rebase")[1]
    if form == "classic":
        signatures = api.call("GET", "/branches/main/protection")[1]["required_signatures"]
        assert signatures["enabled"] is True
    else:
        assert "Found 1 violation" in said
        assert [rule["type"] for rule in api.call("GET", "/rules/branches/main")[1]] == [
            "required_signatures"
        ]
    assert api.merge(number, "squash")[0] == 200


def test_messages_have_to_match_a_pattern(api: Api, app: EmulatedRepository, number: int) -> None:
    pattern = MessagePattern("^feat: ")
    app.protect("main", Protection(message_pattern=pattern, form="ruleset"))
    assert "Commit message must match a given regex pattern: ^feat: " in api.merge(number, "squash")[1]
    (rule,) = api.call("GET", "/rules/branches/main")[1]
    assert (rule["type"], rule["parameters"]["pattern"]) == ("commit_message_pattern", "^feat: ")
    assert api.merge(number, "squash", commit_title="feat: all of it")[0] == 200


@pytest.mark.parametrize("case", ["lower", "title", "upper"])
def test_headers_are_written_in_any_case(api: Api, hub: GitHubEmulator, case: str) -> None:
    hub.header_case = case  # type: ignore[assignment]
    api.call("GET", "")
    written = {"lower": "x-ratelimit-limit", "title": "X-Ratelimit-Limit", "upper": "X-RATELIMIT-LIMIT"}
    assert written[case] in list(api.last.headers)


def test_somebody_acts_at_the_very_request(
    api: Api, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, number: int
) -> None:
    head = app.tip("work")
    merging = rf"PUT .*/pulls/{number}/merge$"

    def push() -> None:
        content.commit({"late.txt": "late"}, branch="work")

    hub.when(merging, push)
    hub.when(merging, lambda: Person(app).retarget(number, "release"), nth=2)
    assert api.merge(number, sha=head) == (409, "Head branch was modified. Review and try the merge again.")
    head = api.ready(number)["head"]["sha"]
    assert api.merge(number, sha=head)[0] == 405
    api.ready(number)
    assert api.merge(number, sha=head)[0] == 200
    assert "late.txt" in content.files("release")
    assert "late.txt" not in content.files("main")
