"""The GitHub client over a socket: updating a branch, the merge queue, auto-merge, and what they refuse."""

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.github.refusals import graph_refusal
from gitcoord.forge.pull_requests import NewPull, Pull, Refused, Unclear
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


@pytest.fixture(params=["", "/api/v3"])
def forge(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, request: pytest.FixtureRequest
) -> GitHubForge:
    environ = hub.environment() | {"GITHUB_API_URL": f"{hub.url}{request.param}"}
    return open_github(url=app.clone_url, repository=None, environ=environ)


@pytest.fixture
def pull(forge: GitHubForge, content: Repo) -> Pull:
    """A pull request that is behind its base."""
    content.commit({"new.txt": "new"}, branch="work")
    content.commit({"other.txt": "other"}, branch="main")
    opened = forge.open_pull(NewPull(head="work", base="main", title="Work", body=""))
    assert isinstance(opened, Pull)
    return opened


def kind(outcome: object) -> str:
    return outcome.kind if isinstance(outcome, Refused) else str(outcome)


def test_a_pull_request_is_handed_over_to_the_queue_once(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull
) -> None:
    enqueue = forge.handover.enqueue
    assert kind(enqueue(pull.number, pull.head_commit)) == "not-allowed"
    app.protect("main", Protection(merge_queue=True))
    app.background_reads = 5
    assert kind(enqueue(pull.number, "0" * 40)) == "head-moved"
    hub.fault("^POST .*/graphql$", "reset", when="after")
    assert isinstance(enqueue(pull.number, pull.head_commit), Unclear)
    assert enqueue(pull.number, pull.head_commit) == "already"
    states = [forge.read_pull(pull.number).state for _ in range(5)]
    assert (states[-1], app.merges[pull.number]) == ("merged", 1)


def test_github_merges_by_itself_when_it_may(forge: GitHubForge, app: EmulatedRepository, pull: Pull) -> None:
    def ask() -> str:
        return kind(forge.handover.merge_when_ready(pull.number, pull.head_commit, "squash", "T", "M"))

    said = [ask()]
    app.settings.allow_auto_merge = True
    said.append(ask())
    app.protect("main", Protection())
    said.append(ask())
    app.protect("main", Protection.requiring("ci"))
    said.append(ask())
    assert said == ["not-allowed", "not-allowed", "retry", "asked"]
    app.set_status(pull.head_commit, "ci", "success")
    assert [forge.read_pull(pull.number).state for _ in range(2)][-1] == "merged"


def test_a_draft_is_made_ready(forge: GitHubForge, app: EmulatedRepository, pull: Pull) -> None:
    app.pulls[pull.number].draft = True
    assert forge.handover.mark_ready(pull.number) == "asked"
    assert forge.read_pull(pull.number).draft is False


def test_graphqls_own_rate_limit_is_waited_for_like_any_other(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull
) -> None:
    app.pulls[pull.number].draft = True
    error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
    hub.fault("^POST .*/graphql$", "status", status=200, body={"data": None, "errors": [error]}, times=2)
    assert forge.handover.mark_ready(pull.number) == "asked"
    assert len(hub.requests("/graphql$")) == 3
    hub.fault("^POST .*/graphql$", "status", status=200, body={"data": None, "errors": [error]}, times=99)
    with pytest.raises(GitcoordError, match="API rate limit exceeded for user ID 1") as caught:
        forge.handover.mark_ready(pull.number)
    assert caught.value.code == "rate-limited"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Pull request Auto merge is not allowed for this repository", "not-allowed"),
        ("Pull request Pull request is in clean status", "retry"),
        ("Pull request Pull request is in unstable status", "retry"),
        ("Pull request Protected branch rules not configured for this branch", "not-allowed"),
        ("Can't enable auto-merge for this pull request", "not-allowed"),
        ("Pull request is already in the queue", "already"),
        ("was submitted too quickly", "retry"),
        ("A sentence that nobody has seen", "unknown"),
    ],
)
def test_every_graphql_error_is_told_apart(message: str, expected: str) -> None:
    assert graph_refusal("UNPROCESSABLE", message) == expected
