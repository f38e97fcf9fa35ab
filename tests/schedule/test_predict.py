"""The prediction of a run, held against the decisions that a run really takes."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.units import units_of
from gitcoord.schedule.model import Capacity, Observation, Policy
from gitcoord.schedule.predict import predict
from gitcoord.tasks.model import Task, TaskId
from tests.planning.lists import a_plan
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
    plan = a_plan(tasks, strategy=strategy)
    policy = msgspec.structs.replace(policy, whole_waves=strategy == "single-pr")
    units = units_of(plan, capacity.token_budget)
    begun = data.draw(begun_with(list(units.by_id)))
    told = predict(plan, units, capacity, policy, lands=lands, begun=begun)
    walked = starts_step_by_step(plan, units, capacity, policy, lands=lands, begun=begun)
    assert told.starts == walked
    assert told.never.keys().isdisjoint(told.starts)


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
@given(lists(), st.sampled_from(["single-pr", "multi-pr"]), st.integers(1, 4))
def test_the_schedules_of_a_plan_are_those_of_its_runs(tasks: list[Task], strategy: str, slots: int) -> None:
    plan = a_plan(tasks, strategy=strategy, max_parallel=slots)
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
