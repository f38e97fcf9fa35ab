"""Plans without anything but dependencies, played in one pass: the same as played by all the rules."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.critical_path import unit_times
from gitcoord.planning.simulate import simulate
from gitcoord.planning.unhindered import unhindered
from gitcoord.planning.units import network_of_units, units_of
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork, work_of
from gitcoord.tasks.model import Task
from tests.planning.lists import a_plan, a_subtask, a_task

MINUTES = st.sampled_from([None, 0.001, 1.0, 10.0, 30.0, 45.5])


@st.composite
def plain_lists(draw: st.DrawFn) -> list[Task]:
    count = draw(st.integers(1, 14))
    return [
        a_task(number, *draw(st.sets(st.integers(1, number - 1), max_size=3)), estimate=draw(MINUTES))
        if number > 1
        else a_task(number, estimate=draw(MINUTES))
        for number in range(1, count + 1)
    ]


def work_of_plan(tasks: list[Task], **levels: int) -> WorkNetwork:
    """Makes the work of the plan; tasks with `levels`, such as `task_2=1`, stay in those."""
    plan = a_plan(tasks)
    units = units_of(plan)
    tails = [unit.tail for unit in units.by_id.values()]
    planned = {
        id: msgspec.structs.replace(task, level=levels.get(f"task_{id}", task.level))
        for id, task in plan.tasks.items()
    }
    return work_of(planned, network_of_units(units), tails, units.apart)


@settings(max_examples=150)
@given(plain_lists(), st.integers(1, 4), st.booleans(), st.booleans(), st.booleans())
def test_the_course_is_that_of_all_the_rules(
    tasks: list[Task], slots: int, pipeline: bool, barrier: bool, waves: bool
) -> None:
    work = work_of_plan(tasks)
    rules = RunRules(slots=slots, pipeline=pipeline, barrier=barrier, waves=waves)
    found = simulate(work, rules)
    assert (unhindered(work, rules) is None) == (pipeline and barrier)
    every = simulate(work, rules, StartState())
    assert list(found.starts.items()) == list(every.starts.items())
    assert found == every


@given(plain_lists())
def test_the_times_of_tasks_without_subtasks_are_those_of_units_in_tasks(tasks: list[Task]) -> None:
    network = network_of_units(units_of(a_plan(tasks)))
    assert network.after is network.gates
    assert unit_times(network) == unit_times(msgspec.structs.replace(network, gates=list(network.gates)))


@pytest.mark.parametrize(
    "tasks",
    [
        [a_task(1, subtasks=(a_subtask("1.1"), a_subtask("1.2")))],
        [a_task(1, subtasks=(a_subtask("1.1"),)), a_task(2)],
        [a_task(1, modifies=("a",)), a_task(2, modifies=("a",))],
        [a_task(1, parallel_safe=False), a_task(2)],
    ],
)
def test_what_more_holds_back_is_left_to_all_the_rules(tasks: list[Task]) -> None:
    assert unhindered(work_of_plan(tasks), RunRules(slots=2)) is None


def test_tasks_that_stay_in_the_level_that_they_began_in_are_left_to_all_the_rules() -> None:
    work = work_of_plan([a_task(1), a_task(2, 1)])
    beside = work_of_plan([a_task(1), a_task(2, 1)], task_1=1)
    later = work_of_plan([a_task(1), a_task(2)], task_2=1)
    for rules in (RunRules(slots=2, barrier=True), RunRules(slots=2, waves=True)):
        assert unhindered(work, rules) is not None
        assert unhindered(beside, rules) is None
        assert unhindered(later, rules) is None
