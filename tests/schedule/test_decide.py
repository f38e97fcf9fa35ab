"""What starts next, and why the rest does not: laws for any plan, and the cases that people ask about."""

import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.model import Plan
from gitcoord.planning.units import units_of
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import Capacity, Observation, Policy, ScheduleDecision
from gitcoord.schedule.predict import Prediction, predict
from gitcoord.tasks.model import Task, TaskId
from tests.planning.lists import a_plan, a_subtask, a_task, ids, task_lists
from tests.support.laws import tries

EASY = Policy()
WIDE = Capacity(max_parallel=100)


def decide(plan: Plan, capacity: Capacity = WIDE, policy: Policy = EASY, **seen: Any) -> ScheduleDecision:
    return next_starts(units_of(plan, capacity.token_budget), Observation(**seen), capacity, policy)


def started(decision: ScheduleDecision) -> list[str]:
    return [start.unit for start in decision.starts]


def names(decision: ScheduleDecision) -> dict[str, str]:
    return {task: refusal.name for task, refusal in decision.refusals.items()}


def some(*tasks: int | str) -> frozenset[TaskId]:
    return frozenset(ids(*tasks))


def at_work(*tasks: int | str) -> Mapping[TaskId, float]:
    return dict.fromkeys(ids(*tasks), 0.0)


@st.composite
def lists(draw: st.DrawFn) -> list[Task]:
    """Task lists of which some tasks have subtasks, some of these needing others'."""
    tasks = draw(task_lists(most=7))
    made = {task.id: task for task in tasks}
    for task in tasks:
        count = draw(st.integers(0, 3))
        parts = []
        for number in range(1, count + 1):
            siblings = [f"{task.id}.{other}" for other in range(1, number) if draw(st.booleans())]
            below = [made[need].subtasks for need in task.depends_on if made[need].subtasks]
            foreign = tuple(one[0].id for one in below if draw(st.booleans()))
            fields = {"estimate": draw(st.integers(1, 60)), "parallel_safe": draw(st.integers(0, 5)) > 0}
            parts.append(a_subtask(f"{task.id}.{number}", *siblings, foreign=foreign, **fields))
        lifted = {one.rpartition(".")[0] for part in parts for one in part.foreign}
        made[task.id] = msgspec.structs.replace(
            task, subtasks=tuple(parts), lifted=tuple(need for need in task.depends_on if need in lifted)
        )
    return list(made.values())


policies = st.builds(
    Policy,
    pipeline=st.booleans(),
    barrier=st.booleans(),
    overlap=st.sampled_from(["wait", "warn"]),
    independent_only=st.booleans(),
)
capacities = st.builds(
    Capacity,
    max_parallel=st.integers(1, 4),
    token_budget=st.none() | st.integers(1, 1000),
    stagger=st.sampled_from([0.0, 0.0, 90.0]),
)


@settings(max_examples=tries(40))
@given(lists(), capacities, policies, st.sampled_from(["single-pr", "multi-pr"]))
def test_everything_runs_once_after_what_it_needs_and_never_over_capacity(
    tasks: list[Task], capacity: Capacity, policy: Policy, strategy: str
) -> None:
    plan = a_plan(tasks, strategy=strategy)
    policy = msgspec.structs.replace(policy, whole_waves=strategy == "single-pr")
    units = units_of(plan, capacity.token_budget)
    told = predict(plan, units, capacity, policy)
    assert told.starts.keys() == units.by_id.keys(), told.never
    for id, unit in units.by_id.items():
        needs = [*unit.units, *(one for task in unit.tasks for one in units.of_task[task])]
        assert all(told.ends[need] <= told.starts[id] for need in needs)
    for moment in told.starts.values():
        running = [one for one in told.starts if told.starts[one] <= moment < told.ends[one]]
        assert len(running) <= capacity.max_parallel
        if capacity.token_budget is not None and len(running) > 1:
            assert sum(units.by_id[one].tokens for one in running) <= capacity.token_budget
        loners = [one for one in running if units.by_id[one].alone == "all"]
        assert not loners or len(running) == 1
        if policy.overlap == "wait":
            assert not any(units.clashes.get(one, frozenset()) & set(running) for one in running)
    if capacity.stagger:
        moments = sorted(told.starts.values())
        # The prediction counts in minutes.
        assert all(later - before >= 1.5 - 1e-9 for before, later in itertools.pairwise(moments))
    assert told.duration <= told.sequential + len(told.starts) * capacity.stagger / 60 + 1e-3


