"""Every answer to opening a pull request; one row is one answer."""

from collections.abc import Callable

import pytest

from gitcoord.forge.pull_requests import NewPull
from tests.forge.contract import Desk, Row, reaction
from tests.support.github import GitHubEmulator
from tests.support.github.fixtures import calm_hub, shared_hub

__all__ = ["calm_hub", "shared_hub"]
Given = Callable[[Desk], object]
OPEN = r"^POST .*/pulls$"
NOVEL = "Cats must be petted."
INVALID = {"errors": [{"resource": "PullRequest", "code": "custom", "message": NOVEL}]}


def nothing(desk: Desk) -> None:
    """Leaves everything as it is."""


def says(request: str, status: int, message: str, **body: object) -> Given:
    return lambda desk: desk.fault(request, status, message, body=body)


def lost(request: str, kind: str, when: str, **more: object) -> Given:
    return lambda desk: desk.hub.fault(request, kind, when=when, **more)


def as_token(kind: str, **permissions: str) -> Given:
    def given(desk: Desk) -> None:
        token = desk.hub.make_token(kind, **permissions)  # type: ignore[arg-type]
        desk.forge = desk.sign_in(token)

    return given


def without(branch: str) -> Given:
    return lambda desk: desk.app.git.delete(f"refs/heads/{branch}")


OPENING = (
    Row(201, "", nothing, "opened", effects=1),
    Row(
        422,
        "A pull request already exists",
        lambda desk: desk.pull,
        "opened",
        sent=2,
        effects=1,
    ),
    Row(
        422,
        "No commits between main and work",
        lambda desk: desk.content.branch("main", "work"),
        "stop this task",
    ),
    Row(422, "head invalid", without("work"), "retry"),
    Row(422, "base invalid", without("main"), "retry"),
    Row(422, NOVEL, says(OPEN, 422, "Validation Failed", **INVALID), "fail closed"),
    Row(
        403,
        "Resource not accessible by integration",
        as_token("installation", contents="write"),
        "stop the run",
    ),
    Row(
        403,
        "Resource not accessible by personal access token",
        as_token("fine-grained", contents="write"),
        "stop the run",
    ),
    Row(0, "", lost(OPEN, "reset", "before"), "look again", about="(before)"),
    Row(0, "", lost(OPEN, "eof", "after"), "opened", effects=1, about="(after)"),
    Row(502, "", lost(OPEN, "status", "after"), "opened", effects=1),
)


@pytest.mark.parametrize("row", OPENING, ids=lambda row: row.id)
def test_every_answer_to_opening_has_its_reaction(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    row.given(desk)
    new = NewPull(head="work", base="main", title="Work", body="")
    row.check(*reaction(lambda: desk.forge.open_pull(new)))
    asked = calm_hub.requests(OPEN)
    assert (len(asked), len(desk.app.pulls), asked[-1].status or 0) == (
        row.sent,
        row.effects,
        row.status,
    )
