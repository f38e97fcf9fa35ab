"""What earlier attempts mean for the next, how much a machine takes, and when a run looks again."""

from pathlib import Path

import pytest

from gitcoord.engines.engine import AttemptView
from gitcoord.event_stamp import worker_name
from gitcoord.events import (
    AttemptEnded,
    AttemptStarted,
    CancelAsked,
    Outcome,
    RetryAsked,
    TaskDeferred,
    TaskSubmitted,
)
from gitcoord.planning.units import Unit, Units
from gitcoord.run.attempt_state import HELD, AttemptsAtWork, DeadAttempt
from gitcoord.run.capacity import Machine, ResourceNeeds, automatic, free_memory
from gitcoord.run.observe import submitted_tasks
from gitcoord.run.polling import PollIntervals, report_change
from gitcoord.run.reconcile import outdated
from gitcoord.run.retry_policy import AttemptLimits, RetryDecision, retry_decision, seconds_of
from gitcoord.state.task_history import PENDING, Progress, after, replay
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.pid_file import announce, held_here, record_worker
from gitcoord.worker.leases import Leases, Silence

AT = "2026-01-01T00:00:00+00:00"


def after_attempts(*outcomes: Outcome, told: Progress = PENDING) -> Progress:
    for outcome in outcomes:
        number = (told.attempt.number if told.attempt else 0) + 1
        began = AttemptStarted(at=AT, by="w", task="1", attempt=number, branch="b", base="0")
        ended = AttemptEnded(at=AT, by="w", task="1", attempt=number, outcome=outcome, reason="so it said")
        told = after(after(told, began), ended)
    return told


def decision(*outcomes: Outcome, retries: int = 1) -> RetryDecision:
    return retry_decision(after_attempts(*outcomes), AttemptLimits(retries=retries))


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((), "open"),
        (("failed",), "open"),
        (("failed", "failed"), "failed"),
        (("failed", "timeout"), "failed"),
        (("wrong",), "failed"),
        (("cancelled",), "open"),
        (("failed", "lost", "cancelled"), "open"),
        (("lost",) * 8, "open"),
        (("lost",) * 9, "failed"),
        (("again",) * 10, "open"),
        (("again",) * 11, "failed"),
        (("conflict",), "later"),
        (("conflict", "conflict"), "failed"),
        (("conflict", "failed"), "open"),
    ],
)
def test_a_unit_is_tried_again_as_often_as_its_endings_allow(
    outcomes: tuple[Outcome, ...], state: str
) -> None:
    found = decision(*outcomes)
    assert (found.state, found.number) == (state, len(outcomes) + 1)
    assert bool(found.reason) == (state == "failed")


def test_a_conflict_that_was_left_as_it_was_is_not_given_to_the_agent_again() -> None:
    """Handed in at `1`, deferred at its landing, and the next attempt hands the same in again."""

    def reworked(head: str) -> Progress:
        begun = AttemptStarted(at=AT, by="w", task="1", attempt=1, branch="b", base="1", rework=True)
        ended = AttemptEnded(at=AT, by="w", task="1", attempt=1, outcome="conflict", head=head)
        again = TaskDeferred(at=AT, by="w", task="1", head=head, reason="task 1 conflicts in a", onto="2")
        return replay([TaskSubmitted(at=AT, by="w", task="1", branch="b", head=head), again, begun, ended])[
            TaskId("1")
        ]

    given_up = retry_decision(reworked("1"), AttemptLimits())
    assert given_up.state == "failed"
    assert given_up.reason.startswith("task 1 conflicts in a, and its agent did not resolve it; to resolve ")
    # What it resolved conflicts with something else: that waits for its surroundings.
    assert retry_decision(reworked("3"), AttemptLimits()).state == "later"


