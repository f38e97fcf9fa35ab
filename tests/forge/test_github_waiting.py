"""The GitHub client over a socket: rate limits, conditional reads, replicas that lag, asynchronous merges."""

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.github.errors import seconds_asked_for
from gitcoord.forge.github.rate_limit import RateLimitPatience
from gitcoord.forge.github.transport import Reply
from gitcoord.forge.pull_requests import Merged, MergeRequest, NewPull, Pull, Refused, Unclear
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection
from tests.support.github.fixtures import app, content, hub
from tests.support.github.person import Person
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]
ASYNC = r"^PUT .*/merge-async$"


class Watch:
    """Somebody who looks at the countdown."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def __call__(self, what: str, seconds: int) -> None:
        self.seen.append((what, seconds))


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def forge(hub: GitHubEmulator, app: EmulatedRepository, content: Repo, watch: Watch) -> GitHubForge:
    return open_github(url=app.clone_url, repository=None, environ=hub.environment(), tell=watch)


@pytest.fixture
def pull(forge: GitHubForge, content: Repo) -> Pull:
    content.commit({"new.txt": "new"}, branch="work")
    opened = forge.open_pull(NewPull(head="work", base="main", title="Work", body=""))
    assert isinstance(opened, Pull)
    forge.read_pull(opened.number)
    return forge.read_pull(opened.number)


def request(pull: Pull, head: str | None = None) -> MergeRequest:
    return MergeRequest(
        number=pull.number, head=head or pull.head_commit, base="main", method="merge", title="T", message="M"
    )


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, 2])
def test_a_secondary_limit_is_waited_out_and_the_write_sent_again(
    forge: GitHubForge,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    pull: Pull,
    watch: Watch,
    status: int,
    retry_after: int | None,
) -> None:
    hub.secondary_limit(r"^PUT .*/merge$", status=status, retry_after=retry_after, times=2)
    assert isinstance(forge.merge_pull(request(pull)), Merged)
    assert app.merges[pull.number] == 1
    assert "rate limit on PUT" in watch.seen[0][0]
    counted = [seconds for _, seconds in watch.seen]
    assert counted[-1] == 0
    if retry_after is not None:
        assert counted == [2, 1, 0, 2, 1, 0]
    else:
        assert 60 <= counted[0] <= 70
        assert max(counted) >= 120


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        ("merge", "retry"),
        ("close", "retry"),
        ("retarget", "moved"),
        ("push", "head-moved"),
        ("draft", "gate"),
    ],
)
def test_who_is_faster_than_a_limit_is_seen_before_the_merge_is_sent_again(
    forge: GitHubForge,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    content: Repo,
    pull: Pull,
    deed: str,
    kind: str,
) -> None:
    hub.secondary_limit(r"^PUT .*/merge$", retry_after=1)
    person = Person(app)
    content.branch("release")

    def act() -> None:
        if deed == "merge":
            person.merge(pull.number)
        elif deed == "close":
            person.close(pull.number)
        elif deed == "retarget":
            person.retarget(pull.number, "release")
        elif deed == "push":
            content.commit({"more.txt": ""}, branch="work")
        else:
            app.pulls[pull.number].draft = True

    hub.when(r"^PUT .*/merge$", act)
    outcome = forge.merge_pull(request(pull))
    assert isinstance(outcome, Refused)
    assert outcome.kind == kind
    assert [one.status for one in hub.requests(r"^PUT .*/merge$")] in ([429], [403])


def test_the_primary_limit_is_waited_for_until_its_reset(
    forge: GitHubForge, hub: GitHubEmulator, watch: Watch
) -> None:
    hub.limit.remaining, hub.limit.reset = 0, hub.limit.reset + 10**6
    with pytest.raises(GitcoordError) as caught:
        forge.read_pull(1)
    assert (caught.value.code, watch.seen) == ("rate-limited", [])
    assert "Run the same command again in" in caught.value.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999"}, 7.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, 31.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, 1.0),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1030"}, None),
        ({}, None),
    ],
)
def test_github_is_asked_again_when_it_says(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_asked_for(headers, 1000.0) == seconds


def test_waiting_ends_at_its_deadline() -> None:
    slept: list[float] = []
    limited = Reply(status=429, headers={"retry-after": "40"}, body=b"{}")
    patience = RateLimitPatience(longest=100, sleep=slept.append)
    assert patience.through_limits(lambda: limited, "GET /") is limited
    assert sum(slept) == 80


def test_waiting_for_one_check_costs_conditional_requests_only(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    app.protect("main", Protection.requiring("ci"))
    forge.closed_gates(pull)
    forge.read_pull(pull.number)
    left, before = hub.limit.remaining, len(hub.log)
    for _ in range(5):
        assert [gate.name for gate in forge.closed_gates(pull)] == ["check ci"]
        forge.read_pull(pull.number)
    assert {entry.status for entry in hub.log[before:]} == {304}
    assert hub.limit.remaining == left
    app.set_status(content.tip("work"), "ci", "success")
    assert forge.closed_gates(pull) == ()


def test_a_read_that_breaks_off_within_the_answer_is_repeated(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull, content: Repo
) -> None:
    content.commit({"newer.txt": "newer"}, branch="work")
    hub.fault("^GET .*/pulls/1$", "truncate")
    assert forge.read_pull(1).number == 1


def test_an_answer_that_breaks_off_leaves_it_open_whether_it_merged(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull
) -> None:
    hub.fault("^PUT .*/merge$", "truncate")
    assert isinstance(forge.merge_pull(request(pull)), Unclear)
    assert forge.read_pull(pull.number).state == "merged"


def test_merging_is_asked_for_and_followed_where_the_host_offers_it(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    app.offers_async = True
    app.background_reads = 3
    assert forge.merge_pull(request(pull)) == Merged(commit=content.tip("main"))
    assert (len(hub.requests(ASYNC)), len(hub.requests(r"^PUT .*/merge$"))) == (1, 0)
    assert forge.merge_pull(request(pull)) == Merged(commit=content.tip("main"))


def test_where_it_is_not_offered_that_is_asked_once(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull
) -> None:
    app.protect("main", Protection.requiring("ci"))
    assert isinstance(forge.merge_pull(request(pull)), Refused)
    app.set_status(pull.head_commit, "ci", "success")
    assert isinstance(forge.merge_pull(request(forge.read_pull(pull.number))), Merged)
    assert (len(hub.requests(ASYNC)), len(hub.requests(r"^PUT .*/merge$"))) == (1, 2)


def test_an_asynchronous_merge_is_refused_in_the_same_words(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    app.offers_async = True
    kinds = []
    for protection in (Protection.requiring("ci"), Protection(merge_queue=True), Protection(strict=True)):
        app.protect("main", protection)
        content.commit({"moved.txt": protection.form}, branch="main")
        refused = forge.merge_pull(request(pull))
        kinds.append(refused.kind if isinstance(refused, Refused) else "")
    refused = forge.merge_pull(request(pull, head="0" * 40))
    assert isinstance(refused, Refused)
    assert [*kinds, refused.kind] == ["gate", "queue", "outdated", "head-moved"]


def test_a_lost_answer_to_an_asynchronous_merge_is_unclear_and_sent_once(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull
) -> None:
    app.offers_async = True
    hub.fault(ASYNC, "reset", when="after")
    assert isinstance(forge.merge_pull(request(pull)), Unclear)
    for _ in range(2):
        state = forge.read_pull(pull.number).state
    assert (state, app.merges[pull.number], len(hub.requests(ASYNC))) == ("merged", 1, 1)
