"""The GitHub client over a socket: merging, refusals, lost answers. However it ends, one PUT is sent."""

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import (
    Merged,
    MergeOutcome,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    Refused,
    Unclear,
)
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.fixtures import app, content, hub
from tests.support.github.person import Person
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]
MERGE = r"^PUT .*/merge$"


@pytest.fixture
def forge(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> GitHubForge:
    environ = hub.environment() | {"GITCOORD_API_PATIENCE": "0"}
    return open_github(url=app.clone_url, repository=None, environ=environ)


@pytest.fixture
def pull(forge: GitHubForge, content: Repo) -> Pull:
    """A pull request that is behind main and merges, as the forge knows by now."""
    content.commit({"lines.txt": "one\n2\n3\n4\n5\n"}, "Change the first line", branch="work")
    content.commit({"lines.txt": "1\n2\n3\n4\nfive\n"}, "Change the last line", branch="main")
    opened = forge.open_pull(NewPull(head="work", base="main", title="Work", body=""))
    assert isinstance(opened, Pull)
    forge.read_pull(opened.number)
    return forge.read_pull(opened.number)


def merge(forge: GitHubForge, pull: Pull, method: Method = "merge", head: str | None = None) -> MergeOutcome:
    request = MergeRequest(
        number=pull.number,
        head=head or pull.head_commit,
        base="main",
        method=method,
        title="Title",
        message="Message",
    )
    return forge.merge_pull(request)


def sent(hub: GitHubEmulator) -> int:
    return len(hub.requests(MERGE))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_each_method_merges_once_and_returns_the_bases_new_tip(
    forge: GitHubForge, hub: GitHubEmulator, content: Repo, pull: Pull, method: Method
) -> None:
    expected = content.git("merge-tree", "--write-tree", "main", "work")
    assert merge(forge, pull, method) == Merged(commit=content.tip("main"))
    assert content.tree("main") == expected
    found = forge.read_pull(pull.number)
    assert (found.state, found.merge_commit, found.mergeable) == ("merged", content.tip("main"), None)
    assert sent(hub) == 1
    if method != "rebase":
        assert content.git("log", "-1", "--format=%B", "main").strip() == "Title\n\nMessage"


def test_another_head_than_the_checked_one_is_not_merged(
    forge: GitHubForge, content: Repo, pull: Pull
) -> None:
    before = content.tip("main")
    refused = merge(forge, pull, head="0" * 40)
    assert isinstance(refused, Refused)
    assert refused.kind == "head-moved"
    assert content.tip("main") == before


@pytest.mark.parametrize("decided", ["moved", "draft"])
def test_what_the_last_read_before_a_merge_shows_counts_although_it_was_for_something_else(
    decided: str, forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    content.git("branch", "release", "main")
    if decided == "moved":
        Person(app).retarget(pull.number, "release")
    else:
        Person(app).set_draft(pull.number, True)
    forge.read_pull(pull.number)
    refused = merge(forge, pull)
    assert isinstance(refused, Refused)
    assert refused.kind == ("moved" if decided == "moved" else "gate")
    assert sent(hub) == 0


def test_a_page_of_html_in_place_of_an_answer_is_unclear(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull
) -> None:
    hub.fault(MERGE, "status", when="after", status=200, body=b"<html>proxy</html>")
    assert isinstance(merge(forge, pull), Unclear)


@pytest.mark.parametrize(
    ("status", "message", "headers", "code"),
    [
        (401, "Bad credentials", {}, "bad-token"),
        (404, "Not Found", {}, "not-found"),
        (403, "You have exceeded a secondary rate limit. Please wait a few minutes.", {}, "rate-limited"),
        (403, "API rate limit exceeded for user ID 1.", {"x-ratelimit-remaining": "0"}, "rate-limited"),
        (429, "", {"Retry-After": "900"}, "rate-limited"),
        (307, "Moved Permanently", {"Location": "http://127.0.0.1/repositories/1"}, "moved"),
    ],
)
def test_what_is_no_answer_about_the_merge_is_an_error(
    forge: GitHubForge,
    hub: GitHubEmulator,
    pull: Pull,
    status: int,
    message: str,
    headers: dict[str, str],
    code: str,
) -> None:
    hub.fault(MERGE, "status", status=status, body={"message": message}, headers=headers)
    with pytest.raises(GitcoordError) as caught:
        merge(forge, pull)
    assert (caught.value.code, sent(hub)) == (code, 1)
    assert caught.value.hint
