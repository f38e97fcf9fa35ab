"""Every answer to opening a pull request, updating its branch, deleting a branch; one row is one answer."""

from collections.abc import Callable

import pytest

from gitcoord.forge.pull_requests import NewPull
from tests.forge.contract import Desk, Row, reaction
from tests.support.github import GitHubEmulator, Protection
from tests.support.github.fixtures import calm_hub, shared_hub
from tests.support.github.updating import CONFLICT, NOTHING_NEW, OTHER_HEAD

__all__ = ["calm_hub", "shared_hub"]
Given = Callable[[Desk], object]
OPEN, UPDATE, DELETE = r"^POST .*/pulls$", r"^PUT .*/update-branch$", r"^DELETE "
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


def missing_by(status: int) -> Given:
    def given(desk: Desk) -> None:
        desk.app.habits.missing_ref = status  # type: ignore[assignment]
        desk.app.git.delete("refs/heads/work")

    return given


def protected(form: str) -> Given:
    return lambda desk: desk.app.protect("work", Protection(form=form))  # type: ignore[arg-type]


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


def moved(desk: Desk) -> None:
    desk.push("work")


def merged_in(desk: Desk) -> None:
    desk.content.branch("work", "main")
    desk.push("work", "more.txt")
    desk.pull = desk.look()


def conflicting(desk: Desk) -> None:
    desk.push(path="lines.txt", text="ONE\n2\n3\n4\n5\n")


UPDATING = (
    Row(202, "", nothing, "asked", effects=1),
    Row(422, NOTHING_NEW, merged_in, "already"),
    Row(422, CONFLICT, conflicting, "look again"),
    Row(422, OTHER_HEAD, moved, "look again"),
    Row(422, NOVEL, says(UPDATE, 422, NOVEL), "fail closed"),
    Row(
        403,
        "Resource not accessible by integration",
        as_token("installation", contents="read", pull_requests="read"),
        "stop the run",
    ),
    Row(0, "", lost(UPDATE, "reset", "before"), "look again", about="(before)"),
    Row(0, "", lost(UPDATE, "reset", "after"), "look again", effects=1, about="(after)"),
)


@pytest.mark.parametrize("row", UPDATING, ids=lambda row: row.id)
def test_every_answer_to_updating_has_its_reaction(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    assert desk.pull
    desk.push()
    row.given(desk)
    before, pull = desk.content.tip("work"), desk.pull
    row.check(*reaction(lambda: desk.forge.handover.update_branch(pull.number, pull.head_commit)))
    asked = calm_hub.requests(UPDATE)
    desk.look()
    # It is done later: whoever asked looks until the head has moved.
    assert (desk.content.tip("work") != before) == bool(row.effects)
    assert (len(asked), asked[-1].status or 0) == (row.sent, row.status)


DELETING = (
    Row(204, "", nothing, "()", effects=1),
    Row(422, "Reference does not exist", missing_by(422), "()", effects=1),
    Row(404, "Not Found", missing_by(404), "()", effects=1, about="(gone)"),
    Row(404, "Not Found", says(DELETE, 404, "Not Found"), "stop the run: not-changed", about="(hidden)"),
    Row(
        422, "Reference update failed", says(DELETE, 422, "Reference update failed"), "()", sent=2, effects=1
    ),
    Row(422, "Cannot delete this protected branch", protected("classic"), "stop the run: not-changed"),
    Row(
        422,
        "Cannot delete this protected branch",
        protected("ruleset"),
        "stop the run: not-changed",
        about="(ruleset)",
    ),
    Row(
        403,
        "Resource not accessible by integration",
        as_token("installation", contents="read", pull_requests="write"),
        "stop the run: not-changed",
    ),
    Row(0, "", lost(DELETE, "reset", "after"), "()", effects=1, about="(after)"),
    Row(0, "", lost(DELETE, "reset", "before"), "stop the run: not-changed", about="(before)"),
)


@pytest.mark.parametrize("row", DELETING, ids=lambda row: row.id)
def test_every_answer_to_deleting_has_its_reaction(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    row.given(desk)
    row.check(*reaction(lambda: desk.forge.conversation.delete_branch("work", "main")))
    asked = calm_hub.requests(DELETE)
    assert (len(asked), desk.content.find("refs/heads/work") is None) == (row.sent, bool(row.effects))
    assert asked[0].status == (row.status or None)
