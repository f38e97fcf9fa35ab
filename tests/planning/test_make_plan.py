"""Whole plans: the cases that the README shows, seventeen tasks by hand, and laws for any list."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.errors import GitcoordError
from gitcoord.planning.model import Plan
from gitcoord.planning.waves import capped_waves
from gitcoord.tasks.model import Finding, ListedStatus, Task, TaskId, TaskList
from tests.planning.lists import a_plan, a_subtask, a_task, ids, marked, task_lists, waves_of


def test_two_independent_tasks_are_one_level_and_one_wave() -> None:
    plan = a_plan([a_task(1), a_task(2)])
    assert waves_of(plan) == [[["1", "2"]]]
    assert [level.name for level in plan.levels] == ["level-0"]
    assert plan.schedules.no_barrier.duration == 30


def test_a_diamond_is_three_levels() -> None:
    plan = a_plan([a_task(1), a_task(2, 1), a_task(3, 1), a_task(4, 2, 3)])
    assert waves_of(plan) == [[["1"]], [["2", "3"]], [["4"]]]
    assert [(chance.depends_on, chance.tasks) for chance in plan.opportunities] == [(ids(1), ids(2, 3))]


def test_two_tasks_that_will_change_the_same_file_are_two_waves_of_one_level() -> None:
    plan = a_plan([a_task(1, modifies=("src/main.rs",)), a_task(2, modifies=("src/**",))])
    assert waves_of(plan) == [[["1"], ["2"]]]
    assert [plan.tasks[task].wave for task in ids(1, 2)] == [1, 2]


def seventeen() -> list[Task]:
    chain = [a_task(number, *([number - 1] if number > 1 else []), estimate=30) for number in range(1, 12)]
    middle = [a_task(12, 11, estimate=30), a_task(13, 11, estimate=35), a_task(14, 11, estimate=30)]
    end = [a_task(15, 12, 13, 14, estimate=30), a_task(16, 15, estimate=30), a_task(17, 16, estimate=30)]
    return [*chain, *middle, *end]


def test_seventeen_tasks_come_out_as_computed_by_hand() -> None:
    plan = a_plan(seventeen())
    assert waves_of(plan)[11] == [["13", "12", "14"]]
    assert len(plan.levels) == 15
    assert [plan.tasks[task].slack for task in ids(12, 13, 14)] == [5, 0, 5]
    assert plan.critical_path == ids(*range(1, 12), 13, 15, 16, 17)
    assert [task.critical for task in plan.tasks.values()].count(True) == 15
    assert [plan.tasks[task].earliest_start for task in ids(11, 12, 13, 15, 17)] == [300, 330, 330, 365, 425]
    assert [plan.tasks[task].latest_start for task in ids(12, 13, 14)] == [335, 330, 335]
    assert plan.schedules.sequential.duration == 515
    assert plan.schedules.level_barrier.duration == plan.schedules.no_barrier.duration == 455
    assert plan.schedules.no_barrier.speedup == pytest.approx(515 / 455, abs=1e-6)
    assert plan.opportunities[0].tasks == ids(12, 13, 14)


@given(task_lists())
def test_every_dependency_is_in_an_earlier_level_and_levels_are_as_low_as_that_allows(
    tasks: list[Task],
) -> None:
    plan = a_plan(tasks)
    for task in plan.tasks.values():
        assert task.level == 1 + max((plan.tasks[need].level for need in task.depends_on), default=-1)


@given(task_lists())
def test_every_task_is_in_one_wave_of_one_level_and_on_a_branch_of_its_own(tasks: list[Task]) -> None:
    plan = a_plan(tasks)
    placed = [task for level in plan.levels for wave in level.waves for task in wave]
    assert sorted(placed) == sorted(task.id for task in tasks)
    assert list(plan.tasks) == placed
    for level in plan.levels:
        assert list(level.tasks) == [task for wave in level.waves for task in wave]
        for number, wave in enumerate(level.waves, start=1):
            assert {(plan.tasks[task].level, plan.tasks[task].wave) for task in wave} == {
                (level.number, number)
            }
    assert len({task.branch for task in plan.tasks.values()}) == len(tasks)


@given(task_lists())
def test_members_of_a_wave_do_not_clash(tasks: list[Task]) -> None:
    plan = a_plan(tasks)
    by_id = {task.id: task for task in tasks}
    for level in plan.levels:
        for wave in level.waves:
            members = [by_id[task] for task in wave]
            assert len(wave) == 1 or all(task.parallel_safe for task in members)
            assert not {other for task in members for other in task.conflicts_with if other != task.id} & {
                task.id for task in members
            }
            named = [glob for task in members for glob in task.modifies]
            assert len(named) == len(set(named))


@given(task_lists())
def test_a_plan_survives_being_stored(tasks: list[Task]) -> None:
    plan = a_plan(tasks, token_budget=1000)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_done_and_cancelled_tasks_are_left_out_and_satisfy_the_others() -> None:
    tasks = marked([a_task(1), a_task(2), a_task(3, 1, 2), a_task(4, 3)], ListedStatus.DONE, 1)
    tasks = marked(tasks, ListedStatus.CANCELLED, 2)
    plan = a_plan(tasks)
    assert waves_of(plan) == [[["3"]], [["4"]]]
    assert plan.satisfied == ids(1, 2)
    assert plan.tasks[ids(3)[0]].depends_on == ids(1, 2)


def test_cancelled_tasks_can_be_work_that_others_wait_for() -> None:
    tasks = marked([a_task(1), a_task(2, 1)], ListedStatus.CANCELLED, 1)
    assert waves_of(a_plan(tasks, cancelled_satisfies=False)) == [[["1"]], [["2"]]]


def test_everything_is_planned_when_asked_for() -> None:
    tasks = marked([a_task(1), a_task(2, 1)], ListedStatus.DONE, 1, 2)
    assert a_plan(tasks).levels == ()
    assert waves_of(a_plan(tasks, everything=True)) == [[["1"]], [["2"]]]


def test_a_list_with_nothing_left_gives_an_empty_plan() -> None:
    plan = a_plan([])
    assert (plan.levels, plan.tasks, plan.critical_path, plan.opportunities) == ((), {}, (), ())
    assert (plan.schedules.no_barrier.duration, plan.schedules.no_barrier.speedup) == (0, 1)


def test_subtasks_have_waves_by_what_they_need_and_touch() -> None:
    subtasks = (
        a_subtask("1.1", status=ListedStatus.DONE),
        a_subtask("1.2", "1.1", modifies=("a.py",)),
        a_subtask("1.3", "1.1", modifies=("a.py",)),
        a_subtask("1.4", "1.2"),
        a_subtask("1.5", parallel_safe=False),
    )
    plan = a_plan([a_task(1, subtasks=subtasks)])
    planned = plan.tasks[ids(1)[0]]
    assert planned.subtask_waves == (ids("1.2"), ids("1.4", "1.3"), ids("1.5"))
    assert planned.estimate == 120
    assert list(planned.subtask_titles) == list(ids("1.2", "1.3", "1.4", "1.5"))
    assert [(one.id, one.wave, one.depends_on) for one in planned.subtasks] == [
        ("1.2", 1, ()),
        ("1.4", 2, ("1.2",)),
        ("1.3", 2, ()),
        ("1.5", 3, ()),
    ]


def test_what_subtasks_will_touch_keeps_their_parents_apart() -> None:
    one = a_task(1, subtasks=(a_subtask("1.1", modifies=("src/main.rs",)),))
    assert waves_of(a_plan([one, a_task(2, modifies=("src/main.rs",))])) == [[["1"], ["2"]]]


def test_the_wave_is_not_limited_by_how_many_may_run_at_once() -> None:
    plan = a_plan([a_task(number) for number in range(5)], max_parallel=2)
    assert len(plan.levels[0].waves) == 1
    assert plan.schedules.no_barrier.duration == 90


def test_five_thousand_tasks_of_one_level_and_a_chain_of_ten_thousand_are_planned() -> None:
    wide = a_plan([a_task(number, modifies=(f"src/{number}.py", "docs/")) for number in range(5000)])
    assert (len(wide.levels), len(wide.levels[0].waves)) == (1, 5000)
    deep = a_plan([a_task(number, *([number - 1] if number else [])) for number in range(10_000)])
    assert len(deep.levels) == 10_000


def test_more_globs_than_can_be_compared_count_as_meeting_and_the_plan_says_so() -> None:
    plan = a_plan([a_task(number, modifies=(f"*{number}*",)) for number in range(700)])
    assert len(plan.levels[0].waves) == 700
    assert [warning.code for warning in plan.warnings] == ["globs-not-compared"]


def test_the_list_s_warnings_are_the_plan_s() -> None:
    from gitcoord.planning.make_plan import build_plan

    warning = Finding(code="unknown-status", message="Task 1 has the status todo.", task=ids(1)[0])
    plan = build_plan(
        TaskList(tag="master", tasks=(a_task(1),), warnings=(warning,)),
        base="main",
        strategy="multi-pr",
        max_parallel=1,
        task_branch="t/{task}",
        level_branch="l/{level}",
    )
    assert plan.warnings == (warning,)


def test_a_circle_is_refused() -> None:
    with pytest.raises(GitcoordError, match="in a cycle"):
        a_plan([a_task(1, 2), a_task(2, 1)])


@given(task_lists(), st.integers(1, 5))
def test_waves_in_parts_hold_everything_once_and_no_more_than_the_cap(tasks: list[Task], most: int) -> None:
    plan = a_plan(tasks, max_parallel=most)
    parts = capped_waves(plan)
    assert all(0 < len(part) <= most for part in parts)
    place = {task: number for number, part in enumerate(parts) for task in part}
    assert len(place) == sum(map(len, parts)) == len(plan.tasks)
    for one in plan.tasks.values():
        for other in plan.tasks.values():
            if (one.level, one.wave) < (other.level, other.wave):
                assert place[one.id] < place[other.id]


@pytest.mark.parametrize(
    "hint",
    [
        {"modifies": ("src/**",)},
        {"parallel_safe": False},
        {"marked_safe": True},
        {"conflicts_with": ids(2)},
        {"repo": "api"},
        {"repositories": ("api",)},
        {"lifted": ids(2)},
    ],
    ids=lambda hint: next(iter(hint)),
)
def test_the_plan_has_each_hint_of_a_task_that_has_no_other(hint: dict[str, Any]) -> None:
    planned = a_plan([a_task(1, 2, **hint), a_task(2)]).tasks[TaskId("1")]
    assert {name: getattr(planned, name) for name in hint} == hint
