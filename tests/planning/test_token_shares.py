"""The token budget is never overspent."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.token_shares import split
from gitcoord.tasks.model import TaskId
from tests.planning.lists import a_plan, a_task, ids

WEIGHTS = st.lists(st.floats(0, 100) | st.integers(0, 10), min_size=1, max_size=8)


@given(st.integers(0, 10_000), WEIGHTS, st.integers(1, 9))
def test_whatever_runs_at_once_stays_within_the_budget(
    budget: int, weights: list[float], max_parallel: int
) -> None:
    wave = ids(*range(len(weights)))
    shares = split(budget, wave, dict(zip(wave, weights, strict=True)), max_parallel)
    assert all(share >= 0 for share in shares.values())
    for together in combinations(shares.values(), min(max_parallel, len(wave))):
        assert sum(together) <= budget
    if len(wave) <= max_parallel:
        assert sum(shares.values()) == budget


def test_shares_follow_the_estimates() -> None:
    plan = a_plan([a_task(1, estimate=10), a_task(2, estimate=30)], token_budget=1001)
    assert {task: planned.tokens for task, planned in plan.tasks.items()} == {"1": 250, "2": 751}


def test_shares_follow_complexity_when_every_task_has_one() -> None:
    tasks = [a_task(1, estimate=10, complexity=9.0), a_task(2, estimate=90, complexity=1.0)]
    plan = a_plan(tasks, token_budget=100)
    assert {task: planned.tokens for task, planned in plan.tasks.items()} == {"1": 90, "2": 10}


def test_without_a_budget_there_are_no_shares() -> None:
    assert a_plan([a_task(1)]).tasks[TaskId("1")].tokens is None
