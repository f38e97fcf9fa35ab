"""The search for what may land, against a brute-force oracle: right for any results, and with few checks."""

import random
from collections.abc import Callable, Mapping
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.checks.blame import Blame, find_others
from gitcoord.checks.prefixes import spread
from gitcoord.checks.search import decide
from gitcoord.checks.subjects import ByItself, CheckSeen, Combination, SearchPolicy, SearchResult, Subject
from gitcoord.checks.window import choose_window

Truth = Callable[[Combination], bool]

SIZES = st.integers(0, 12)
POLICIES = st.builds(
    SearchPolicy,
    slots=st.integers(1, 5),
    window=st.integers(1, 16),
    flaky=st.integers(0, 2),
    each=st.booleans(),
)


@st.composite
def truths(draw: st.DrawFn, size: int, *, monotone: bool = True) -> Truth:
    """Sets of branches that fail when all of them are in; each fails alone, in a pair or in three."""
    bad = draw(st.lists(st.sets(st.integers(0, max(0, size - 1)), min_size=1, max_size=3), max_size=4))
    mended = draw(st.sets(st.integers(0, max(0, size - 1)), max_size=2)) if not monotone else set()

    def passes(combination: Combination) -> bool:
        inside = set(combination)
        return bool(mended & inside) or not any(each <= inside for each in bad)

    return passes


def searched(
    count: int, policy: SearchPolicy, outcome: Callable[[Combination, int], str]
) -> tuple[SearchResult, dict[Subject, CheckSeen]]:
    """The search to its end; `outcome` says how the n-th run of a combination comes out."""
    seen: dict[Subject, CheckSeen] = {}
    for _ in range(40 * (count + 1)):
        result = decide(count, seen, policy)
        if not result.wanted:
            return result, seen
        assert len(result.wanted) <= policy.slots
        assert len(set(result.wanted)) == len(result.wanted)
        # The last one that is wanted comes first: no order of the results may matter.
        one = result.wanted[len(seen) % len(result.wanted)]
        runs = seen[one].runs + 1 if one in seen else 1
        seen[one] = CheckSeen(outcome=outcome(branches(one), runs), runs=runs)  # type: ignore[arg-type]
    raise AssertionError("the search does not end")


def branches(subject: Subject) -> Combination:
    """The branches whose changes a check sees."""
    return (subject.branch,) if isinstance(subject, ByItself) else subject


@settings(max_examples=300, deadline=None)
@given(st.data(), SIZES, POLICIES)
def test_what_passes_has_been_checked_and_who_fails_fails_on_what_passed(
    data: st.DataObject, count: int, policy: SearchPolicy
) -> None:
    passes = data.draw(truths(count))
    result, seen = searched(count, policy, lambda one, _: "passed" if passes(one) else "failed")
    assert result.base == ""
    assert sorted((*result.passed, *result.failed)) == list(range(count))
    assert passes(result.passed)
    for branch in result.failed:
        before = tuple(one for one in result.passed if one < branch)
        assert not passes((*before, branch))
        assert seen[*before, branch].runs == policy.flaky + 1
    if policy.each:
        for size in range(1, len(result.passed) + 1):
            assert seen[result.passed[:size]].outcome == "passed"
    elif result.passed:
        assert seen[result.passed].outcome == "passed"
    # The same as one after the other by hand.
    kept: Combination = ()
    for branch in range(count):
        kept = (*kept, branch) if passes((*kept, branch)) else kept
    assert result.passed == kept


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(2, 10), POLICIES)
def test_a_branch_that_needs_one_before_it_is_not_blamed_for_failing_by_itself(
    data: st.DataObject, count: int, policy: SearchPolicy
) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=2))
    needs = {b: data.draw(st.integers(0, b - 1)) for b in data.draw(st.sets(st.integers(1, count - 1)))}

    def passes(combination: Combination) -> bool:
        return not bad & set(combination) and all(needs.get(one, one) in combination for one in combination)

    result, _ = searched(count, policy, lambda one, _: "passed" if passes(one) else "failed")
    kept: Combination = ()
    for branch in range(count):
        kept = (*kept, branch) if passes((*kept, branch)) else kept
    assert (result.passed, result.base) == (kept, "")


@settings(max_examples=200, deadline=None)
@given(st.data(), SIZES, POLICIES)
def test_a_branch_that_repairs_another_never_lets_an_unchecked_tree_through(
    data: st.DataObject, count: int, policy: SearchPolicy
) -> None:
    passes = data.draw(truths(count, monotone=False))
    result, seen = searched(count, policy, lambda one, _: "passed" if passes(one) else "failed")
    assert result.base in ("", "failed")
    assert passes(result.passed) or result.passed == ()
    if result.passed:
        assert seen[result.passed].outcome == "passed"


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 10), POLICIES, st.integers(0, 2))
def test_a_failure_that_passes_when_it_is_run_again_blames_nobody(
    data: st.DataObject, count: int, policy: SearchPolicy, flakes: int
) -> None:
    flaky = data.draw(
        st.sets(st.lists(st.integers(0, count - 1), unique=True).map(sorted).map(tuple), max_size=5)
    )
    result, _ = searched(
        count, policy, lambda one, runs: "failed" if one in flaky and runs <= flakes else "passed"
    )
    if flakes <= policy.flaky:
        assert (result.failed, result.passed, result.base) == ((), tuple(range(count)), "")


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 10), POLICIES)
def test_what_has_no_clear_result_is_left_out_and_blamed_for_nothing(
    data: st.DataObject, count: int, policy: SearchPolicy
) -> None:
    stuck = data.draw(st.sets(st.integers(0, count - 1)))
    result, _ = searched(count, policy, lambda one, _: "unclear" if stuck & set(one) else "passed")
    assert result.failed == ()
    assert set(result.unclear) == stuck
    assert set(result.passed) == set(range(count)) - stuck


