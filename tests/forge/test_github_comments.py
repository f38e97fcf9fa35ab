"""The GitHub client over a socket: comments that stand there once, labels, reviewers, branches that go."""

from typing import Literal

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import NewPull, Pull
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.fixtures import app, content, hub
from tests.support.github.hands import Hand
from tests.support.github.person import Person
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


@pytest.fixture
def forge(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> GitHubForge:
    content.commit({"work.txt": "work"}, branch="feature/work")
    return open_github(url=app.clone_url, repository=None, environ=hub.environment())


@pytest.fixture
def pull(forge: GitHubForge) -> Pull:
    opened = forge.open_pull(NewPull(head="feature/work", base="main", title="Work", body=""))
    assert isinstance(opened, Pull)
    return opened


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_comment_stands_there_once_however_often_it_is_said_and_its_answer_lost(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull, when: str
) -> None:
    hub.fault("^POST .*/comments$", "reset", when=when)
    if when == "before":
        with pytest.raises(GitcoordError, match="the comment on pull request 1"):
            forge.conversation.say(pull.number, "deferred", "It clashes with task 2.")
    for text in ("It clashes with task 2.", "It clashes with task 2.", "It clashes with task 3."):
        forge.conversation.say(pull.number, "deferred", text)
    forge.conversation.say(pull.number, "other", "Something else.")
    assert [comment.body.splitlines()[-1] for comment in app.comments] == [
        "It clashes with task 3.",
        "Something else.",
    ]


@pytest.mark.parametrize("other", ["It clashes with task 2.", "It clashes with task 4."])
@pytest.mark.parametrize("when", ["before", "after"])
def test_of_comments_that_two_clients_write_at_once_the_older_one_stays(
    forge: GitHubForge,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    pull: Pull,
    when: Literal["before", "after"],
    other: str,
) -> None:
    """Each keeps the same one, and deletes no comment of anybody else's that has the marker."""
    marker = "<!-- gitcoord:deferred -->"
    Person(app, "lisa").comment(pull.number, f"{marker}\nAs lisa quotes it.")

    def rival() -> None:
        Person(app, app.user).comment(pull.number, f"{marker}\n{other}")

    hub.hands.add(Hand("^POST .*/comments$", rival, when=when))
    forge.conversation.say(pull.number, "deferred", "It clashes with task 2.")
    assert [comment.body.splitlines()[-1] for comment in app.comments] == [
        "As lisa quotes it.",
        "It clashes with task 2.",
    ]
    kept = min(comment.id for comment in app.comments if comment.author == app.user)
    hub.fault("^DELETE .*/issues/comments/", "reset", when=when)
    rival()  # whose client ended before it looked again
    forge.conversation.say(pull.number, "deferred", "It is settled.", only_again=True)
    assert [comment.id for comment in app.comments if comment.author == app.user] == [kept]
    assert "DELETE" not in {one.method for one in hub.log if one.path.endswith(f"/comments/{kept}")}


@pytest.mark.parametrize("when", ["before", "after"])
def test_labels_and_reviewers_are_put_on_once(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, pull: Pull, when: str
) -> None:
    hub.fault("^POST .*/labels$", "reset", when=when)
    forge.conversation.label(pull.number, ("gitcoord", "level-0"))
    forge.conversation.label(pull.number, ("gitcoord",))
    forge.conversation.ask_for_reviews(pull.number, ("hubot",))
    model = app.pulls[pull.number]
    assert (model.labels, model.reviewers) == (["gitcoord", "level-0"], ["hubot"])
    with pytest.raises(GitcoordError, match="not a collaborator"):
        forge.conversation.ask_for_reviews(pull.number, ("stranger",))


def test_a_pull_request_that_no_replica_knows_yet_is_waited_for(
    forge: GitHubForge, hub: GitHubEmulator, pull: Pull
) -> None:
    hub.not_yet_there("^GET .*/pulls/1$", times=3)
    assert forge.read_pull(pull.number).number == 1
    with pytest.raises(GitcoordError) as caught:
        forge.read_pull(99)
    assert caught.value.code == "no-such-pull"
