"""The metrics of a run: numbers worked out by hand, and laws that hold for any run."""

from itertools import pairwise
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    Outcome,
    RunChanged,
    TaskDeferred,
    TaskLanded,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.planning.model import Plan
from gitcoord.planning.risks import PairRisk, Risks, band_of
from gitcoord.progress.make_metrics import Metrics, make_metrics
from gitcoord.tasks.model import TaskId
from tests.progress.plans import COMMIT, Played, at, parent, planned, play, task
from tests.support.laws import tries


def measured(plan: Plan, played: Played) -> Metrics:
    return make_metrics(plan, played.events, played.landed, at(played.seconds))


@pytest.fixture
def plan() -> Plan:
    """Tasks of 10, 10, 5 and 20 minutes in two slots; 3 needs 1 and 2."""
    tasks = [
        task("1", minutes=10),
        task("2", minutes=10),
        task("3", "1", "2", minutes=5),
        task("4", minutes=20),
    ]
    return planned(tasks, max_parallel=2)


def test_speed_up_is_the_time_of_one_worker_over_the_time_that_passed(plan: Plan) -> None:
    """Slots: 1 then 2 then 3 in the one, 4 in the other: 25 minutes for 45 minutes of work."""
    metrics = measured(plan, play(plan))
    assert (metrics.elapsed, metrics.sequential) == (1500, 2700)
    assert (metrics.speedup, metrics.efficiency, metrics.busy) == (1.8, 0.9, 0.9)
    assert metrics.predicted == 1.8
    assert (metrics.slots, metrics.most_at_once, metrics.tries, metrics.handed_in) == (2, 2, 4, 4)
    assert (metrics.began, metrics.ended) == (at(0), at(1500))


def test_the_critical_path_goes_through_slots_and_needs(plan: Plan) -> None:
    path = measured(plan, play(plan)).critical_path
    assert [(step.unit, step.after, step.start, step.end, step.gap) for step in path] == [
        ("1", "first", 0, 600, 0),
        ("2", "slot", 600, 1200, 0),
        ("3", "needs", 1200, 1500, 0),
    ]


def test_a_unit_that_waited_longest_for_its_slot_came_after_the_one_that_held_it() -> None:
    """4 needs 1, which ends after a minute; 2 and 3 hold both slots for another."""
    tasks = [task("1"), task("2", minutes=2), task("3", "1"), task("4", "1", minutes=0.9)]
    plan = planned(tasks, max_parallel=2)
    path = measured(plan, play(plan)).critical_path
    assert [(step.unit, step.after) for step in path] == [("2", "first"), ("4", "slot")]


def test_waiting_is_summed_up_by_its_cause(plan: Plan) -> None:
    waiting = measured(plan, play(plan, landing=30)).waiting
    assert [(one.cause, one.seconds, one.times) for one in waiting] == [
        ("slots", 600, 1),
        ("handed-in", 120, 4),
    ]


def test_failed_tries_and_rework_are_no_praise(plan: Plan) -> None:
    """Task 4: 20 minutes that break off, 20 that conflict, 20 of rework: one worker needs 20 of them."""
    metrics = measured(plan, play(plan, ends={"4": ["timeout", "conflict", "ok"]}))
    assert (metrics.elapsed, metrics.sequential) == (3600, 2700)
    assert (metrics.tries, metrics.failed, metrics.rework, metrics.wasted) == (6, 1, 1, 1200)
    assert metrics.speedup == 0.75
    # The same within one try: what its agent did after the conflict came back is no work of its own.
    events = play(plan, ends={}).events
    again = [
        msgspec.structs.replace(one, reworks=2, rework_seconds=300.0)
        if isinstance(one, AttemptEnded) and one.task == "4"
        else one
        for one in events
    ]
    plain, reworked = (make_metrics(plan, some, (), at(9000)) for some in (events, again))
    assert (plain.rework, reworked.rework) == (0, 2)
    assert plain.sequential - reworked.sequential == 300
    stopped = measured(plan, play(plan, ends={"4": ["cancelled", "conflict", "conflict", "ok"]}))
    assert (stopped.failed, stopped.cancelled, stopped.rework, stopped.wasted) == (0, 1, 2, 2400)


def test_bars_of_a_lane_follow_one_another(plan: Plan) -> None:
    bars = measured(plan, play(plan)).bars
    assert [(bar.unit, bar.lane, bar.start, bar.end, bar.critical) for bar in bars] == [
        ("1", 0, 0, 600, True),
        ("4", 1, 0, 1200, False),
        ("2", 0, 600, 1200, True),
        ("3", 0, 1200, 1500, True),
    ]


