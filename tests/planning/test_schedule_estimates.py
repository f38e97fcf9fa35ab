"""The schedules: what they must respect, how they compare, and that they are those of a run."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.declared_conflicts import find_clashes
from gitcoord.planning.model import Plan, Schedule
from gitcoord.planning.waves import footprint
from gitcoord.tasks.model import Task
from tests.planning.lists import a_plan, a_subtask, a_task, ids, task_lists
from tests.support.laws import tries

SLOTS = st.integers(1, 5)


def span(plan: Plan, schedule: Schedule, task: str) -> tuple[float, float]:
    start = {str(id): at for id, at in schedule.starts.items()}[task]
    return start, start + {str(id): planned.estimate for id, planned in plan.tasks.items()}[task]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] - 1e-5 and other[0] < one[1] - 1e-5


@settings(max_examples=tries(40))
@given(task_lists(), SLOTS, st.sampled_from(["single-pr", "multi-pr"]))
def test_no_schedule_runs_more_at_once_than_it_may_or_starts_before_dependencies_are_done(
    tasks: list[Task], slots: int, strategy: str
) -> None:
    plan = a_plan(tasks, max_parallel=slots, strategy=strategy)
    found = plan.schedules
    by_id = {task.id: task for task in tasks}
    for schedule, workers in (
        (found.sequential, 1),
        (found.level_barrier, slots),
        (found.no_barrier, slots),
        (found.pipeline, slots),
    ):
        spans = {task: span(plan, schedule, task) for task in plan.tasks}
        assert max(end for _, end in spans.values()) == pytest.approx(schedule.duration, abs=1e-5)
        for task, planned in plan.tasks.items():
            assert all(spans[need][1] <= spans[task][0] + 1e-5 for need in planned.depends_on)
            running = [other for other in spans.values() if other[0] <= spans[task][0] < other[1] - 1e-5]
            assert len(running) <= workers
        assert schedule.efficiency <= schedule.parallel_efficiency <= 1 + 1e-6
        assert schedule.speedup == pytest.approx(found.sequential.duration / schedule.duration)
        assert schedule.duration <= found.sequential.duration + 1e-5
    for level in plan.levels:
        clashes = find_clashes([footprint(by_id[task]) for task in level.tasks])
        apart = [*clashes.sets, *({loner, other} for loner in clashes.alone for other in level.tasks)]
        for schedule in (found.level_barrier, found.no_barrier, found.pipeline):
            for clash in apart:
                spans = {task: span(plan, schedule, task) for task in clash}
                between = list(spans.values())
                assert not any(overlap(one, other) for n, one in enumerate(between) for other in between[:n])


@settings(max_examples=tries(40))
@given(task_lists(clashing=False))
def test_with_enough_workers_and_no_clashes_the_critical_path_is_the_duration(tasks: list[Task]) -> None:
    plan = a_plan(tasks, max_parallel=len(tasks), strategy="multi-pr")
    length = sum(plan.tasks[task].estimate for task in plan.critical_path)
    found = plan.schedules
    assert length == pytest.approx(plan.critical_minutes)
    assert found.no_barrier.duration == pytest.approx(length)
    whole = a_plan(tasks, max_parallel=len(tasks)).schedules
    assert whole.pipeline.duration == pytest.approx(length)
    assert length <= whole.no_barrier.duration + 1e-5
    assert whole.no_barrier.duration <= whole.level_barrier.duration + 1e-5


def test_by_hand_a_barrier_costs_what_the_longest_of_a_level_makes_the_others_wait() -> None:
    # 1 (60) and 2 (10) first; 3 (50) needs only 2, so without the barrier it fills the hole.
    tasks = [a_task(1, estimate=60), a_task(2, estimate=10), a_task(3, 2, estimate=50)]
    found = a_plan(tasks, max_parallel=2, strategy="multi-pr").schedules
    assert (found.sequential.duration, found.sequential.efficiency) == (120, 1)
    assert (found.level_barrier.duration, found.no_barrier.duration) == (110, 60)
    assert (found.no_barrier.speedup, found.no_barrier.efficiency) == (2, 1)


def test_where_waves_land_as_a_whole_only_a_pipeline_does_not_wait_for_them() -> None:
    tasks = [a_task(1, estimate=60), a_task(2, estimate=10), a_task(3, 2, estimate=50)]
    found = a_plan(tasks, max_parallel=2, strategy="single-pr").schedules
    assert (found.no_barrier.duration, found.pipeline.duration) == (110, 60)


def test_by_hand_the_longest_chain_starts_first_when_workers_are_few() -> None:
    tasks = [a_task(1, estimate=10), a_task(2, estimate=10), a_task(3, 2, estimate=60)]
    found = a_plan(tasks, max_parallel=1, strategy="multi-pr").schedules.no_barrier
    assert [found.starts[task.id] for task in tasks] == [70, 0, 10]


def test_a_wave_is_a_barrier_for_the_next_one_of_its_level() -> None:
    tasks = [
        a_task(1, estimate=40, modifies=("a.py",)),
        a_task(2, estimate=20, modifies=("a.py",)),
        a_task(3, estimate=90),
    ]
    found = a_plan(tasks, strategy="multi-pr").schedules
    assert found.level_barrier.starts == {"3": 0, "1": 0, "2": 90}
    assert found.no_barrier.starts == {"3": 0, "1": 0, "2": 40}


def in_waves(task: int, *waves: int, first: tuple[str, ...] = (), last: tuple[str, ...] = ()) -> Task:
    """A task whose subtasks of ten minutes come in waves of these sizes."""
    parts: list[Any] = []
    before: list[str] = []
    for place, size in enumerate(waves):
        names = [f"{task}.{len(parts) + number}" for number in range(1, size + 1)]
        foreign = first if place == 0 else last if place == 1 else ()
        parts += [a_subtask(name, *before, estimate=10, foreign=ids(*foreign)) for name in names]
        before = names
    needs = dict.fromkeys((*first, *last))
    return a_task(task, *needs, lifted=ids(*needs), subtasks=tuple(parts))


def three_parents(**fifth: tuple[str, ...]) -> Plan:
    from msgspec.structs import replace

    third, fourth, last = in_waves(3, 6, 2, 2), in_waves(4, 3, 2, 1), in_waves(5, 3, 2, 1, **fifth)
    fourth = replace(fourth, depends_on=ids(3))
    last = last if fifth else replace(last, depends_on=ids(4))
    return a_plan([third, fourth, last], max_parallel=10)


def test_three_parents_take_as_long_as_the_waves_of_their_subtasks() -> None:
    plan = three_parents()
    assert {str(id): (task.estimate, task.duration) for id, task in plan.tasks.items()} == {
        "3": (100, 30),
        "4": (60, 30),
        "5": (60, 30),
    }
    found = plan.schedules
    assert (found.sequential.duration, plan.critical_minutes) == (220, 90)
    assert [one.duration for one in (found.level_barrier, found.no_barrier, found.pipeline)] == [90, 90, 90]
    assert round(found.no_barrier.speedup, 2) == 2.44
    assert (found.no_barrier.efficiency, found.no_barrier.most) == (0.244444, 6)
    assert found.no_barrier.parallel_efficiency == pytest.approx(220 / 90 / 6, abs=1e-6)
    assert plan.critical_path == ids(3, 4, 5)
    assert len(plan.critical_units) == 9


def test_subtasks_that_need_only_an_earlier_task_run_beside_the_one_between() -> None:
    plan = three_parents(first=("3",), last=("4",))
    found = plan.schedules
    assert (found.level_barrier.duration, found.no_barrier.duration, plan.critical_minutes) == (90, 80, 80)
    fifth = plan.tasks[ids(5)[0]]
    assert (fifth.earliest_start, fifth.slack, fifth.critical) == (30, 0, True)
    assert [(part.earliest_start, part.slack) for part in fifth.subtasks[:4]] == [(30, 20)] * 3 + [(60, 0)]


def test_what_needs_a_parent_waits_by_default_until_that_has_landed_after_what_it_needs() -> None:
    slow = a_task(1, subtasks=(a_subtask("1.1", estimate=10), a_subtask("1.2", "1.1", estimate=40)))
    quick = a_task(2, 1, lifted=ids(1), subtasks=(a_subtask("2.1", estimate=30, foreign=ids("1.1")),))
    for strategy in ("multi-pr", "single-pr"):
        plan = a_plan([slow, quick, a_task(3, 2, estimate=30)], strategy=strategy)
        found = plan.schedules
        assert (found.no_barrier.duration, found.pipeline.duration) == (80, 70)
        assert plan.critical_minutes == 80
