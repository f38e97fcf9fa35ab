"""Waves and landing order of tasks that clash."""

from collections.abc import Collection, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.order import Arrangement, Candidate, arrange, natural_key
from gitcoord.tasks.model import TaskId
from tests.planning.lists import ids


def candidate(id: int | str, weight: float = 30, **fields: object) -> Candidate:
    return Candidate(id=TaskId(str(id)), weight=weight, **{"priority": weight, **fields})  # type: ignore[arg-type]


def pairs(*clashes: tuple[int, ...]) -> list[frozenset[TaskId]]:
    return [frozenset(ids(*clash)) for clash in clashes]


def wave_numbers(arrangement: Arrangement) -> dict[TaskId, int]:
    return {task: number for number, wave in enumerate(arrangement.waves) for task in wave}


def is_sound(
    waves: dict[TaskId, int], tasks: Sequence[Candidate], clashes: Collection[frozenset[TaskId]]
) -> bool:
    loners = [task.id for task in tasks if task.alone]
    return (
        all(len({waves[task] for task in clash}) == len(clash) for clash in clashes)
        and all(waves[need] < waves[task.id] for task in tasks for need in task.after)
        and all(waves[task.id] != waves[loner] for task in tasks for loner in loners if task.id != loner)
    )


@st.composite
def puzzles(draw: st.DrawFn, most: int) -> tuple[list[Candidate], list[frozenset[TaskId]]]:
    count = draw(st.integers(1, most))
    tasks = [
        candidate(
            number,
            draw(st.integers(1, 5)),
            priority=draw(st.integers(1, 5)),
            after=ids(*draw(st.lists(st.integers(0, number - 1), unique=True, max_size=1))) if number else (),
            alone=draw(st.integers(0, 7)) == 0,
        )
        for number in range(count)
    ]
    members = st.lists(st.integers(0, count - 1), unique=True, min_size=2, max_size=3)
    clashes = draw(st.lists(members, max_size=2 * count)) if count > 1 else []
    return tasks, pairs(*map(tuple, clashes))


@given(puzzles(most=40))
def test_no_two_clashing_tasks_share_a_wave_and_none_precedes_what_it_needs(
    puzzle: tuple[list[Candidate], list[frozenset[TaskId]]],
) -> None:
    tasks, clashes = puzzle
    arrangement = arrange(tasks, clashes)
    assert sorted(arrangement.landing_order) == sorted(task.id for task in tasks)
    assert [task for wave in arrangement.waves for task in wave] == list(arrangement.landing_order)
    assert all(arrangement.waves)
    assert is_sound(wave_numbers(arrangement), tasks, clashes)


@given(puzzles(most=5))
def test_a_few_tasks_get_the_fewest_waves_there_are(
    puzzle: tuple[list[Candidate], list[frozenset[TaskId]]],
) -> None:
    tasks, clashes = puzzle
    fewest = min(
        1 + max(numbers)
        for numbers in product(range(len(tasks)), repeat=len(tasks))
        if is_sound(dict(zip((task.id for task in tasks), numbers, strict=True)), tasks, clashes)
    )
    assert len(arrange(tasks, clashes).waves) == fewest


@given(puzzles(most=16), st.randoms(use_true_random=False))
def test_the_order_in_which_tasks_and_clashes_are_given_does_not_matter(
    puzzle: tuple[list[Candidate], list[frozenset[TaskId]]], dice: object
) -> None:
    tasks, clashes = puzzle
    expected = arrange(tasks, clashes)
    dice.shuffle(tasks)  # type: ignore[attr-defined]
    dice.shuffle(clashes)  # type: ignore[attr-defined]
    assert arrange(tasks, clashes) == expected


def test_tasks_that_do_not_clash_go_together_and_land_critical_first_then_by_work_then_by_id() -> None:
    tasks = [
        candidate("10", 20, priority=50),
        candidate("9", 20, priority=50),
        candidate("3", 30, priority=50),
        candidate("7", 5, priority=80),
    ]
    assert arrange(tasks, []).waves == (ids(7, 3, 9, 10),)


def test_of_two_clashing_tasks_the_critical_one_goes_first() -> None:
    tasks = [candidate(1, 60, priority=60), candidate(2, 10, priority=90)]
    assert arrange(tasks, pairs((1, 2))).waves == (ids(2), ids(1))


def test_a_task_planned_for_an_earlier_wave_goes_first_although_it_is_less_work() -> None:
    tasks = [candidate(1, 60, wave=2), candidate(2, 10, wave=1)]
    assert arrange(tasks, pairs((1, 2))).waves == (ids(2), ids(1))


def test_a_fixed_task_keeps_its_wave_and_the_others_keep_clear_of_it() -> None:
    tasks = [candidate(1, 10, wave=1, fixed=True), candidate(2, 60), candidate(3, 90)]
    assert arrange(tasks, pairs((1, 2), (2, 3))).waves == (ids(3, 1), ids(2))


def test_tasks_outside_the_arrangement_count_as_settled() -> None:
    assert arrange([candidate(1, after=ids(99))], pairs((1, 98))).waves == (ids(1),)


def test_a_crown_of_clashes_takes_two_waves_where_first_fit_takes_six() -> None:
    # Task i clashes with every j' but i': the trap of greedy colouring when i and i' come in pairs.
    size = 6
    tasks = [candidate(f"{number}{side}", 2 * (size - number)) for number in range(size) for side in "ab"]
    clashes = [
        frozenset(ids(f"{one}a", f"{other}b")) for one in range(size) for other in range(size) if one != other
    ]
    assert len(arrange(tasks, clashes).waves) == 2


def test_many_entangled_tasks_get_fewer_waves_than_first_fit_gives_them() -> None:
    size = 12
    tasks = [candidate(f"{number}{side}", 2 * (size - number)) for number in range(size) for side in "ab"]
    clashes = [
        frozenset(ids(f"{one}a", f"{other}b")) for one in range(size) for other in range(size) if one != other
    ]
    assert len(arrange(tasks, clashes).waves) <= 3


def test_tasks_that_wait_for_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        arrange([candidate(1, after=ids(2)), candidate(2, after=ids(1))], [])


def test_nothing_to_arrange_gives_no_waves() -> None:
    assert arrange([], []) == Arrangement(waves=(), landing_order=())


def test_ids_sort_by_their_numbers() -> None:
    names = ["task-10", "10", "9", "task-9", "2.10", "2.9", "01", "1", "x" * 3, "9" * 5000]
    assert sorted(names, key=natural_key)[:7] == ["01", "1", "2.9", "2.10", "9", "10", "9" * 5000]
    assert sorted(names, key=natural_key)[7:] == ["task-9", "task-10", "xxx"]