def test_predicted_clashes_are_told_from_found_ones() -> None:
    plan = planned(
        [
            task("1", modifies=("src/**",)),
            task("2", modifies=("src/a.py",)),
            task("3", conflicts_with=("1",)),
            task("4"),
            task("5", "2", modifies=("src/a.py",)),
        ]
    )
    played = play(plan, clashes={"1": "2", "4": "3"})
    conflicts = measured(plan, played).conflicts
    found = {pair.tasks: (pair.predicted, pair.found) for pair in conflicts.pairs}
    # 5 needs 2, so that the two never meet, whatever they touch.
    assert found == {
        ("1", "2"): (True, True),
        ("1", "3"): (True, False),
        ("1", "5"): (True, False),
        ("3", "4"): (False, True),
    }
    assert (conflicts.predicted, conflicts.found, conflicts.both) == (3, 2, 1)
    assert (conflicts.conflicted, conflicts.tasks, conflicts.rate) == (4, 5, 0.8)
    assert conflicts.side_by_side == 6  # 1 to 4 in four slots
    assert conflicts.pairs[0].paths == ("src/api/routes.py", "src/models.py")


def test_what_history_foretold_is_held_against_what_was_found() -> None:
    plan = planned([task("1"), task("2"), task("3"), task("4"), task("5", "2")])
    told = {("1", "2"): 0.4, ("1", "3"): 0.3, ("3", "4"): 0.1, ("2", "5"): 0.9}
    risks = tuple(
        PairRisk(tasks=(TaskId(one), TaskId(other)), conflict=chance, band=band_of(chance))
        for (one, other), chance in told.items()
    )
    plan = msgspec.structs.replace(plan, risks=Risks(pairs=risks))
    conflicts = measured(plan, play(plan, clashes={"1": "2", "4": "2"})).conflicts
    # 2 and 5 never ran side by side, and nothing was foretold of 2 and 4.
    rows = [(row.band, row.least, row.most, row.pairs, row.expected, row.found) for row in conflicts.foretold]
    assert rows == [("high", 0.3, 0.5, 2, 0.7, 1), ("medium", 0.1, 0.2, 1, 0.1, 0)]


def test_clashes_of_subtasks_are_their_parents(plan: Plan) -> None:
    plan = planned([parent("1", "a", [["x", "y"]]), parent("2", "b", [["z"]])])
    conflicts = measured(plan, play(plan, clashes={"1.1": "2.1", "1.2": "1.1"})).conflicts
    assert [pair.tasks for pair in conflicts.pairs] == [("1", "2")]


def test_work_without_a_run_is_measured_from_checkout_to_submit(plan: Plan) -> None:
    def hand(id: str, start: float, end: float) -> list[AnyEvent]:
        return [
            TaskStarted(at=at(start), by="ann", task=id, branch="b", base=COMMIT),
            TaskSubmitted(at=at(end), by="ann", task=id, branch="b", head=COMMIT),
        ]

    deferral = TaskDeferred(at=at(650), by="ann", task="1", head=COMMIT, reason="x", others=("4",))
    events: list[AnyEvent] = [*hand("1", 0, 600), *hand("4", 0, 600), deferral, *hand("1", 700, 760)]
    metrics = make_metrics(plan, events, (), at(1000))
    assert (metrics.elapsed, metrics.sequential, metrics.rework) == (660, 1200, 1)
    assert metrics.conflicts.rate == 1


def test_an_empty_journal_has_metrics_too(plan: Plan) -> None:
    metrics = make_metrics(plan, [], (), at(0))
    assert (metrics.elapsed, metrics.speedup, metrics.critical_path, metrics.bars) == (0, 1, (), ())


def test_clocks_that_go_backwards_do_no_harm(plan: Plan) -> None:
    events: list[AnyEvent] = [
        TaskStarted(at=at(100), by="ann", task="1", branch="b", base=COMMIT),
        TaskSubmitted(at=at(50), by="ann", task="1", branch="b", head=COMMIT),
        TaskStarted(at="yesterday", by="ann", task="2", branch="b", base=COMMIT),
    ]
    metrics = make_metrics(plan, events, (), at(0))
    assert (metrics.sequential, metrics.tries) == (0, 1)


@st.composite
def played_plans(draw: st.DrawFn) -> tuple[Plan, Played]:
    tasks = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        needs = sorted(draw(st.sets(st.integers(1, number - 1), max_size=2))) if number > 1 else []
        tasks.append(task(str(number), *map(str, needs), minutes=draw(st.integers(1, 9))))
    plan = planned(tasks, max_parallel=draw(st.integers(1, 4)))
    outcome: st.SearchStrategy[Outcome] = st.sampled_from(["again", "conflict", "timeout"])
    ends = draw(st.dictionaries(st.sampled_from("1234567"), st.lists(outcome, max_size=2), max_size=3))
    return plan, play(plan, ends=ends, landing=draw(st.sampled_from([0.0, 13.0])))


