"""The queue of a simulated run, and the choice among its first units, against the plain way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.planning.critical_path import unit_times
from gitcoord.planning.network import all_minutes
from gitcoord.planning.predicted_conflict_waves import RiskWeighing
from gitcoord.planning.simulated_run import ReadyQueue
from gitcoord.planning.units import network_of_units, units_of
from gitcoord.planning.workload import Urgencies
from gitcoord.tasks.model import TaskId
from tests.planning.lists import a_plan, a_task

STEPS = st.lists(st.one_of(st.integers(0, 60), st.sampled_from(["pop", "first", "choose"])), max_size=80)


@settings(max_examples=200)
@given(STEPS, st.integers(1, 4), st.data())
def test_the_first_ranks_are_the_lowest_in_order(
    steps: list[int | str], most: int, data: st.DataObject
) -> None:
    queue, plain = ReadyQueue(), list[int]()
    for step in steps:
        if isinstance(step, int):
            if step not in plain:
                queue.add(step)
                plain = sorted([*plain, step])
        elif step == "pop" and plain:
            assert queue.pop() == plain.pop(0)
        elif plain:
            first = queue.first(most)
            assert first == plain[:most]
            if step == "choose":
                rank = data.draw(st.sampled_from(first))
                queue.remove(rank)
                plain.remove(rank)
        assert (len(queue), sorted(queue)) == (len(plain), plain)


PAIRS = st.dictionaries(
    st.tuples(st.integers(1, 8), st.integers(1, 8)), st.sampled_from([0.0, 0.1, 0.5, 1.0])
)


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([10.0, 30.0]), min_size=8, max_size=8),
    PAIRS,
    st.sets(st.integers(0, 7), max_size=2),
    st.sampled_from([None, 0.5, 3.0]),
)
def test_the_most_urgent_unit_is_that_of_all_urgencies(
    minutes: list[float], pairs: dict[tuple[int, int], float], running: set[int], cost: float | None
) -> None:
    tasks = [a_task(number, estimate=minute) for number, minute in enumerate(minutes, 1)]
    network = network_of_units(units_of(a_plan(tasks)))
    tails = all_minutes(unit_times(network).tail)
    risk: dict[TaskId, dict[TaskId, float]] = {}
    for (one, other), chance in pairs.items():
        risk.setdefault(TaskId(str(one)), {})[TaskId(str(other))] = chance
    urgencies = Urgencies(tails, network, RiskWeighing(risk=risk, rework_cost=cost))
    order = sorted(range(8), key=tails.__getitem__, reverse=True)
    ready = [unit for unit in order if unit not in running]
    urgency = [urgencies.now(unit, running, ready) for unit in ready]
    assert urgencies.most_urgent(ready, running) == urgency.index(max(urgency))