@settings(max_examples=tries(40))
@given(lists(), capacities, policies, st.data())
def test_something_starts_when_something_can_and_every_refusal_has_a_name(
    tasks: list[Task], capacity: Capacity, policy: Policy, data: st.DataObject
) -> None:
    plan = a_plan(tasks, strategy="multi-pr")
    units = units_of(plan, capacity.token_budget)
    everything = list(units.by_id)
    failed = data.draw(st.sets(st.sampled_from(everything), max_size=2))
    deferred = data.draw(st.sets(st.sampled_from(everything), max_size=2)) - failed
    done = frozenset[TaskId]()
    while True:
        whole = frozenset(task for task, parts in units.of_task.items() if done.issuperset(parts))
        seen = Observation(
            done=done,
            submitted=whole,
            landed=whole,
            failed=dict.fromkeys(failed, "it failed"),
            deferred=frozenset(deferred),
        )
        decision = next_starts(units, seen, capacity, policy)
        left = units.by_id.keys() - done
        assert left == {start.unit for start in decision.starts} | decision.refusals.keys()
        if not decision.starts:
            break
        done |= {start.unit for start in decision.starts}
    assert {refusal.name for refusal in decision.refusals.values()} <= {"failed", "blocked"}
    assert failed <= left


@given(task_lists(most=8, clashing=False))
def test_the_longest_chain_starts_first(tasks: list[Task]) -> None:
    plan = a_plan(tasks)
    units = units_of(plan)
    decision = next_starts(units, Observation(), Capacity(max_parallel=2), EASY)
    tails = [units.by_id[start.unit].tail for start in decision.starts]
    refused = [units.by_id[one].tail for one, refusal in decision.refusals.items() if refusal.name == "slots"]
    assert not refused or min(tails) >= max(refused)


def test_a_task_starts_when_its_own_dependencies_are_in_the_base_whatever_its_level() -> None:
    plan = a_plan([a_task(1), a_task(2), a_task(3, 1), a_task(4, 2, 3)], strategy="multi-pr")
    decision = decide(plan, done=some(1), submitted=some(1), landed=some(1), running=at_work(2))
    assert started(decision) == ["3"]
    assert decision.refusals[TaskId("4")].reason == "it needs tasks 2, 3 first"
    strict = decide(
        plan,
        policy=Policy(barrier=True),
        done=some(1),
        submitted=some(1),
        landed=some(1),
        running=at_work(2),
    )
    assert started(strict) == []
    assert names(strict)["3"] == "barrier"


def test_with_pipeline_handed_in_dependencies_are_enough_and_are_stacked_on() -> None:
    plan = a_plan([a_task(1), a_task(2, 1)], strategy="multi-pr")
    handed_in: dict[str, Any] = {"done": some(1), "submitted": some(1)}
    waiting = decide(plan, **handed_in)
    assert names(waiting) == {"2": "landing"}
    assert waiting.refusals[TaskId("2")].reason == "it needs task 1: submitted, and not landed yet"
    assert [
        (one.unit, one.stacked) for one in decide(plan, policy=Policy(pipeline=True), **handed_in).starts
    ] == [("2", True)]


def parents() -> list[Task]:
    one = a_task(1, subtasks=(a_subtask("1.1"), a_subtask("1.2"), a_subtask("1.3", "1.1", "1.2")))
    two = a_task(
        2,
        1,
        lifted=ids(1),
        subtasks=(a_subtask("2.1", foreign=ids("1.1")), a_subtask("2.2"), a_subtask("2.3", "2.2")),
    )
    return [one, two, a_task(3, 2)]


def test_subtasks_of_several_parents_run_together_and_wait_only_for_what_they_need() -> None:
    plan = a_plan(parents())
    first = decide(plan)
    assert sorted(started(first)) == ["1.1", "1.2", "2.2"]
    assert names(first) == dict.fromkeys(("1.3", "2.1", "2.3", "3"), "dependencies")
    then = decide(plan, done=some("1.1"), running=at_work("1.2", "2.2"))
    assert [(one.unit, one.stacked) for one in then.starts] == [("2.1", True)]


def test_what_needs_a_failed_task_is_blocked_by_name_and_the_others_go_on() -> None:
    plan = a_plan([a_task(1), a_task(2, 1), a_task(3, 2), a_task(4)])
    decision = decide(plan, failed={TaskId("1"): "its agent failed"})
    assert started(decision) == ["4"]
    assert names(decision) == {"1": "failed", "2": "blocked", "3": "blocked"}
    assert decision.refusals[TaskId("3")].reason == "it needs task 1, which failed"


def test_what_needs_a_cancelled_task_says_that_it_was_cancelled() -> None:
    decision = decide(a_plan([a_task(1), a_task(2, 1), a_task(3, 2)]), cancelled=some("1"))
    assert names(decision) == {"1": "cancelled", "2": "blocked", "3": "blocked"}
    assert decision.refusals[TaskId("3")].reason == "it needs task 1, which was cancelled"