@given(played_plans())
@settings(max_examples=tries(40))
def test_the_laws_of_any_run(run: tuple[Plan, Played]) -> None:
    plan, played = run
    metrics = measured(plan, played)
    assert 0 < metrics.speedup <= metrics.most_at_once <= metrics.slots
    assert metrics.efficiency <= metrics.busy + 1e-9 <= 1 + 2e-9
    last = max(bar.end for bar in metrics.bars)
    path = metrics.critical_path
    assert path[-1].end == last
    assert all(step.start - before.end == pytest.approx(step.gap) for before, step in pairwise(path))
    assert sum(step.end - step.start + step.gap for step in path) <= last + 1e-6
    for lane in {bar.lane for bar in metrics.bars}:
        own = [bar for bar in metrics.bars if bar.lane == lane]
        assert all(before.end <= bar.start for before, bar in pairwise(own))
    assert max(bar.lane for bar in metrics.bars) + 1 == metrics.most_at_once
    spent = sum(bar.end - bar.start for bar in metrics.bars)
    assert metrics.sequential <= spent - metrics.wasted + 1e-6


def two_days(plan: Plan) -> Played:
    """Tasks 1, 2 and 3 on one day, 4 on the next: the run ends after the first three."""
    day = 86400.0
    events: list[AnyEvent] = [run_at(0, "running")]
    for id, start in (("1", 0.0), ("2", 600.0), ("3", 1200.0), ("4", day)):
        if start == day:
            events += [run_at(1500, "ended"), run_at(day - 5, "running")]
        minutes = next(unit.estimate for unit in plan.tasks.values() if unit.id == id)
        begun = AttemptStarted(at=at(start), by="x", task=id, attempt=1, branch="b", base=COMMIT)
        over = AttemptEnded(at=at(start + 60 * minutes), by="x", task=id, attempt=1, outcome="ok")
        events += [begun, over]
    end = day + 1200
    return Played(events=(*events, run_at(end, "ended")), landed=frozenset(), seconds=end)


def run_at(seconds: float, state: Literal["running", "ended"]) -> RunChanged:
    return RunChanged(at=at(seconds), by="x", state=state, max_parallel=2)


def test_a_break_counts_nowhere_so_that_elapsed_time_timeline_and_path_agree(plan: Plan) -> None:
    played = two_days(plan)
    metrics = measured(plan, played)
    assert (metrics.elapsed, metrics.breaks) == (2705, 86400 - 5 - 1500)
    assert max(bar.end for bar in metrics.bars) == metrics.elapsed
    assert [(bar.unit, bar.start, bar.end) for bar in metrics.bars][-1] == ("4", 1505, 2705)
    assert sum(step.gap + step.end - step.start for step in metrics.critical_path) == metrics.elapsed
    # The retry of a unit after a break takes no longer for that, and what lands after one waited less.
    submitted = TaskSubmitted(at=at(1500), by="x", task="3", branch="b", head=COMMIT)
    landed = TaskLanded(at=at(86400), by="x", task="3", branch="b", head=COMMIT, commit=COMMIT)
    events = sorted((*played.events, submitted, landed), key=lambda event: event.at)
    waiting = make_metrics(plan, events, (), at(played.seconds)).waiting
    assert [(one.cause, one.seconds) for one in waiting] == [("handed-in", 5)]


@pytest.mark.parametrize(
    ("waited", "after"),
    [
        ({"slots": 60.0}, "slot"),
        ({"memory": 60.0, "slots": 5.0}, "room"),
        ({"overlap": 60.0}, "files"),
        ({"backoff": 60.0}, "first"),
        ({"paused": 60.0}, "first"),
        ({"slots": 5.0}, "first"),  # what ended half a minute before it began to wait held no slot of it
    ],
)
def test_a_slot_is_named_only_where_one_was_waited_for(
    plan: Plan, waited: dict[str, float], after: str
) -> None:
    events: list[AnyEvent] = [run_at(0, "running")]
    for id, start, end, held in (("1", 0, 60, {}), ("4", 90, 1290, waited)):
        begun = {"attempt": 1, "branch": "b", "base": COMMIT, "waited": held}
        events += [
            AttemptStarted(at=at(start), by="x", task=id, **begun),  # type: ignore[arg-type]
            AttemptEnded(at=at(end), by="x", task=id, attempt=1, outcome="ok"),
        ]
    path = make_metrics(plan, events, (), at(1290)).critical_path
    assert path[-1].after == after
    assert path[0].gap + sum(step.end - step.start for step in path) + path[-1].gap * (len(path) > 1) == 1290


def test_one_worker_would_not_have_needed_what_coordination_took(plan: Plan) -> None:
    """Each attempt took 20 seconds beside its agent and its check."""
    events = [
        msgspec.structs.replace(one, work_seconds=plan.tasks[TaskId(one.task or "")].estimate * 60 - 20)
        if isinstance(one, AttemptEnded)
        else one
        for one in play(plan).events
    ]
    metrics = make_metrics(plan, events, (), at(1500))
    assert (metrics.elapsed, metrics.sequential) == (1500, 2700 - 4 * 20)
