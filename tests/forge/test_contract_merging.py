"""Every answer that GitHub gives to a merge, and what the client makes of it. One row is one answer."""

from collections.abc import Callable

import pytest

from tests.forge.contract import Desk, Row, reaction
from tests.support.github import GitHubEmulator, Protection, RequiredCheck
from tests.support.github.faults import UNICORN
from tests.support.github.fixtures import calm_hub, shared_hub
from tests.support.github.limits import SECONDARY
from tests.support.github.merging import NOT_MERGEABLE

__all__ = ["calm_hub", "shared_hub"]
Given = Callable[[Desk], object]
RULESET = "Repository rule violations found"
NOT_LINEAR = "This branch must not contain merge commits."
NOVEL = "Cats must be petted."
MERGE = r"^PUT .*/merge(-async)?$"
QUEUE = "Changes must be made through the merge queue"
CHECK = 'Required status check "ci"'
REVIEW = "At least 1 approving review is required by reviewers with write access."


def nothing(desk: Desk) -> None:
    """Leaves everything as it is."""


def says(status: int, message: str) -> Given:
    return lambda desk: desk.fault("/merge$", status, message)


def protected(*contexts: str, **settings: object) -> Given:
    return lambda desk: desk.app.protect("main", Protection.requiring(*contexts, **settings))


def forbidden(setting: str) -> Given:
    return lambda desk: setattr(desk.app.settings, setting, False)


def archived(desk: Desk) -> None:
    desk.app.settings.archived = True


def reported(state: str) -> Given:
    def given(desk: Desk) -> None:
        desk.app.protect("main", Protection.requiring("ci"))
        if state in ("queued", "in_progress"):
            desk.app.set_check(desk.pull.head_commit, "ci", None, status=state)
        else:
            desk.app.set_status(desk.pull.head_commit, "ci", state)

    return given


def of_another_app(desk: Desk) -> None:
    desk.app.protect("main", Protection(checks=(RequiredCheck("ci", app=7),)))
    desk.app.set_check(desk.pull.head_commit, "ci", "success", app=8)


def drafted(desk: Desk) -> None:
    desk.app.pulls[desk.pull.number].draft = True


def objected(desk: Desk) -> None:
    desk.app.protect("main", Protection(approvals=1))
    desk.app.review(desk.pull.number, by="hubot", state="CHANGES_REQUESTED")


def conflicting(desk: Desk) -> None:
    desk.push(path="lines.txt", text="ONE\n2\n3\n4\n5\n")
    desk.look()


def detour(desk: Desk) -> None:
    """Commits that do not apply one by one, though the whole merges."""
    desk.push("work", "lines.txt", "1\n2\n3\n4\n5\n")
    desk.push("work")
    desk.push(path="lines.txt", text="uno\n2\n3\n4\n5\n")
    desk.pull = desk.look()


def ended(state: str) -> Given:
    def given(desk: Desk) -> None:
        commit = desk.content.tip("main") if state == "merged" else None
        desk.app.pulls[desk.pull.number].close(merge_commit=commit)

    return given


def undecided(sentence: str) -> Given:
    def given(desk: Desk) -> None:
        desk.app.habits.unknown_sentence = sentence  # type: ignore[assignment]
        desk.push()

    return given


def raced(desk: Desk) -> None:
    desk.hub.on("before_merge_cas", lambda app, pull: desk.push())


def behind(status: int) -> Given:
    def given(desk: Desk) -> None:
        desk.app.habits.outdated_status = status  # type: ignore[assignment]
        desk.app.protect("main", Protection(strict=True))
        desk.push()
        desk.look()

    return given


def as_token(kind: str, hidden: bool = False) -> Given:
    def given(desk: Desk) -> None:
        token = desk.hub.make_token(kind, contents="read", pull_requests="write")  # type: ignore[arg-type]
        desk.app.habits.forbidden_status = 404 if hidden else 403
        desk.forge = desk.sign_in(token)

    return given


def limited(status: int, retry_after: int | None) -> Given:
    return lambda desk: desk.hub.secondary_limit("/merge$", status=status, retry_after=retry_after)


def lost(kind: str, when: str, **more: object) -> Given:
    return lambda desk: desk.hub.fault("/merge$", kind, when=when, **more)


def landed_all_the_same(desk: Desk) -> None:
    desk.fault("/merge$", 405, "Pull Request is not mergeable", when="after")