CLASHING = [a_task(1, modifies=("a.py",), estimate=60), a_task(2, modifies=("*.py",)), a_task(3)]


@pytest.mark.parametrize("running", [True, False])
def test_a_task_that_says_it_touches_the_same_paths_waits_or_starts_with_a_warning(running: bool) -> None:
    plan = a_plan(CLASHING)
    seen: dict[str, Any] = {"running": at_work(1)} if running else {"done": some(1), "submitted": some(1)}
    waiting = decide(plan, **seen)
    assert (started(waiting), names(waiting)) == (["3"], {"2": "overlap"})
    warned = decide(plan, policy=Policy(overlap="warn"), **seen)
    assert "2" in started(warned)
    assert any(one.warnings for one in warned.starts if one.unit == "2")


def test_a_clash_that_was_seen_counts_like_a_declared_one() -> None:
    plan = a_plan([a_task(1), a_task(2)])
    seen = {TaskId("2"): some(1)}
    assert names(decide(plan, running=at_work(1), clashing=seen)) == {"2": "overlap"}


def test_no_task_waits_for_one_to_land_that_itself_waits_for_it() -> None:
    first = a_task(1, subtasks=(a_subtask("1.1"), a_subtask("1.2")))
    second = a_task(
        2, 1, lifted=ids(1), conflicts_with=ids(1), subtasks=(a_subtask("2.1", foreign=ids("1.1")),)
    )
    plan = a_plan([first, second], strategy="multi-pr")
    seen: dict[str, Any] = {"done": some("1.1", "2.1"), "submitted": some(2)}
    assert started(decide(plan, **seen)) == ["1.2"]


def test_alone_independent_only_paused_deferred_staggered_each_has_its_name() -> None:
    plan = a_plan([a_task(1, estimate=90, parallel_safe=False), a_task(2), a_task(3)])
    assert names(decide(plan)) == {"2": "alone", "3": "alone"}
    assert names(decide(plan, running=at_work(2))) == {"1": "alone", "3": "alone"}
    assert set(names(decide(plan, paused=True)).values()) == {"paused"}
    plain = a_plan([a_task(1), a_task(2)])
    assert names(decide(plain, policy=Policy(independent_only=True))) == {"2": "independent"}
    marked = a_plan([a_task(1, marked_safe=True), a_task(2, modifies=("a.py",)), a_task(3)])
    assert names(decide(marked, policy=Policy(independent_only=True))) == {"3": "independent"}
    assert names(decide(plain, deferred=some(1))) == {"1": "deferred"}
    later = decide(plain, Capacity(stagger=120.0), now=50.0, last_start=10.0)
    assert (set(names(later).values()), later.wake) == ({"stagger"}, 130.0)
    again = decide(plain, now=5.0, not_before={TaskId("1"): 9.0})
    assert (names(again), again.wake) == ({"1": "backoff"}, 9.0)


def test_tokens_memory_and_load_hold_back_all_but_one() -> None:
    plan = a_plan([a_task(1), a_task(2), a_task(3)], token_budget=90)
    for capacity, name in (
        (Capacity(token_budget=50), "tokens"),
        (Capacity(memory=10, memory_each=20), "memory"),
        (Capacity(load=2.0), "load"),
    ):
        decision = next_starts(units_of(plan, 90), Observation(), capacity, EASY)
        assert len(decision.starts) == 1
        assert set(names(decision).values()) == {name}


def seventeen() -> Plan:
    """Eleven tasks in a row, three side by side, three in a row; 12 to 14 have subtasks."""
    chain = [a_task(one, *([one - 1] if one > 1 else []), estimate=30) for one in range(1, 12)]
    below = {
        one: (
            a_subtask(f"{one}.1", estimate=10),
            a_subtask(f"{one}.2", estimate=10),
            a_subtask(f"{one}.3", f"{one}.1", f"{one}.2", estimate=10),
        )
        for one in (12, 13, 14)
    }
    middle = [a_task(one, 11, subtasks=below[one]) for one in (12, 13, 14)]
    return a_plan([*chain, *middle, a_task(15, 12, 13, 14), a_task(16, 15), a_task(17, 16)])


def test_the_prediction_counts_units_by_the_same_decisions() -> None:
    plan = seventeen()
    told: Prediction = predict(plan, units_of(plan), Capacity(max_parallel=4), EASY)
    assert told.sequential == 17 * 30
    # Nine subtasks of ten minutes on four workers: 4 + 3 + 2 side by side.
    assert told.duration == 14 * 30 + 30
    assert told.most == 4
    assert told.starts[TaskId("15")] == 11 * 30 + 30
    assert set(ids("12.1", "12.2", "13.1", "13.2")) == set(told.together()[11])
    assert predict(plan, units_of(plan), Capacity(), EASY, lands=False).never.keys() >= set(ids(2, 17))
