"""Where GitHub does now one thing and now the other, the client copes with both: each switch, each value."""

import typing
from collections.abc import Callable

import pytest

from gitcoord.forge.github import doctor
from gitcoord.forge.pull_requests import BEHIND, Merged
from tests.forge.contract import Desk, reaction
from tests.support.github import GitHubEmulator, Protection
from tests.support.github.fixtures import calm_hub, shared_hub
from tests.support.github.habits import Habits

__all__ = ["calm_hub", "shared_hub"]
Scenario = Callable[[Desk, object], None]


def draft_state(desk: Desk, value: object) -> None:
    desk.app.pulls[desk.pull.number].draft = True
    assert [gate.name for gate in desk.forge.closed_gates(desk.look())] == ["draft"]


def closed_state(desk: Desk, value: object) -> None:
    assert isinstance(desk.merge(), Merged)
    found = desk.look()
    assert (found.state, found.mergeable) == ("merged", None)


def computing(desk: Desk, value: object) -> None:
    assert desk.pull
    desk.push()
    assert desk.look(times=1).mergeable is {"null": None, "false": False}[str(value)]
    assert desk.look(times=1).mergeable is True
    assert isinstance(desk.merge(), Merged)


def unknown_sentence(desk: Desk, value: object) -> None:
    desk.find_no_async()
    desk.push()
    assert reaction(desk.merge)[0] == "retry"
    assert isinstance(desk.merge(), Merged)


def merge_when_unknown(desk: Desk, value: object) -> None:
    desk.find_no_async()
    desk.push()
    merged = isinstance(desk.merge(), Merged)
    assert merged is (value == "finds out")
    assert merged or isinstance(desk.merge(), Merged)


def merged_sentence(desk: Desk, value: object) -> None:
    """Of what is merged already, no sentence makes anybody believe that it is not."""
    assert isinstance(desk.merge(), Merged)
    assert reaction(desk.merge)[0] == "look again"
    assert desk.look().state == "merged"


def outdated_status(desk: Desk, value: object) -> None:
    assert desk.pull
    desk.app.protect("main", Protection(strict=True))
    desk.push()
    desk.look()
    assert reaction(desk.merge)[0] == "update the branch"


def queue_when_behind(desk: Desk, value: object) -> None:
    assert desk.pull
    desk.app.protect("main", Protection(strict=True))
    desk.app.add_rules("main", Protection(merge_queue=True, form="ruleset"))
    desk.app.background_reads = 99
    desk.push()
    enqueued = desk.forge.handover.enqueue(desk.pull.number, desk.look().head_commit)
    assert (enqueued == "asked") == (value == "takes")
    behind = [gate.name for gate in desk.forge.closed_gates(desk.look()) if gate.name == BEHIND]
    assert behind == ([] if value == "takes" else [BEHIND])


def unknown_commit(desk: Desk, value: object) -> None:
    findings = examined(desk)
    assert findings["permission contents"] == ("ok" if value == 422 else "warning")


def forbidden_status(desk: Desk, value: object) -> None:
    assert desk.pull
    token = desk.hub.make_token("fine-grained", contents="read", pull_requests="write")
    desk.forge = desk.sign_in(token)
    assert reaction(desk.merge)[0].startswith("stop the run")
    assert desk.app.merges[desk.pull.number] == 0


def merge_settings(desk: Desk, value: object) -> None:
    """A token that may not push is not told the merge methods: doctor does not take that for a no."""
    token = desk.hub.make_token("fine-grained", contents="read", pull_requests="write")
    findings = examined(desk, GITHUB_TOKEN=token.text)
    assert (findings["merge method"], findings["permission contents"]) == ("ok", "failed")


def fine_grained_graphql(desk: Desk, value: object) -> None:
    desk.app.pulls[desk.pull.number].draft = True
    token = desk.hub.make_token("fine-grained", contents="write", pull_requests="write")
    forge, number = desk.sign_in(token), desk.pull.number
    wanted = "asked" if value == "works" else "stop the run"
    assert reaction(lambda: forge.handover.mark_ready(number))[0] == wanted


def dequeued_by(desk: Desk, value: object) -> None:
    """Being in the queue already is success, by whichever id it is left; gitcoord itself never leaves it."""
    desk.app.protect("main", Protection(merge_queue=True))
    desk.app.background_reads = 9
    enqueue, pull = desk.forge.handover.enqueue, desk.pull
    assert [enqueue(pull.number, pull.head_commit) for _ in range(2)] == ["asked", "already"]


NOT_ASKED_FOR = ("missing_ref", "update_when_current")
"""The habits of requests that people make and the client does not."""
VALUES = [
    (name, value)
    for name, kind in typing.get_type_hints(Habits).items()
    for value in typing.get_args(kind)
    if name not in NOT_ASKED_FOR
]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_the_client_copes_with_every_habit(calm_hub: GitHubEmulator, name: str, value: object) -> None:
    scenario: Scenario = globals()[name]
    desk = Desk(calm_hub)
    setattr(desk.app.habits, name, value)
    scenario(desk, value)


def examined(desk: Desk, **variables: str) -> dict[str, str]:
    found = doctor.examine_github(
        url=desk.app.clone_url,
        repository=None,
        base="main",
        method="merge",
        environ=desk.hub.environment() | variables,
    )
    return {finding.name: finding.verdict for finding in found}