BY_STATE = (
    Row(200, "Pull Request successfully merged", nothing, "merged", effects=1),
    Row(405, NOT_MERGEABLE, conflicting, "look again", about="(a conflict)"),
    Row(405, NOT_MERGEABLE, ended("merged"), "look again", about="(merged before)"),
    Row(405, NOT_MERGEABLE, ended("closed"), "stop this task", about="(closed)"),
    Row(405, NOT_MERGEABLE, undecided("not mergeable"), "retry", about="(not known yet)"),
    Row(405, "Base branch was modified", undecided("base modified"), "retry", about="(not known yet)"),
    Row(405, "Base branch was modified", raced, "retry", about="(a race)"),
    Row(405, "Pull Request is still a draft", drafted, "wait"),
    Row(405, "Merge commits are not allowed", forbidden("allow_merge_commit"), "stop the run"),
    Row(
        405, "Squash merges are not allowed", forbidden("allow_squash_merge"), "stop the run", method="squash"
    ),
    Row(
        405, "Rebase merges are not allowed", forbidden("allow_rebase_merge"), "stop the run", method="rebase"
    ),
    Row(405, NOT_LINEAR, protected(linear_history=True, form="ruleset"), "stop this task", about="(ruleset)"),
    Row(405, "This branch can't be rebased", detour, "stop this task", method="rebase"),
    Row(405, f"{CHECK} is expected.", protected("ci"), "wait"),
    Row(405, f"{CHECK} is queued.", reported("queued"), "wait"),
    Row(405, f"{CHECK} is in progress.", reported("in_progress"), "wait"),
    Row(405, f"{CHECK} is pending.", reported("pending"), "wait"),
    Row(405, "2 of 2 required status checks are expected.", protected("ci", "lint"), "wait"),
    Row(405, f"{CHECK} is failing.", reported("failure"), "wait"),
    Row(405, f"{CHECK} was not set by the expected GitHub app.", of_another_app, "wait"),
    Row(405, REVIEW, protected(approvals=1), "wait"),
    Row(405, "Changes have been requested.", objected, "wait"),
    Row(405, RULESET, protected("ci", "lint", approvals=1, form="ruleset"), "wait"),
    Row(405, QUEUE, protected(merge_queue=True), "hand over"),
    Row(
        405,
        QUEUE,
        protected(approvals=1, merge_queue=True, form="ruleset"),
        "wait",
        about="(ruleset)",
    ),
    Row(
        405, "You're not authorized to push to this branch.", protected(restricts_pushes=True), "stop the run"
    ),
    Row(409, "Head branch was modified.", lambda desk: desk.push("work"), "look again"),
    Row(405, "Head branch is out of date.", behind(405), "update the branch"),
    Row(409, "Head branch is out of date.", behind(409), "update the branch"),
    Row(403, "Resource not accessible by integration", as_token("installation"), "stop the run"),
    Row(403, "Resource not accessible by personal access token", as_token("fine-grained"), "stop the run"),
    Row(403, "Repository was archived so is read-only.", archived, "stop the run"),
    Row(404, "Not Found", as_token("fine-grained", hidden=True), "stop the run: not-found"),
)
"""Answers that the emulator gives by itself; where `merge-async` is offered, it says the same there."""
BY_FAULT = (
    Row(405, NOT_MERGEABLE, landed_all_the_same, "look again", effects=1, about="(and it landed)"),
    Row(405, "Merge already in progress", says(405, "Merge already in progress"), "retry"),
    Row(405, NOT_LINEAR, says(405, NOT_LINEAR), "stop this task"),
    Row(405, RULESET, says(405, f"{RULESET}\n\n{NOVEL}\n\n"), "fail closed", about="(an unknown rule)"),
    Row(
        405,
        RULESET,
        says(405, f"{RULESET}\n\n{CHECK} is expected.\n\n{NOVEL}\n\n"),
        "fail closed",
        about="(known and unknown rules)",
    ),
    Row(403, SECONDARY, limited(403, None), "merged", sent=2, effects=1),
    Row(403, SECONDARY, limited(403, 7), "merged", sent=2, effects=1, about="(Retry-After)"),
    Row(429, SECONDARY, limited(429, None), "merged", sent=2, effects=1),
    Row(422, "Validation Failed", says(422, "Validation Failed"), "fail closed"),
    Row(500, "Server Error", lost("status", "before", status=500), "look again", about="(before)"),
    Row(500, "Server Error", lost("status", "after", status=500), "look again", effects=1, about="(after)"),
    Row(500, "", lost("partial-merge", "before", status=500), "look again", effects=1, about="(half-way)"),
    Row(502, "Server Error", lost("status", "after"), "look again", effects=1),
    Row(503, "", lost("status", "before", status=503, body=UNICORN), "look again", about="(HTML)"),
    Row(0, "", lost("reset", "before"), "look again", about="(reset before)"),
    Row(0, "", lost("reset", "after"), "look again", effects=1, about="(reset after)"),
    Row(0, "", lost("eof", "before"), "look again", about="(end of file before)"),
    Row(0, "", lost("eof", "after"), "look again", effects=1, about="(end of file after)"),
    Row(0, "", lost("truncate", "before"), "look again", effects=1, about="(cut off)"),
    Row(405, NOVEL, says(405, NOVEL), "fail closed"),
    Row(403, NOVEL, says(403, NOVEL), "stop the run"),
    Row(409, NOVEL, says(409, NOVEL), "fail closed"),
)


@pytest.mark.parametrize("row", [*BY_STATE, *BY_FAULT], ids=lambda row: row.id)
def test_every_answer_to_a_merge_has_its_reaction(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    number = desk.pull.number
    desk.find_no_async()
    row.given(desk)
    row.check(*reaction(lambda: desk.merge(row.method)))
    mine = [one for one in calm_hub.requests(MERGE) if f"/pulls/{number}/" in one.path]
    asked = [one for one in mine if "async" not in one.path or one.status != 404]
    assert (len(asked), desk.app.merges[number]) == (row.sent, row.effects)
    assert row.status in (asked[0].status or 0, asked[-1].status or 0)
    if row.outcome in ("fail closed", "stop this task") and row.about != "(closed)":
        desk.hub.faults.clear()
        row.check(*reaction(lambda: desk.merge(row.method)))
        assert calm_hub.requests(MERGE)[-1] is asked[-1]


@pytest.mark.parametrize("row", BY_STATE, ids=lambda row: row.id)
def test_an_asynchronous_merge_comes_to_the_same(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    number = desk.pull.number
    desk.app.offers_async = True
    row.given(desk)
    was_open = desk.app.pulls[number].state == "open"
    outcome, told = reaction(lambda: desk.merge(row.method))
    # It waits by itself until GitHub knows whether it merges, and says of what is merged that it is.
    waits = row.about in ("(not known yet)", "(merged before)")
    assert outcome == ("merged" if waits else row.outcome), told
    assert desk.app.merges[number] == (outcome == "merged" and was_open)
    assert len(calm_hub.requests("^PUT .*/merge-async$")) == 1
