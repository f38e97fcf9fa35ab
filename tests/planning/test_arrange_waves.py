"""Waves and landing order of tasks that clash."""

import random
from collections.abc import Collection, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.natural_order import natural_key
from gitcoord.planning.arrange_waves import Arrangement, Candidate, arrange
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


@settings(deadline=None)
@given(puzzles(most=40), st.integers(0, 4))
def test_no_two_clashing_tasks_share_a_wave_and_none_precedes_what_it_needs(
    puzzle: tuple[list[Candidate], list[frozenset[TaskId]]], most: int
) -> None:
    tasks, clashes = puzzle
    arrangement = arrange(tasks, clashes, most=most or None)
    assert len(arrangement.waves) >= arrangement.at_least > 0
    assert max(map(len, arrangement.waves)) <= (most or len(tasks))
    assert sorted(arrangement.landing_order) == sorted(task.id for task in tasks)
    assert [task for wave in arrangement.waves for task in wave] == list(arrangement.landing_order)
    assert all(arrangement.waves)
    assert is_sound(wave_numbers(arrangement), tasks, clashes)


@settings(deadline=None)
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
    arrangement = arrange(tasks, clashes)
    assert len(arrangement.waves) == arrangement.at_least == fewest


@settings(deadline=None)
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
    size = 30
    tasks = [candidate(f"{number}{side}", 2 * (size - number)) for number in range(size) for side in "ab"]
    clashes = [
        frozenset(ids(f"{one}a", f"{other}b")) for one in range(size) for other in range(size) if one != other
    ]
    assert len(arrange(tasks, clashes).waves) == 2


def test_twenty_tasks_get_the_fewest_waves_with_the_proof_that_there_are_no_fewer() -> None:
    # Mycielski's graphs: no three of the tasks all clash, and yet every round takes one wave more.
    for rounds, fewest in ((1, 3), (2, 4), (3, 5)):
        clashes = mycielski(rounds)
        tasks = [candidate(number) for number in range(1 + max(map(max, clashes)))]
        arrangement = arrange(tasks, pairs(*clashes))
        assert len(arrangement.waves) == arrangement.at_least == fewest


def test_a_hundred_tasks_get_as_few_waves_as_they_were_made_for() -> None:
    # Ten waves of ten, each task in the way of one member of every other wave, so that ten are needed.
    dice = random.Random(3)
    clashes = {
        frozenset(ids(10 * wave + dice.randrange(10), 10 * other + place))
        for wave in range(10)
        for other in range(10)
        if wave != other
        for place in range(10)
    }
    clashes |= set(pairs(*((10 * a, 10 * b) for a in range(10) for b in range(a))))
    arrangement = arrange([candidate(number) for number in range(100)], clashes)
    assert len(arrangement.waves) == arrangement.at_least == 10


def test_a_wave_takes_no_more_tasks_than_it_may() -> None:
    arrangement = arrange([candidate(number, 10 * number) for number in range(1, 6)], pairs((5, 4)), most=2)
    assert arrangement.waves == (ids(5, 3), ids(4, 2), ids(1))
    assert arrangement.at_least == 3


def mycielski(rounds: int) -> list[tuple[int, int]]:
    """A pair that clashes, then each round: a shadow for every task, and one task that clashes with those."""
    count, clashes = 2, [(0, 1)]
    for _ in range(rounds):
        shadows = [(a, b + count) for a, b in clashes] + [(b, a + count) for a, b in clashes]
        clashes = [*clashes, *shadows, *((number + count, 2 * count) for number in range(count))]
        count = 2 * count + 1
    return clashes


def test_tasks_that_wait_for_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        arrange([candidate(1, after=ids(2)), candidate(2, after=ids(1))], [])


def test_nothing_to_arrange_gives_no_waves() -> None:
    assert arrange([], []) == Arrangement(waves=(), landing_order=())


def test_ids_sort_by_their_numbers() -> None:
    names = ["task-10", "10", "9", "task-9", "2.10", "2.9", "01", "1", "x" * 3, "9" * 5000]
    assert sorted(names, key=natural_key)[:7] == ["01", "1", "2.9", "2.10", "9", "10", "9" * 5000]
    assert sorted(names, key=natural_key)[7:] == ["task-9", "task-10", "xxx"]
