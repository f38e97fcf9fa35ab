"""Every `mergeable_state`, and what else GitHub says of a pull request before it is merged; one row each."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gitcoord.forge.pull_requests import Merged
from tests.forge.contract import Desk
from tests.support.github import GitHubEmulator, Protection
from tests.support.github.fixtures import calm_hub, shared_hub

__all__ = ["calm_hub", "shared_hub"]
Given = Callable[[Desk], object]


@dataclass(frozen=True)
class Row:
    """How GitHub sums a pull request up, what the client sees, and whether a merge goes through."""

    state: str
    given: Given
    mergeable: bool | None
    gates: tuple[str, ...]
    merges: bool
    about: str = ""

    @property
    def id(self) -> str:
        """Names the row in a test's name."""
        return f"{self.state} {self.about}".strip()


def nothing(desk: Desk) -> None:
    """Leaves everything as it is."""


def optional(state: str) -> Given:
    return lambda desk: desk.app.set_status(desk.pull.head_commit, "optional", state)


def hooked(desk: Desk) -> None:
    desk.app.has_hooks = True


def behind(desk: Desk) -> None:
    desk.app.protect("main", Protection(strict=True))
    desk.push()


def protected(*contexts: str, seen: bool = True, **settings: object) -> Given:
    def given(desk: Desk) -> None:
        desk.app.admin = seen
        desk.app.protect("main", Protection.requiring(*contexts, **settings))

    return given


def concluded(conclusion: str) -> Given:
    def given(desk: Desk) -> None:
        desk.app.protect("main", Protection.requiring("ci"))
        desk.app.set_check(desk.pull.head_commit, "ci", conclusion)

    return given


def of_an_earlier_head(desk: Desk) -> None:
    desk.app.protect("main", Protection.requiring("ci"))
    desk.app.set_check(desk.pull.head_commit, "ci", "success")
    desk.push("work")


def both(status: str) -> Given:
    def given(desk: Desk) -> None:
        concluded("success")(desk)
        desk.app.set_status(desk.pull.head_commit, "ci", status)

    return given


def conflicting(desk: Desk) -> None:
    desk.push(path="lines.txt", text="ONE\n2\n3\n4\n5\n")


def drafted(state: str) -> Given:
    def given(desk: Desk) -> None:
        desk.app.habits.draft_state = state  # type: ignore[assignment]
        desk.app.pulls[desk.pull.number].draft = True

    return given


def held(desk: Desk) -> None:
    desk.app.hold_mergeability = True
    desk.push()


def ended(state: str, habit: str) -> Given:
    def given(desk: Desk) -> None:
        desk.app.habits.closed_state = habit  # type: ignore[assignment]
        desk.app.pulls[desk.pull.number].close(merge_commit=desk.content.tip("main") if state else None)

    return given


ROWS = (
    Row("clean", nothing, True, (), merges=True),
    Row("clean", lambda desk: desk.push(), True, (), merges=True, about="(the base has moved)"),
    Row("unstable", optional("failure"), True, (), merges=True, about="(failing)"),
    Row("unstable", optional("pending"), True, (), merges=True, about="(pending)"),
    Row("has_hooks", hooked, True, (), merges=True),
    Row("behind", behind, True, ("up to date",), merges=False),
    Row("blocked", protected("ci"), True, ("check ci",), merges=False, about="(a check)"),
    Row("blocked", protected(approvals=1), True, ("review",), merges=False, about="(a review)"),
    Row(
        "blocked",
        protected(seen=False, approvals=1),
        True,
        ("branch protection",),
        merges=False,
        about="(hidden)",
    ),
    Row("clean", concluded("success"), True, (), merges=True, about="(success)"),
    Row("clean", concluded("neutral"), True, (), merges=True, about="(neutral)"),
    Row("clean", concluded("skipped"), True, (), merges=True, about="(skipped)"),
    Row("blocked", concluded("cancelled"), True, ("check ci",), merges=False, about="(cancelled)"),
    Row("blocked", both("pending"), True, ("check ci",), merges=False, about="(a status and a check run)"),
    Row("blocked", of_an_earlier_head, True, ("check ci",), merges=False, about="(an earlier head's check)"),
    Row("dirty", conflicting, False, (), merges=False),
    Row("draft", drafted("draft"), True, ("draft",), merges=False),
    Row("clean", drafted("clean"), True, ("draft",), merges=False, about="(a draft)"),
    Row("blocked", drafted("blocked"), True, ("draft",), merges=False, about="(a draft)"),
    Row("unknown", held, None, (), merges=False),
    Row("unknown", ended("merged", "unknown"), None, (), merges=False, about="(merged)"),
    Row("unknown", ended("", "unknown"), None, (), merges=False, about="(closed)"),
    Row("dirty", ended("merged", "dirty"), None, (), merges=False, about="(merged)"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_github_says_beforehand_is_what_merging_then_does(calm_hub: GitHubEmulator, row: Row) -> None:
    desk = Desk(calm_hub)
    assert desk.pull.mergeable is True
    row.given(desk)
    desk.pull = desk.look()
    raw = calm_hub.replica.last(f"/repos/{desk.app.full_name}/pulls/{desk.pull.number}?")
    assert raw is not None
    assert raw.body["mergeable_state"] == row.state
    assert desk.pull.mergeable is row.mergeable
    assert (desk.pull.merge_commit is None) == (desk.pull.state != "merged")
    gates = desk.forge.closed_gates(desk.pull)
    assert tuple(gate.name for gate in gates) == row.gates
    assert isinstance(desk.merge(), Merged) is row.merges
    assert desk.app.merges[desk.pull.number] == row.merges


def test_mergeability_is_asked_again_after_every_move_of_the_base(calm_hub: GitHubEmulator) -> None:
    desk = Desk(calm_hub)
    assert desk.pull.mergeable is True
    desk.push()
    assert [desk.look(times=1).mergeable for _ in range(2)] == [None, True]
