"""The three schedules: what they must respect, and how they compare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.clashes import find_clashes
from gitcoord.planning.model import Plan, Schedule
from gitcoord.planning.waves import footprint
from gitcoord.tasks.model import Task
from tests.planning.lists import a_plan, a_task, task_lists

SLOTS = st.integers(1, 5)


def span(plan: Plan, schedule: Schedule, task: str) -> tuple[float, float]:
    start = {str(id): at for id, at in schedule.starts.items()}[task]
    return start, start + {str(id): planned.estimate for id, planned in plan.tasks.items()}[task]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] - 1e-5 and other[0] < one[1] - 1e-5


@given(task_lists(), SLOTS)
def test_no_schedule_runs_more_at_once_than_it_may_or_starts_before_dependencies_are_done(
    tasks: list[Task], slots: int
) -> None:
    plan = a_plan(tasks, max_parallel=slots)
    for schedule, workers in (
        (plan.schedules.sequential, 1),
        (plan.schedules.level_barrier, slots),
        (plan.schedules.no_barrier, slots),
    ):
        spans = {task: span(plan, schedule, task) for task in plan.tasks}
        assert max(end for _, end in spans.values()) == pytest.approx(schedule.duration, abs=1e-5)
        for task, planned in plan.tasks.items():
            assert all(spans[need][1] <= spans[task][0] + 1e-5 for need in planned.depends_on)
            running = [other for other in spans.values() if other[0] <= spans[task][0] < other[1] - 1e-5]
            assert len(running) <= workers
        assert schedule.efficiency <= 1 + 1e-6
        assert schedule.speedup == pytest.approx(plan.schedules.sequential.duration / schedule.duration)


@given(task_lists(), SLOTS)
def test_tasks_of_one_level_that_clash_never_run_at_once(tasks: list[Task], slots: int) -> None:
    plan = a_plan(tasks, max_parallel=slots)
    by_id = {task.id: task for task in tasks}
    for level in plan.levels:
        clashes = find_clashes([footprint(by_id[task]) for task in level.tasks])
        apart = [*clashes.sets, *({loner, other} for loner in clashes.alone for other in level.tasks)]
        for schedule in (plan.schedules.level_barrier, plan.schedules.no_barrier):
            for clash in apart:
                spans = [span(plan, schedule, task) for task in clash]
                assert not any(overlap(one, other) for n, one in enumerate(spans) for other in spans[:n])


@given(task_lists(), SLOTS)
def test_waiting_less_never_takes_longer(tasks: list[Task], slots: int) -> None:
    found = a_plan(tasks, max_parallel=slots).schedules
    assert found.no_barrier.duration <= found.level_barrier.duration + 1e-5
    assert found.level_barrier.duration <= found.sequential.duration + 1e-5


@given(task_lists(clashing=False))
def test_with_enough_workers_and_no_clashes_the_critical_path_is_the_duration(tasks: list[Task]) -> None:
    plan = a_plan(tasks, max_parallel=len(tasks))
    length = sum(plan.tasks[task].estimate for task in plan.critical_path)
    assert plan.schedules.no_barrier.duration == pytest.approx(length)


def test_by_hand_a_barrier_costs_what_the_longest_of_a_level_makes_the_others_wait() -> None:
    # 1 (60) and 2 (10) first; 3 (50) needs only 2, so without the barrier it fills the hole.
    tasks = [a_task(1, estimate=60), a_task(2, estimate=10), a_task(3, 2, estimate=50)]
    found = a_plan(tasks, max_parallel=2).schedules
    assert (found.sequential.duration, found.sequential.efficiency) == (120, 1)
    assert (found.level_barrier.duration, found.no_barrier.duration) == (110, 60)
    assert (found.no_barrier.speedup, found.no_barrier.efficiency) == (2, 1)


def test_by_hand_the_longest_chain_starts_first_when_workers_are_few() -> None:
    tasks = [a_task(1, estimate=10), a_task(2, estimate=10), a_task(3, 2, estimate=60)]
    found = a_plan(tasks, max_parallel=1).schedules.no_barrier
    assert [found.starts[task.id] for task in tasks] == [70, 0, 10]


def test_a_wave_is_a_barrier_for_the_next_one_of_its_level() -> None:
    tasks = [
        a_task(1, estimate=40, modifies=("a.py",)),
        a_task(2, estimate=20, modifies=("a.py",)),
        a_task(3, estimate=90),
    ]
    found = a_plan(tasks).schedules
    assert found.level_barrier.starts == {"3": 0, "1": 0, "2": 90}
    assert found.no_barrier.starts == {"3": 0, "1": 0, "2": 40}
