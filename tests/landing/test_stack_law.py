"""A law: in whatever ways a stack lands, the base holds what merging its branches gives.

A few stacks are tried each time; `STACKS=300 pytest -s tests/landing/test_stack_law.py` tries so many, and
prints how they landed.
"""

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.landing.stack_drawing import stack_of
from tests.landing.stack_worlds import StackWorld

MOST = int(os.environ.get("STACKS", "8"))


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    counted: Counter[str] = Counter()
    yield counted
    print("\n" + ", ".join(f"{number} {name}" for name, number in sorted(counted.items())))


LAW = settings(
    max_examples=MOST,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller seed is no smaller stack
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.timeout(300 + 30 * MOST)
@LAW
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=3556)  # a child brings back a file that its parent, landed by a rebase, has deleted
@example(seed=345872188)  # one parent landed by a rebase, and the other was brought up to date with that
def test_whatever_methods_land_a_stack_the_base_is_what_merging_gives(
    seed: int, tmp_path_factory: pytest.TempPathFactory, counts: Counter[str]
) -> None:
    members = stack_of(Random(seed))
    world = StackWorld(tmp_path_factory.mktemp("stack") / "repo", members)
    counts["stacks"] += 1
    deferred: set[int] = set()
    for number, member in enumerate(members):
        if deferred & world.depends_on(number):
            continue
        world.commit_by_hand(number)
        foreseen, conflicts = world.foreseen(number)
        report = world.land(number)
        if report.waiting and "gives a different tree than merging it" in report.waiting[0].reason:
            counts["rebases held, squashed instead"] += 1
            report = world.land(number, method="squash")
        if not world.merge(number):
            counts["conflicts"] += 1
            assert [one.task for one in report.deferred] == [str(number + 1)]
            assert conflicts
            deferred.add(number)
            continue
        assert report.complete, report
        counts[f"landed by {member.method}"] += 1
        counts["stacked"] += bool(member.parents)
        assert world.repo.tree("main") == world.repo.tree(world.by_merging) == foreseen


@pytest.mark.timeout(300 + 30 * MOST)
@LAW
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=63301)  # the same, where all are in one level
@example(seed=461)  # a child equals what its parent, landed by a rebase, was before its last commit
@example(seed=96)  # a diamond, one of whose parents takes back what the other one did
def test_the_same_of_a_stack_that_somebody_made_inside_one_level(
    seed: int, tmp_path_factory: pytest.TempPathFactory, counts: Counter[str]
) -> None:
    members = [member._replace(by_hand=()) for member in stack_of(Random(seed))]
    world = StackWorld(tmp_path_factory.mktemp("stack") / "repo", members, one_level=True)
    report = world.land(0)
    if any("gives a different tree than merging it" in one.reason for one in report.waiting):
        report = world.land(0, method="squash")
    assert not report.waiting
    counts["one level"] += 1
    counts["one level: landed"] += len(report.landed)
    counts["one level: deferred"] += len(report.deferred)
    line = world.repo.git("rev-list", "--first-parent", "--reverse", "main").split()
    waves = [task for wave in world.store.require_plan().levels[0].waves for task in wave]
    commits = {one.task: line.index(one.commit) for one in report.landed}
    for task in sorted(commits, key=lambda task: (commits[task], waves.index(task))):
        assert world.merge(int(task) - 1)
    assert world.repo.tree("main") == world.repo.tree(world.by_merging)
