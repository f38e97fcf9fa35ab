"""The GitHub client over a socket: merging, refusals, lost answers. However it ends, one PUT is sent."""

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.port import (
    Merged,
    MergeOutcome,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    RefusalKind,
    Refused,
    Unclear,
)
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection
from tests.support.github.fixtures import app, content, hub
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
        number=pull.number, head=head or pull.head_commit, method=method, title="Title", message="Message"
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


def test_a_conflict_is_refused_as_one(forge: GitHubForge, content: Repo, pull: Pull) -> None:
    content.commit({"lines.txt": "ONE\n2\n3\n4\n5\n"}, branch="main")
    forge.read_pull(pull.number)
    assert merge(forge, pull) == Refused(kind="conflict", message="Pull Request is not mergeable")


def test_mergeability_that_is_not_known_yet_is_transient(
    forge: GitHubForge, hub: GitHubEmulator, content: Repo, pull: Pull
) -> None:
    content.commit({"other.txt": "other"}, branch="main")
    refused = merge(forge, pull)
    assert isinstance(refused, Refused)
    assert (refused.kind, sent(hub)) == ("retry", 1)


@pytest.mark.parametrize(
    ("state", "expected"), [("open", "retry"), ("closed", "closed"), ("merged", "unclear")]
)
def test_not_mergeable_is_looked_into(
    forge: GitHubForge,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    content: Repo,
    pull: Pull,
    state: str,
    expected: str,
) -> None:
    # GitHub says this of conflicts, of what is closed or merged, and of what it has not looked at yet.
    if state != "open":
        app.pulls[pull.number].close(merge_commit=content.tip("main") if state == "merged" else None)
    hub.fault(MERGE, "status", status=405, body={"message": "Pull Request is not mergeable"})
    outcome = merge(forge, pull)
    assert (outcome.kind if isinstance(outcome, Refused) else "unclear") == expected
    assert not isinstance(outcome, Merged)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "status"), [("reset", 0), ("eof", 0), ("status", 500), ("status", 502), ("status", 504)]
)
def test_a_lost_answer_is_unclear_and_sent_once(
    forge: GitHubForge,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    pull: Pull,
    kind: str,
    status: int,
    when: str,
) -> None:
    hub.fault(MERGE, kind, when=when, status=status)
    assert isinstance(merge(forge, pull), Unclear)
    assert sent(hub) == 1
    assert app.merges[pull.number] == (when == "after")
    assert forge.read_pull(pull.number).state == ("merged" if when == "after" else "open")


def test_a_page_of_html_in_place_of_an_answer_is_unclear(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull
) -> None:
    hub.fault(MERGE, "status", when="after", status=200, body=b"<html>proxy</html>")
    assert isinstance(merge(forge, pull), Unclear)


def test_a_merge_that_broke_off_is_unclear_and_the_pull_request_stays_open(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    before = content.tip("main")
    hub.fault(MERGE, "partial-merge", status=500)
    assert isinstance(merge(forge, pull, "squash"), Unclear)
    assert (content.tip("main") != before, forge.read_pull(pull.number).state) == (True, "open")
    assert (sent(hub), app.merges[pull.number]) == (1, 1)


REFUSALS: tuple[tuple[int, str, RefusalKind], ...] = (
    (405, "Base branch was modified. Review and try the merge again.", "retry"),
    (405, "Merge already in progress", "retry"),
    (409, "Head branch is out of date. Review and try the merge again.", "retry"),
    (405, "Head branch is out of date. Review and try the merge again.", "retry"),
    (409, "Head branch was modified. Review and try the merge again.", "head-moved"),
    (405, "Pull Request is still a draft", "gate"),
    (405, "Merge commits are not allowed on this repository.", "not-allowed"),
    (405, "Squash merges are not allowed on this repository.", "not-allowed"),
    (405, "This branch must not contain merge commits.", "gate"),
    (405, "This branch can't be rebased", "gate"),
    (405, 'Required status check "ci" is expected.', "gate"),
    (405, 'Required status check "ci" is failing.', "gate"),
    (405, "2 of 3 required status checks are expected.", "gate"),
    (405, 'Required status check "ci" was not set by the expected GitHub app.', "gate"),
    (405, "At least 1 approving review is required by reviewers with write access.", "gate"),
    (405, "Changes have been requested.", "gate"),
    (405, 'Repository rule violations found\n\nRequired status check "ci" is expected.\n\n', "gate"),
    (
        405,
        "Repository rule violations found\n\nAt least 1 approving review is required by reviewers with "
        "write access.\n\nChanges must be made through the merge queue\n\n",
        "not-allowed",
    ),
    (
        405,
        'Repository rule violations found\n\nRequired status check "ci" is expected.\n\nCats must be '
        "petted.\n\n",
        "unknown",
    ),
    (405, "Changes must be made through the merge queue", "not-allowed"),
    (405, "You're not authorized to push to this branch. Visit https://docs.github.com", "not-allowed"),
    (403, "Resource not accessible by integration", "not-allowed"),
    (405, "A sentence that nobody has seen", "unknown"),
    (409, "A sentence that nobody has seen", "unknown"),
    (422, "Validation Failed", "unknown"),
)


def test_every_refusal_is_told_apart_by_its_sentence(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull
) -> None:
    for status, message, kind in REFUSALS:
        hub.fault(MERGE, "status", status=status, body={"message": message, "status": str(status)})
        assert merge(forge, pull) == Refused(kind=kind, message=message)
    assert sent(hub) == len(REFUSALS)


def test_the_emulators_own_refusals_are_told_apart_too(
    forge: GitHubForge, app: EmulatedRepository, pull: Pull
) -> None:
    kinds = []
    for protection in (
        Protection.requiring("ci"),
        Protection.requiring("ci", "lint", form="ruleset"),
        Protection(approvals=1),
        Protection(strict=True),
        Protection(merge_queue=True),
        Protection(linear_history=True),
    ):
        app.protect("main", protection)
        refused = merge(forge, pull)
        kinds.append(refused.kind if isinstance(refused, Refused) else "")
    assert kinds == ["gate", "gate", "gate", "retry", "not-allowed", "not-allowed"]


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
