"""What a journal teaches: how long units take, and how often pairs conflict; and what plans make of that."""

import msgspec
import pytest

from gitcoord.foresight.base_rate import FEWEST_PAIRS, learned_shift, shifted
from gitcoord.foresight.constants import log_odds, probability, shipped_constants
from gitcoord.planning.experience import PairOutcome, UnitTime, learned_estimates
from gitcoord.planning.risks import PairRisk, Risks, without_shift
from gitcoord.progress.experience import experience_of
from gitcoord.tasks.model import Subtask, Task, TaskId, TaskList
from tests.progress.plans import planned, play, task


def test_pairs_at_work_at_the_same_time_are_learned_from_with_their_own_probability() -> None:
    plan = planned([task("1"), task("2"), task("3"), task("4"), task("5", "2")])
    shift = 1.5
    told = PairRisk(
        tasks=(TaskId("1"), TaskId("2")), conflict=probability(log_odds(0.1) + shift), shift=shift
    )
    plan = msgspec.structs.replace(plan, risks=Risks(pairs=(told,), changes=50))
    found = experience_of(plan, play(plan, clashes={"1": "2", "4": "2"}).events)
    pairs = {(str(pair.tasks[0]), str(pair.tasks[1])): pair for pair in found.pairs}
    assert {tasks for tasks, pair in pairs.items() if pair.conflict} == {("1", "2"), ("2", "4")}
    assert pairs["1", "2"].chance == pytest.approx(0.1, abs=1e-4)  # what was learned does not teach itself
    assert pairs["1", "3"].chance == 0.004
    assert not any("5" in tasks and "2" in tasks for tasks in pairs)  # it waits for that one
    assert {one.unit: one.minutes for one in found.units} == dict.fromkeys("12345", 1.0)
    # Where nothing was foretold, nothing is learned of it.
    assert experience_of(planned([task("1"), task("2")]), ()).pairs == ()


def test_the_base_rate_moves_to_what_was_found_and_not_on_a_few_pairs() -> None:
    def pairs(count: int, conflicts: int) -> list[PairOutcome]:
        tasks = (TaskId("1"), TaskId("2"))
        return [PairOutcome(tasks=tasks, chance=0.02, conflict=number < conflicts) for number in range(count)]

    assert learned_shift(pairs(FEWEST_PAIRS - 1, 9)) == 0.0
    rate = probability(log_odds(0.02) + learned_shift(pairs(400, 80)))
    assert rate == pytest.approx(0.2, abs=0.01)
    assert -1.5 < learned_shift(pairs(100, 0)) < 0 < learned_shift(pairs(100, 4)) < 1
    assert without_shift(probability(log_odds(0.3) - 0.7), -0.7) == pytest.approx(0.3, abs=1e-4)
    first = shipped_constants()
    moved = shifted(first, 0.5)
    assert moved.pairs.conflict.intercept == first.pairs.conflict.intercept + 0.5
    assert moved.pairs.conflict.weights == first.pairs.conflict.weights


def test_tasks_without_an_estimate_get_what_units_of_their_size_took() -> None:
    def listed(id: str, **fields: object) -> Task:
        return msgspec.structs.replace(Task(id=TaskId(id), title=id), **fields)

    parts = (Subtask(id=TaskId("4.1"), title="a"), Subtask(id=TaskId("4.2"), title="b", estimate=7.0))
    tasks = (
        *(listed(f"d{number}", complexity=9.0) for number in range(5)),
        listed("1", complexity=8.0),
        listed("2", complexity=2.0),
        listed("3", estimate=45.0),
        listed("4", subtasks=parts),
    )
    units = [UnitTime(unit=TaskId(f"d{number}"), minutes=60.0) for number in range(5)]
    units += [UnitTime(unit=TaskId(f"gone{number}"), minutes=10.0) for number in range(6)]
    given, sentence = learned_estimates(TaskList(tag="master", tasks=tasks), units)
    found = {str(one.id): one.estimate for one in given.tasks}
    assert (found["1"], found["2"], found["3"]) == (60.0, 10.0, 45.0)
    assert [part.estimate for part in given.tasks[-1].subtasks] == [10.0, 7.0]
    assert "for the others the time that agents took here: 10 minutes in the median of 11" in sentence
    assert learned_estimates(TaskList(tag="master", tasks=tasks), units[:4])[1] == ""
