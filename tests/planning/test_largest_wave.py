"""The most that can share one wave, against trying all sets."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.arrange_waves import Candidate, arrange
from gitcoord.planning.largest_wave import largest_set
from gitcoord.tasks.model import TaskId

PAIRS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]))


@given(PAIRS, st.lists(st.integers(1, 4), min_size=8, max_size=8))
def test_no_other_set_without_rivals_is_heavier(pairs: set[tuple[int, int]], weights: list[int]) -> None:
    rivals = [{a + b - n for a, b in pairs if n in (a, b)} for n in range(8)]
    chosen = largest_set(weights, rivals)
    assert not any(set(pair) <= chosen for pair in pairs)
    every = (set(one) for size in range(9) for one in combinations(range(8), size))
    free = (one for one in every if not any(set(pair) <= one for pair in pairs))
    assert sum(weights[n] for n in chosen) == max(sum(weights[n] for n in one) for one in free)


def test_a_large_tangle_has_an_answer_to_which_nothing_can_be_added() -> None:
    count = 120
    rivals: list[set[int]] = [set() for _ in range(count)]
    for n in range(count):
        for m in (n * k % count for k in range(2, 9)):
            if n != m:
                rivals[n].add(m)
                rivals[m].add(n)
    chosen = largest_set([1.0] * count, rivals)
    assert all(rivals[n].isdisjoint(chosen) for n in chosen)
    assert all(n in chosen or rivals[n] & chosen for n in range(count))


def test_one_that_is_in_the_way_of_many_goes_after_them_only_where_the_first_wave_counts() -> None:
    tasks = [Candidate(id=TaskId(str(number)), weight=1.0) for number in range(1, 6)]
    clashes = {frozenset({TaskId("1"), TaskId(other)}) for other in ("2", "3", "4")}
    assert arrange(tasks, clashes).waves == (("1", "5"), ("2", "3", "4"))
    assert arrange(tasks, clashes, largest_first=True).waves == (("2", "3", "4", "5"), ("1",))
    assert arrange(tasks, clashes, largest_first=True, most=3).waves[0] == ("2", "3", "4")
