"""What the journal says of a task: the laws of folding events."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    BranchUpdated,
    CancelAsked,
    PlanSaved,
    PullOpened,
    RetryAsked,
    TaskDeferred,
    TaskFolded,
    TaskLanded,
    TaskRolledBack,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.state.task_history import Progress, replay
from gitcoord.tasks.model import TaskId

ONE = TaskId("1")
AT = "2025-01-01T00:00:00.000000+00:00"
HEADS = st.sampled_from("abc")


@st.composite
def events(draw: st.DrawFn, tasks: Sequence[str] = ("1", "2", "3")) -> AnyEvent:
    kind = draw(st.sampled_from(["start", "submit", "fold", "update", "pull", "land", "defer", "plan"]))
    task, head, other = draw(st.sampled_from(tasks)), draw(HEADS), draw(HEADS)
    made: dict[str, AnyEvent] = {
        "start": TaskStarted(at=AT, by=draw(HEADS), task=task, branch="b", base="0"),
        "submit": TaskSubmitted(at=AT, by="w", task=task, branch="b", head=head),
        "fold": TaskFolded(at=AT, by="w", task=task, into="level", head=head, commit=other),
        "update": BranchUpdated(at=AT, by="w", task=task, branch="b", head=head, commit=other),
        "pull": PullOpened(at=AT, by="w", task=task, pull=draw(st.integers(1, 3)), branch="b"),
        "land": TaskLanded(at=AT, by="w", task=task, branch="b", head=head, commit=other),
        "defer": TaskDeferred(at=AT, by="w", task=task, head=head, reason="conflict"),
        "plan": PlanSaved(at=AT, by="w", levels=1, tasks=1),
    }
    return made[kind]


@given(st.lists(events()))
def test_tasks_do_not_touch_each_other(history: list[AnyEvent]) -> None:
    whole = replay(history)
    assert whole.keys() == {event.task for event in history if event.task is not None}
    for task, progress in whole.items():
        assert replay(event for event in history if event.task == task) == {task: progress}


@given(st.lists(events(("1",))))
def test_a_deferral_stands_until_the_work_is_handed_in_again_or_lands(history: list[AnyEvent]) -> None:
    progress = one(history)
    told = [event for event in history if isinstance(event, TaskDeferred | TaskSubmitted | TaskLanded)]
    last = told[-1] if told else None
    assert progress.deferral == (last if isinstance(last, TaskDeferred) else None)
    assert (progress.state == "deferred") == isinstance(last, TaskDeferred)
    assert (progress.state == "landed") == isinstance(last, TaskLanded)
    assert (progress.state == "submitted") == isinstance(last, TaskSubmitted)


@given(st.lists(events(("1",))))
def test_only_handing_in_and_bringing_up_to_date_move_the_head(history: list[AnyEvent]) -> None:
    for shorter, longer in pairwise(history[:count] for count in range(len(history) + 1)):
        before, after, event = one(shorter).head, one(longer).head, longer[-1]
        if isinstance(event, TaskSubmitted):
            assert after == event.head
        elif isinstance(event, BranchUpdated) and event.head == before:
            assert after == event.commit
        elif isinstance(event, TaskLanded) and before is None:
            assert after == event.head  # work that a person merged, and nobody handed in
        else:
            assert after == before


@given(st.lists(events(("1",))))
def test_a_started_task_is_never_pending_again(history: list[AnyEvent]) -> None:
    progress = one(history)
    begun = any(
        isinstance(event, TaskStarted | TaskSubmitted | TaskDeferred | TaskLanded) for event in history
    )
    assert (progress.state == "pending") == (not begun)
    starts = [event for event in history if isinstance(event, TaskStarted)]
    assert progress.started_by == (starts[-1].by if starts else "")


def test_a_claim_of_having_landed_falls_when_newer_work_is_handed_in() -> None:
    landed = TaskLanded(at=AT, by="w", task="1", branch="b", head="a", commit="m", pull=4)
    progress = one([landed])
    assert (progress.landing, progress.pull) == (landed, 4)
    again = one([landed, TaskSubmitted(at=AT, by="w", task="1", branch="b", head="b")])
    assert (again.state, again.landing, again.head) == ("submitted", None, "b")


def test_work_handed_in_meanwhile_is_newer_than_what_was_brought_up_to_date() -> None:
    update = BranchUpdated(at=AT, by="lander", task="1", branch="b", head="a", commit="a+main")
    newer = [TaskSubmitted(at=AT, by="w", task="1", branch="b", head=head) for head in ("a", "b")]
    assert one([*newer, update]).head == "b"
    assert one([newer[0], update]).head == "a+main"


def test_taking_older_work_back_is_no_word_against_what_has_landed_since() -> None:
    def landed(head: str) -> TaskLanded:
        return TaskLanded(at=AT, by="w", task="1", branch="b", head=head, commit=f"{head} in main")

    again = TaskSubmitted(at=AT, by="w", task="1", branch="b", head="b")
    back = TaskRolledBack(at=AT, by="w", task="1", head="a", start="0", commit="reverted")
    assert one([landed("a"), back]).state == "rolled-back"
    # It is recorded when somebody sees it, which may be after the work has landed anew.
    late = one([landed("a"), again, landed("b"), back])
    assert (late.state, late.landing, late.rollbacks) == ("landed", landed("b"), (back,))


def one(history: Sequence[AnyEvent]) -> Progress:
    return replay(history).get(ONE, Progress())


def test_attempts_are_counted_by_number_and_a_wish_to_retry_forgives_the_failures_before_it() -> None:
    started = AttemptStarted(at=AT, by="w", task="1", attempt=1, branch="b", base="0")
    retry = RetryAsked(at=AT, by="w", task="1", fresh=True)
    history: list[AnyEvent] = [
        started,
        AttemptEnded(at=AT, by="w", task="1", attempt=1, outcome="failed", code=1),
        AttemptEnded(at=AT, by="w", task="1", attempt=2, outcome="lost"),
        CancelAsked(at=AT, by="w", task="1"),
    ]
    before = one(history)
    assert [(attempt.number, attempt.running) for attempt in before.attempts] == [(1, False), (2, False)]
    assert [attempt.started for attempt in before.attempts] == [started, None]
    assert before.cancelled
    after = one([*history, retry])
    assert (after.cancelled, after.retried_after, after.fresh, after.retry_pending) == (False, 2, True, True)
    # Somebody's own work meets the wish as well as another attempt does.
    by_hand = TaskSubmitted(at=AT, by="me", task="1", branch="b", head="1")
    assert not one([*history, retry, by_hand]).retry_pending
    again = one([*history, retry, msgspec.structs.replace(started, attempt=3)])
    assert [attempt.running for attempt in again.attempts] == [False, False, True]
    assert (again.fresh, again.retry_pending) == (False, False)