@given(st.integers(1, 8), POLICIES)
def test_a_base_that_fails_itself_is_found_and_blames_nobody(count: int, policy: SearchPolicy) -> None:
    result, seen = searched(count, policy, lambda one, _: "failed")
    assert (result.base, result.failed, result.passed) == ("failed", (), ())
    assert seen[()].runs == policy.flaky + 1


@given(st.integers(2, 8), st.integers(1, 4))
def test_a_branch_that_mends_the_base_lands_with_what_is_before_it(count: int, slots: int) -> None:
    policy = SearchPolicy(slots=slots, window=16, flaky=0)
    result, _ = searched(count, policy, lambda one, _: "passed" if count - 1 in one else "failed")
    assert result.passed == tuple(range(count))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 12), st.integers(1, 5))
def test_the_others_that_a_branch_fails_with_are_a_smallest_set(
    data: st.DataObject, count: int, slots: int
) -> None:
    numbers = st.integers(0, max(0, count - 1))
    bad = data.draw(st.lists(st.sets(numbers, max_size=3 if count else 0), min_size=1, max_size=3))

    def fails(others: Combination) -> bool:
        return any(one <= set(others) for one in bad)

    blame, checks = blamed(count, slots, fails)
    assert blame.complete
    assert fails(blame.others)
    assert not any(fails(less) for less in combinations(blame.others, max(0, len(blame.others) - 1))) or (
        blame.others == ()
    )
    assert checks <= (len(blame.others) + 1) * (slots * 4 + 2)


def test_a_pair_among_many_takes_few_checks() -> None:
    blame, checks = blamed(64, 1, lambda others: 41 in others)
    assert blame.others == (41,)
    assert checks <= 9  # by itself, six halvings, the pair


def blamed(count: int, slots: int, fails: Callable[[Combination], bool]) -> tuple[Blame, int]:
    """The blame, and how many checks it took."""
    outcomes: dict[Combination, str] = {}
    for _ in range(200):
        blame = find_others(count, outcomes, slots)  # type: ignore[arg-type]
        if not blame.wanted:
            return blame, len(outcomes)
        assert len(blame.wanted) <= slots
        for others in blame.wanted:
            outcomes[others] = "failed" if fails(others) else "passed"
    raise AssertionError("the search does not end")


@given(st.integers(0, 40), st.integers(1, 9))
def test_sizes_are_spread_to_the_last_one(length: int, slots: int) -> None:
    sizes = list(spread(length, slots))
    assert sizes == sorted(set(sizes))
    assert len(sizes) == min(length, slots)
    assert not sizes or (sizes[-1] == length and sizes[0] >= 1)


def test_the_window_is_wide_where_little_fails_and_as_wide_as_the_slots_where_much_does() -> None:
    sizes: Mapping[tuple[int, int], int] = {
        (0, 0): 16,
        (0, 24): 32,
        (1, 24): 20,
        (2, 50): 22,
        (5, 50): 11,
        (10, 50): 4,
    }
    assert {seen: choose_window(None, 4, *seen).size for seen in sizes} == sizes
    assert choose_window(7, 4, 10, 50).size == 7


def test_without_failures_sixteen_branches_land_by_four_checks_at_once() -> None:
    result = decide(24, {}, SearchPolicy(slots=4, window=16))
    assert result.wanted == tuple(tuple(range(size)) for size in (4, 8, 12, 16))


def test_what_runs_goes_on_where_its_result_still_says_something() -> None:
    prefix = {size: tuple(range(size)) for size in range(1, 25)}
    policy = SearchPolicy(slots=4, window=16)
    first = decide(24, {}, policy)
    assert first.wanted == (prefix[4], prefix[8], prefix[12], prefix[16])
    # Three of the four end a moment later: they bound the culprit as well as others would.
    failed: dict[Subject, CheckSeen] = {prefix[16]: CheckSeen(outcome="failed")}
    assert decide(24, failed, policy, first.wanted[:3]).wanted == (*first.wanted[:3], ())
    assert not set(decide(24, failed, policy).wanted) & set(first.wanted)
    # The longest that passed is not the end: what runs beyond it stays, and the rest is spread ahead of it.
    passed: dict[Subject, CheckSeen] = {prefix[12]: CheckSeen(outcome="passed")}
    assert decide(24, passed, policy, [prefix[16]]).wanted == (
        prefix[16],
        *(prefix[size] for size in (24, 20, 22)),
    )
    # What holds the one that fails says nothing more.
    alone: dict[Subject, CheckSeen] = {
        prefix[1]: CheckSeen(outcome="failed", runs=2),
        (): CheckSeen(outcome="passed"),
    }
    assert prefix[4] not in decide(24, alone, policy, [prefix[4]]).wanted


def test_checks_that_end_one_after_the_other_are_not_ended_just_before_their_results() -> None:
    """Played for each culprit: checks take a little more or less time than each other."""

    def time_taken(bad: int, *, kept: bool) -> float:
        seen, running, clock = dict[Subject, CheckSeen](), dict[Subject, float](), 0.0
        policy, draw = SearchPolicy(slots=4, window=16, flaky=0), random.Random(bad)
        while wanted := decide(24, seen, policy, running if kept else ()).wanted[:4]:
            running = {one: running.get(one, clock + draw.uniform(1, 1.1)) for one in wanted}
            ended = min(running, key=running.__getitem__)
            clock = running.pop(ended)
            seen[ended] = CheckSeen(outcome="failed" if bad in branches(ended) else "passed")
        return clock

    taken = [sum(time_taken(bad, kept=kept) for bad in range(24)) for kept in (True, False)]
    assert taken[0] < 0.85 * taken[1]
