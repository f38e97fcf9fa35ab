"""The GitHub client over a socket: finding, opening, reading and changing pull requests."""

from dataclasses import replace

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import BranchPulls, MergeRequest, NewPull, Pull, Refused, Unclear
from tests.support.github import EmulatedRepository, GitHubEmulator, Person
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


@pytest.fixture
def forge(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> GitHubForge:
    content.commit({"one.txt": "one"}, branch="one")
    return open_github(url=app.clone_url, repository=None, environ=hub.environment())


def new(head: str, **more: object) -> NewPull:
    return NewPull(head=head, base="main", title=f"Add {head}", body="Why", **more)  # type: ignore[arg-type]


def opened(forge: GitHubForge, head: str) -> Pull:
    pull = forge.open_pull(new(head))
    assert isinstance(pull, Pull)
    return pull


def writes(hub: GitHubEmulator) -> list[str]:
    return [str(entry) for entry in hub.requests(r"^(POST|PUT|PATCH|DELETE) ")]


def test_a_pull_request_is_opened_and_read(forge: GitHubForge, content: Repo) -> None:
    pull = opened(forge, "one")
    assert pull == Pull(
        number=1,
        head="one",
        head_commit=content.tip("one"),
        base="main",
        state="open",
        title="Add one",
        body="Why",
        author="mona",
        url=pull.url,
    )
    assert forge.read_pull(1).mergeable is None
    assert forge.read_pull(1).mergeable is True


def test_a_draft_is_opened_as_one(forge: GitHubForge) -> None:
    pull = forge.open_pull(new("one", draft=True))
    assert isinstance(pull, Pull)
    assert pull.draft


def test_an_open_pull_request_is_adopted(forge: GitHubForge) -> None:
    assert forge.open_pull(new("one")) == forge.open_pull(new("one"))


def test_a_hostile_branch_name_is_just_a_name(forge: GitHubForge, content: Repo) -> None:
    name = "feature/a&state=closed;x=é#%2F+b"
    content.commit({"x.txt": "x"}, branch=name)
    pull = opened(forge, name)
    assert forge.find_pulls([name], "main") == {name: BranchPulls(current=pull)}
    assert forge.open_pull(new(name)) == pull


@pytest.mark.parametrize("kind", ["reset", "eof", "status"])
def test_opening_that_never_happened_is_unclear_and_not_sent_again(
    forge: GitHubForge, hub: GitHubEmulator, kind: str
) -> None:
    hub.fault(r"^POST .*/pulls$", kind)
    assert isinstance(forge.open_pull(new("one")), Unclear)
    assert len(writes(hub)) == 1
    assert opened(forge, "one").number == 1


def test_text_is_changed(forge: GitHubForge) -> None:
    opened(forge, "one")
    forge.edit_pull(1, title="After")
    forge.edit_pull(1, body="Text")
    forge.edit_pull(1)
    assert (forge.read_pull(1).title, forge.read_pull(1).body) == ("After", "Text")


def test_a_lost_answer_to_a_change_is_looked_up(forge: GitHubForge, hub: GitHubEmulator) -> None:
    opened(forge, "one")
    hub.fault(r"^PATCH ", "reset", when="after")
    forge.edit_pull(1, body="Text")
    hub.fault(r"^PATCH ", "reset")
    with pytest.raises(GitcoordError, match="not known whether the text of pull request 1 was changed"):
        forge.edit_pull(1, body="Other")
    assert forge.read_pull(1).body == "Text"


@pytest.mark.parametrize("many", [False, True])
def test_open_pull_requests_win_over_merged_ones_and_the_others_are_told_apart(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, many: bool
) -> None:
    names = ["one", "merged", "reopened", "closed", "none", "elsewhere"]
    for name in names[1:]:
        content.commit({f"{name}.txt": name}, branch=name)
    pulls = {name: opened(forge, name) for name in ("one", "merged", "reopened", "closed")}
    assert isinstance(forge.open_pull(NewPull(head="elsewhere", base="one", title="t", body="")), Pull)
    content.branch("main", "merged")
    forge.read_pull(pulls["merged"].number)
    app.pulls[pulls["closed"].number].close()
    app.pulls[pulls["reopened"].number].close(merge_commit=content.tip("main"))
    again = opened(forge, "reopened")
    before = len(hub.log)
    parts = [names] if many else [names[:2], names[2:4], names[4:5]]
    found = {head: one for part in parts for head, one in forge.find_pulls(part, "main").items()}
    current = {head: pulls.current for head, pulls in found.items() if pulls.current is not None}
    assert {head: (pull.number, pull.state) for head, pull in current.items()} == {
        "one": (pulls["one"].number, "open"),
        "merged": (pulls["merged"].number, "merged"),
        "reopened": (again.number, "open"),
    }
    others = {head: [(pull.state, pull.base) for pull in known.others] for head, known in found.items()}
    more = {"elsewhere": [("open", "one")]} if many else {}
    assert {head: told for head, told in others.items() if told} == {"closed": [("closed", "main")], **more}
    assert current["merged"].merge_commit == content.tip("merged")
    assert len(hub.log) - before == (1 if many else 5)


def test_a_reopened_pull_request_wins_over_a_later_one_that_was_merged(
    forge: GitHubForge, app: EmulatedRepository, content: Repo
) -> None:
    first = opened(forge, "one")
    app.pulls[first.number].close()
    later = opened(forge, "one")
    app.pulls[later.number].close(merge_commit=content.tip("main"))
    app.pulls[first.number].state = "open"
    assert forge.find_pulls(["one"], "main")["one"].current == forge.read_pull(first.number)


def test_mergeability_of_what_is_not_open_means_nothing(
    forge: GitHubForge, app: EmulatedRepository, content: Repo
) -> None:
    pull = opened(forge, "one")
    app.habits.closed_state = "dirty"
    app.pulls[pull.number].close(merge_commit=content.tip("main"))
    assert forge.read_pull(pull.number).mergeable is None


def test_many_branches_are_found_among_hundreds_of_closed_pull_requests(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, hub: GitHubEmulator
) -> None:
    first = opened(forge, "one")
    model = app.pulls[first.number]
    model.close(merge_commit=content.tip("main"))
    for number in range(2, 122):
        later = replace(model, number=number, head=f"b{number}", merged=False, merged_at=None)
        app.pulls[number] = replace(later, updated_at="2999-01-01T00:00:00Z")
    names = ["one", *(f"b{number}" for number in range(122, 126)), "none"]
    for name in names[1:-1]:
        content.branch(name, "one")
        opened(forge, name)
    before = len(hub.log)
    found = forge.find_pulls(names, "main")
    assert set(found) == {"one", *names[1:-1]}
    one = found["one"].current
    assert one is not None
    assert (one.number, one.state) == (1, "merged")
    assert len(hub.log) - before == 5
    assert forge.find_pulls(names, "main") == found
    assert len(hub.log) - before == 7


def test_a_pull_request_that_is_not_there_is_an_error_that_names_it(forge: GitHubForge) -> None:
    with pytest.raises(GitcoordError, match="no pull request 7 in acme/app") as caught:
        forge.read_pull(7)
    assert caught.value.code == "no-such-pull"


def test_a_pull_request_of_another_process_that_is_listed_is_waited_for(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository
) -> None:
    pull = opened(forge, "one")
    other = open_github(url=app.clone_url, repository=None, environ=hub.environment())
    assert set(other.find_pulls(["one"], "main")) == {"one"}
    hub.not_yet_there(rf"^GET .*/pulls/{pull.number}$")
    assert other.read_pull(pull.number).number == pull.number


def test_a_pull_request_whose_opening_had_no_answer_is_waited_for(
    forge: GitHubForge, hub: GitHubEmulator
) -> None:
    hub.fault(r"^POST .*/pulls$", "eof", when="after")
    pull = opened(forge, "one")
    hub.not_yet_there(rf"^GET .*/pulls/{pull.number}$")
    assert forge.read_pull(pull.number).number == pull.number


def test_a_renamed_repository_is_used_under_its_new_name(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository
) -> None:
    old = app.clone_url
    hub.rename("acme/app", "acme/renamed")
    again = open_github(url=old, repository=None, environ=hub.environment())
    assert again.full_name == "acme/renamed"
    assert opened(again, "one").number == 1
    # Renamed under way: GitHub redirects the write, which must not be taken for success.
    with pytest.raises(GitcoordError, match="redirected POST /repos/acme/app/pulls"):
        forge.open_pull(new("one"))


@pytest.mark.parametrize("many", [False, True])
def test_pull_requests_of_forks_are_nobodys_here(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, many: bool
) -> None:
    foreign = content.commit({"foreign.txt": "x"}, branch="elsewhere")
    stranger = Person(app, "stranger")
    stranger.open_from_fork("one", "main", foreign)
    stranger.close(stranger.open_from_fork("one", "main", foreign))
    heads = ["one", *(f"b{number}" for number in range(9))] if many else ["one"]
    assert forge.find_pulls(heads, "main") == {}
    own = opened(forge, "one")
    assert forge.find_pulls(heads, "main") == {"one": BranchPulls(current=own)}
    found = forge.find_pulls(["stranger:one"], "main")["stranger:one"]
    assert found.current is not None
    assert (found.current.head_commit, found.current.author) == (foreign, "stranger")
    assert [pull.head for pull in forge.open_pulls()] == ["stranger:one", "one"]
    app.pulls[found.current.number].fork_is_gone = True
    assert forge.read_pull(found.current.number).head == "stranger:one"


def test_a_merge_that_is_refused_while_mergeability_is_unknown_is_no_conflict(
    forge: GitHubForge, app: EmulatedRepository
) -> None:
    pull = opened(forge, "one")
    app.habits.unknown_sentence = "not mergeable"
    app.hold_mergeability = True
    assert forge.read_pull(pull.number).mergeable is None
    request = MergeRequest(
        number=pull.number, head=pull.head_commit, base="main", method="merge", title="T", message="M"
    )
    refused = forge.merge_pull(request)
    assert isinstance(refused, Refused)
    assert refused.kind == "retry"
