"""Planning again: nothing moves that somebody works on, and nothing changes without a reason."""

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.tasks.model import ListedStatus, Task
from tests.planning.lists import a_plan, a_subtask, a_task, ids, marked, task_lists, waves_of

CHAIN = [a_task(1), a_task(2, 1), a_task(3, 2)]


@given(task_lists(most=20), st.data())
def test_planning_twice_with_unchanged_input_gives_an_equal_plan(
    tasks: list[Task], data: st.DataObject
) -> None:
    first = a_plan(tasks)
    assert a_plan(tasks, previous=first) == first
    under_way = data.draw(st.sets(st.sampled_from([task.id for task in tasks])))
    assert a_plan(tasks, previous=first, under_way=under_way) == first


@given(task_lists(most=15), task_lists(most=15), st.data())
def test_what_is_under_way_keeps_its_place_whatever_becomes_of_the_list(
    before: list[Task], after: list[Task], data: st.DataObject
) -> None:
    first = a_plan(before)
    under_way = data.draw(st.sets(st.sampled_from([task.id for task in before])))
    again = a_plan(after, previous=first, under_way=under_way, task_branch="other/{task}")
    for task in under_way & again.tasks.keys():
        kept, place = first.tasks[task], again.tasks[task]
        assert (place.level, place.wave, place.branch) == (kept.level, kept.wave, kept.branch)
        assert task in again.level_of(task).waves[place.wave - 1]
        assert again.level_of(task).branch == first.level_of(task).branch
    assert a_plan(after, previous=again, under_way=under_way, task_branch="other/{task}") == again


def test_levels_keep_their_numbers_after_work_has_landed() -> None:
    first = a_plan(CHAIN)
    done = marked(CHAIN, ListedStatus.DONE, 1)
    assert waves_of(a_plan(done)) == [[["2"]], [["3"]]]
    again = a_plan(done, previous=first)
    assert waves_of(again) == waves_of(first)
    assert again.satisfied == ids(1)


def test_a_new_task_behind_landed_work_gets_the_level_after_it() -> None:
    first = a_plan(CHAIN)
    again = a_plan(marked([*CHAIN, a_task(4, 1)], ListedStatus.DONE, 1), previous=first, under_way=ids(1))
    assert waves_of(again) == [[["1"]], [["2", "4"]], [["3"]]]


def test_a_task_that_is_not_under_way_moves_when_its_dependencies_change() -> None:
    first = a_plan(CHAIN)
    again = a_plan([a_task(1), a_task(2, 1), a_task(3)], previous=first, under_way=ids(1))
    assert waves_of(again) == [[["1", "3"]], [["2"]]]


def test_a_new_task_keeps_clear_of_the_wave_of_a_pinned_one_that_it_clashes_with() -> None:
    old = [a_task(1, modifies=("a.py",)), a_task(2, modifies=("a.py",))]
    first = a_plan(old)
    new = a_task(3, modifies=("a.py",), estimate=500)
    assert waves_of(a_plan([*old, new], previous=first)) == [[["3"], ["1"], ["2"]]]
    assert waves_of(a_plan([*old, new], previous=first, under_way=ids(1, 2))) == [[["1"], ["2"], ["3"]]]


def test_a_pinned_task_that_now_needs_a_later_one_stays_and_is_warned_about() -> None:
    first = a_plan([a_task(1), a_task(2)])
    again = a_plan([a_task(1, 2), a_task(2)], previous=first, under_way=ids(1))
    assert waves_of(again) == [[["1", "2"]]]
    assert [(warning.code, warning.task) for warning in again.warnings] == [("level-pinned", "1")]
    assert "stays there" in again.warnings[0].message


def test_work_under_way_that_the_list_has_lost_is_warned_about() -> None:
    first = a_plan([a_task(1), a_task(2)])
    again = a_plan([a_task(1)], previous=first, under_way=ids(2))
    assert list(again.tasks) == list(ids(1))
    assert [(warning.code, warning.task) for warning in again.warnings] == [("under-way-gone", "2")]


def test_a_lost_task_that_nobody_works_on_just_goes() -> None:
    assert a_plan([a_task(1)], previous=a_plan([a_task(1), a_task(2)])).warnings == ()


def test_levels_without_tasks_leave_a_gap_rather_than_move_the_others() -> None:
    first = a_plan(CHAIN)
    again = a_plan([a_task(2), a_task(3, 2)], previous=first, under_way=ids(2))
    assert [(level.name, level.tasks) for level in again.levels] == [("level-1", ids(2)), ("level-2", ids(3))]
    assert again.level_of(ids(3)[0]).branch == "feature/level-2-implementation"


def test_new_branch_patterns_are_for_what_nobody_works_on() -> None:
    first = a_plan(CHAIN)
    patterns = {"task_branch": "work/{task}", "level_branch": "together/{level}"}
    again = a_plan(CHAIN, previous=first, under_way=ids(1), **patterns)
    assert [task.branch for task in again.tasks.values()] == ["feature/level-0-task-1", "work/2", "work/3"]
    assert [level.branch for level in again.levels] == [
        "feature/level-0-implementation",
        "together/1",
        "together/2",
    ]


def test_planning_again_after_work_is_done_moves_nothing_that_only_a_subtask_makes_wait() -> None:
    below = (a_subtask("2.7", foreign=ids(1)),)
    tasks = [a_task(1), a_task(2, 1, lifted=ids(1), subtasks=below), a_task(3, 1)]
    first = a_plan(tasks)
    done = marked(tasks, ListedStatus.DONE, 1)
    again = a_plan(done, previous=first)
    assert (
        waves_of(first)
        == waves_of(again)
        == waves_of(a_plan(done, everything=True))
        == [[["1"]], [["2", "3"]]]
    )
    assert [task.branch for task in again.tasks.values()] == [task.branch for task in first.tasks.values()]
    assert waves_of(a_plan(done)) == [[["2", "3"]]]


def test_what_is_settled_holds_up_only_what_waited_for_it_before() -> None:
    settled = {"lifted": ids(1), "settled": ids(1)}
    first = a_plan([a_task(1), a_task(2, 1, lifted=ids(1))])
    now = [a_task(1), a_task(2, 1, **settled), a_task(3, 1, **settled)]
    assert waves_of(a_plan(now)) == [[["1", "2", "3"]]]
    again = a_plan(now, previous=first)
    assert waves_of(again) == [[["1", "3"]], [["2"]]]
    assert a_plan(now, previous=again) == again
    assert waves_of(a_plan(now, everything=True)) == [[["1"]], [["2", "3"]]]
