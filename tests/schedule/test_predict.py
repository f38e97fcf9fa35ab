"""The prediction of a run, held against the decisions that a run really takes."""

from itertools import combinations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.risks import PairRisk, Risks
from gitcoord.planning.units import units_of
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import Capacity, Observation, Policy
from gitcoord.schedule.predict import predict
from gitcoord.tasks.model import Task, TaskId
from tests.planning.lists import a_plan, a_task
from tests.run.step_by_step import starts_step_by_step
from tests.schedule.test_decide import capacities, lists, policies
from tests.support.laws import tries


@settings(max_examples=tries(40), deadline=None)
@given(lists(), capacities, policies, st.sampled_from(["single-pr", "multi-pr"]), st.booleans(), st.data())
def test_the_prediction_is_what_the_decisions_of_a_run_make_of_it_one_by_one(
    tasks: list[Task],
    capacity: Capacity,
    policy: Policy,
    strategy: str,
    lands: bool,
    data: st.DataObject,
) -> None:
    plan = a_plan(tasks, strategy=strategy, risks=data.draw(risks_of(tasks)))
    policy = msgspec.structs.replace(policy, whole_waves=strategy == "single-pr")
    units = units_of(plan, capacity.token_budget)
    begun = data.draw(begun_with(list(units.by_id)))
    told = predict(plan, units, capacity, policy, lands=lands, observation=begun)
    walked = starts_step_by_step(plan, units, capacity, policy, lands=lands, begun=begun)
    assert told.starts == walked
    assert told.never.keys().isdisjoint(told.starts)


@st.composite
def risks_of(draw: st.DrawFn, tasks: list[Task]) -> Risks:
    """What may be foretold of some pairs of the tasks; often nothing."""
    pairs = list(combinations([task.id for task in tasks], 2))
    if not pairs or draw(st.booleans()):
        return Risks()
    chances = draw(st.dictionaries(st.sampled_from(pairs), st.floats(0.02, 1), max_size=4))
    return Risks(pairs=tuple(PairRisk(tasks=pair, conflict=chance) for pair, chance in chances.items()))


@st.composite
def begun_with(draw: st.DrawFn, units: list[TaskId]) -> Observation:
    """A run that may have begun: some units at work, done, failed, deferred or seen to clash."""
    if draw(st.booleans()):
        return Observation()
    some = st.sets(st.sampled_from(units), max_size=2)
    done, failed = draw(some), draw(some)
    pairs = draw(st.lists(st.tuples(st.sampled_from(units), st.sampled_from(units)), max_size=2))
    clashing: dict[TaskId, frozenset[TaskId]] = {}
    for one, other in pairs:
        if one != other:
            clashing[one] = clashing.get(one, frozenset()) | {other}
            clashing[other] = clashing.get(other, frozenset()) | {one}
    return Observation(
        running=dict.fromkeys(draw(some) - done - failed, 0.0),
        done=frozenset(done),
        failed=dict.fromkeys(failed - done, "it failed"),
        deferred=frozenset(draw(some) - failed),
        clashing=clashing,
    )


@settings(max_examples=tries(30), deadline=None)
@given(lists(), st.sampled_from(["single-pr", "multi-pr"]), st.integers(1, 4), st.data())
def test_the_schedules_of_a_plan_are_those_of_its_runs(
    tasks: list[Task], strategy: str, slots: int, data: st.DataObject
) -> None:
    plan = a_plan(tasks, strategy=strategy, max_parallel=slots, risks=data.draw(risks_of(tasks)))
    capacity, whole = Capacity(max_parallel=slots), strategy == "single-pr"
    for schedule, policy in (
        (plan.schedules.no_barrier, Policy(whole_waves=whole)),
        (plan.schedules.pipeline, Policy(whole_waves=whole, pipeline=True)),
        (plan.schedules.level_barrier, Policy(whole_waves=whole, barrier=True)),
    ):
        told = predict(plan, units_of(plan), capacity, policy)
        assert (told.duration, told.speedup, told.most) == (
            schedule.duration,
            schedule.speedup,
            schedule.most,
        )
        assert all(schedule.starts[unit] == start for unit, start in told.starts.items())


def test_work_that_is_not_in_the_base_yet_is_kept_apart_as_well() -> None:
    tasks = [a_task(number, estimate=30) for number in range(1, 5)]
    plan = a_plan(tasks, strategy="multi-pr", risks=Risks(pairs=(pair_of("1", "2", 0.5),)), max_parallel=1)
    units, capacity, one = units_of(plan), Capacity(max_parallel=1), frozenset({TaskId("1")})

    def starts(seen: Observation, *, lands: bool = True) -> list[TaskId]:
        return [start.unit for start in next_starts(units, seen, capacity, Policy(lands=lands)).starts]

    assert starts(Observation(done=one, submitted=one)) == ["3"]
    assert starts(Observation(elsewhere={TaskId("1"): "another machine"})) == ["3"]
    assert starts(Observation(done=one, submitted=one, landed=one)) == ["2"]
    assert starts(Observation(done=one, submitted=one), lands=False) == ["2"]


def test_what_will_probably_conflict_is_kept_apart_in_time_where_there_is_a_choice() -> None:
    tasks = [a_task(1, estimate=30), a_task(2, estimate=30), a_task(3, estimate=30), a_task(4, estimate=50)]
    for chance, order in ((0.5, ["4", "1", "3", "2"]), (0.0, ["4", "1", "2", "3"])):
        risks = Risks(pairs=(pair_of("1", "2", chance),))
        plan = a_plan(tasks, strategy="multi-pr", risks=risks, max_parallel=3)
        units, capacity = units_of(plan), Capacity(max_parallel=3)
        told = predict(plan, units, capacity, Policy())
        assert list(told.starts) == order
        assert plan.schedules.no_barrier.starts == told.starts
        first = next_starts(units, Observation(), capacity, Policy()).starts
        assert [start.unit for start in first] == order[:3]
    # Without a choice it starts all the same, and a long chain is worth more than a likely conflict.
    long = [a_task(1, estimate=30), a_task(2, estimate=30), a_task(3, estimate=30), a_task(4, 2, estimate=60)]
    plan = a_plan(long, risks=Risks(pairs=(pair_of("1", "2", 0.5),)), max_parallel=2)
    assert list(predict(plan, units_of(plan), Capacity(max_parallel=2), Policy()).starts)[:2] == ["2", "3"]
    plan = a_plan(long, risks=Risks(pairs=(pair_of("1", "2", 0.5),)), max_parallel=3)
    assert list(predict(plan, units_of(plan), Capacity(max_parallel=3), Policy()).starts)[:3] == [
        "2",
        "3",
        "1",
    ]


def pair_of(one: str, other: str, chance: float) -> PairRisk:
    return PairRisk(tasks=(TaskId(one), TaskId(other)), conflict=chance)