def test_trying_again_waits_longer_each_time_and_a_person_takes_failures_back() -> None:
    begin = seconds_of(AT)
    again: Outcome = "again"
    waits = [decision(*[again] * count).not_before - begin for count in (1, 2, 3, 9)]
    assert waits == [2, 4, 8, 120]
    assert decision("failed").not_before == begin
    # A clock that was set back makes no pause longer.
    twice = decision(again, again)
    assert [twice.pauses(begin + since) for since in (-3600, -1, 0, 3.9, 4)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    given_up = after_attempts("failed", "failed")
    forgiven = after(given_up, RetryAsked(at=AT, by="me", task="1"))
    assert retry_decision(forgiven, AttemptLimits(retries=0)) == RetryDecision(state="open", number=3)
    cancelled = after(forgiven, CancelAsked(at=AT, by="me", task="1"))
    assert retry_decision(cancelled, AttemptLimits()).state == "cancelled"


def test_a_process_that_never_held_the_attempt_says_nothing_about_its_holder(tmp_path: Path) -> None:
    began = AttemptStarted(at=AT, by="another@machine", task="1", attempt=1, branch="b", base="0")
    told = {TaskId("1"): after(PENDING, began)}
    unit = Unit(id=TaskId("1"), task=TaskId("1"), title="One")
    decisions = {unit.id: retry_decision(told[unit.id], AttemptLimits())}
    for code in (3, 143, None):
        for here in (False, True):
            seen = {"1-1": AttemptView(key="1-1", state="ended", code=code)}
            work = AttemptsAtWork(told, decisions, seen, lambda *_, here=here: here)
            work.sort(unit)
            assert (bool(work.ended), bool(work.elsewhere)) == (here, True)
    me = worker_name()
    assert not held_here(tmp_path, me, seen_to_end=True)
    (tmp_path / "claiming-1.json").touch()
    assert [held_here(tmp_path, who, seen_to_end=True) for who in (me, began.by)] == [True, False]
    announce(tmp_path)
    record_worker(tmp_path)
    # This process holds it by hand, beside the one that ended.
    assert [held_here(tmp_path, me, seen_to_end=seen) for seen in (False, True)] == [True, False]

    # Somebody claimed it after the process had been seen to end without.
    ends = [DeadAttempt(unit=unit.id, attempt=1, code=3, claimed=claimed) for claimed in (False, True)]
    assert [outdated(end)(told[unit.id]) for end in ends] == [True, False]
    assert not outdated(ends[0])(PENDING)


@pytest.mark.parametrize("launched", [{}, {TaskId("1"): 1}], ids=["by another", "by this run"])
def test_a_run_waits_for_an_attempt_that_it_started_on_a_host_which_stopped_answering(
    launched: dict[TaskId, int],
) -> None:
    began = AttemptStarted(at=AT, by="w@host", task="1", attempt=1, branch="b", base="0", lease=60)
    told = {TaskId("1"): after(PENDING, began)}
    unit = Unit(id=TaskId("1"), task=TaskId("1"), title="One")
    decisions, leases = {unit.id: retry_decision(told[unit.id], AttemptLimits())}, Leases()
    leases.look([], 0.0)
    leases.look([(unit.id, Silence(attempt=1, claim=AT, lease=60, sign=None))], 1.0)
    # Sent to another host after the answer was lost, it was refused there.
    seen = {"1-1": AttemptView(key="1-1", state="ended", code=HELD)}
    work = AttemptsAtWork(told, decisions, seen, lambda *_: False, leases, launched)
    work.sort(unit)
    assert (bool(work.elsewhere), bool(work.waits), work.ended) == (True, bool(launched), [])


def test_a_wish_for_another_try_is_met_by_what_a_person_hands_in_and_holds_no_parent_up() -> None:
    task, parent = TaskId("1"), TaskId("2")
    units = Units(
        by_id={id: Unit(id=id, task=TaskId(id[0]), title=id) for id in (task, TaskId("2.1"))},
        of_task={task: (task,), parent: (TaskId("2.1"),)},
        needs={},
    )
    submitted = TaskSubmitted(at=AT, by="me", task="1", branch="b", head="1")
    wanted = after(after(after_attempts("ok"), submitted), RetryAsked(at=AT, by="me", task="1"))
    assert submitted_tasks(units, {task: wanted, parent: wanted}) == {parent}
    assert submitted_tasks(units, {task: after(wanted, submitted)}) == {task}


def test_a_machine_takes_as_many_as_its_memory_and_cores_allow_and_always_one() -> None:
    needs = ResourceNeeds()
    needs.learn([100 * 2**20, 400 * 2**20])
    roomy = Machine(memory=10 * 2**30, load=0.1, cores=2)
    assert automatic(roomy, needs, 0) == 8
    tight = Machine(memory=512 * 2**20 + 900 * 2**20, load=0.1, cores=2)
    assert free_memory(tight) == 900 * 2**20
    assert automatic(tight, needs, 3) == 5
    assert automatic(Machine(memory=0, load=9.0, cores=1), needs, 0) == 1


def test_a_run_looks_again_later_and_later_until_there_is_news(tmp_path: Path) -> None:
    pace = PollIntervals(tmp_path)
    assert pace.fetch_is_due()
    intervals = []
    for _ in range(9):
        pace.fetched({"refs/heads/main": "1"})
        intervals.append(round(pace.next_fetch()))
    assert intervals == [2, 3, 4, 7, 10, 15, 23, 30, 30]
    assert not pace.fetch_is_due()
    assert not pace.change_reported()
    report_change(tmp_path)
    assert pace.change_reported()
    assert not pace.change_reported()
    pace.fetched({"refs/heads/main": "2"})
    assert round(pace.next_fetch()) == 2
    pace.fetch_soon()
    assert pace.fetch_is_due()
