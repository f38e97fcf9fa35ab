"""The picture of the work: what every unit is at, how far, how fast. Numbers are worked out by hand."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    CancelAsked,
    Outcome,
    RetryAsked,
    RunChanged,
    TaskDeferred,
    TaskFolded,
    TaskLanded,
    TaskRolledBack,
    TasksClash,
    TaskSubmitted,
)
from gitcoord.planning.model import Plan
from gitcoord.progress.live_state import LiveState
from gitcoord.progress.make_metrics import make_metrics
from gitcoord.progress.make_picture import Picture, UnitView, make_picture
from gitcoord.progress.unit_state import FINISHED
from gitcoord.tasks.model import TaskId
from tests.progress.plans import COMMIT, at, parent, planned, play, task
from tests.support.laws import tries


def begun(id: str, seconds: float, attempt: int = 1, *, rework: bool = False) -> AttemptStarted:
    return AttemptStarted(
        at=at(seconds), by="ann", task=id, attempt=attempt, branch="b", base=COMMIT, rework=rework
    )


def over(
    id: str, seconds: float, outcome: Outcome = "ok", attempt: int = 1, reason: str = ""
) -> AttemptEnded:
    return AttemptEnded(
        at=at(seconds), by="ann", task=id, attempt=attempt, outcome=outcome, reason=reason, tokens=100
    )


def handed_in(id: str, seconds: float) -> TaskSubmitted:
    return TaskSubmitted(at=at(seconds), by="ann", task=id, branch="b", head=COMMIT)


def running(seconds: float = 0) -> RunChanged:
    return RunChanged(at=at(seconds), by="ann", state="running", max_parallel=2)


def views(picture: Picture) -> dict[str, UnitView]:
    return {unit.id: unit for one in picture.parents for wave in one.waves for unit in wave}


def states(picture: Picture) -> dict[str, str]:
    return {id: view.state for id, view in views(picture).items()}


@pytest.fixture
def plan() -> Plan:
    """Task 1 has two waves of subtasks, 2 and 3 are whole, 3 needs 2, 4 needs 1 and 3."""
    first = parent("1", "Parent", [["a", "b"], ["c"]])
    return planned([first, task("2"), task("3", "2"), task("4", "1", "3")], max_parallel=2)


def test_before_anything_begins_what_needs_nothing_is_ready(plan: Plan) -> None:
    picture = make_picture(plan, [], (), at(0))
    assert states(picture) == {
        "1.1": "ready",
        "1.2": "ready",
        "1.3": "waiting",
        "2": "ready",
        "3": "waiting",
        "4": "waiting",
    }
    assert (picture.units, picture.done, picture.percent, picture.run) == (6, 0, 0, None)
    assert views(picture)["1.3"].why == "needs 1.1, 1.2"


def test_units_move_from_work_to_landed(plan: Plan) -> None:
    events: list[AnyEvent] = [
        running(),
        begun("1.1", 0),
        begun("2", 0),
        over("1.1", 60),
        begun("1.2", 60),
        over("2", 90),
    ]
    picture = make_picture(plan, [*events, handed_in("2", 90)], (), at(100))
    assert states(picture)["1.1"] == "done"
    assert states(picture)["1.2"] == "running"
    assert views(picture)["1.2"].seconds == 40
    assert states(picture)["2"] == "submitted"
    assert states(picture)["3"] == "waiting"  # for 2 to land
    later = make_picture(plan, [*events, handed_in("2", 90)], {TaskId("2")}, at(100))
    assert (states(later)["2"], states(later)["3"], later.landed) == ("landed", "ready", 1)
    assert [one.state for one in later.parents if one.id == "1"] == ["running"]


def test_what_failed_blocks_everything_behind_it_and_is_named(plan: Plan) -> None:
    events: list[AnyEvent] = [running(), begun("2", 0), over("2", 60, "failed", reason="the check failed")]
    picture = make_picture(plan, events, (), at(100))
    assert (states(picture)["2"], states(picture)["3"], states(picture)["4"]) == (
        "failed",
        "blocked",
        "blocked",
    )
    assert (views(picture)["2"].why, views(picture)["2"].blocks) == ("the check failed", 2)
    assert views(picture)["4"].why == "waits for 2"
    asked = RetryAsked(at=at(110), by="ann", task="2")
    assert states(make_picture(plan, [*events, asked], (), at(120)))["2"] == "ready"


@pytest.mark.parametrize(
    ("outcome", "going", "state"),
    [
        ("again", True, "ready"),
        ("timeout", True, "ready"),
        ("lost", False, "failed"),
        ("wrong", True, "failed"),
        ("cancelled", True, "ready"),
        ("conflict", True, "deferred"),
    ],
)
def test_how_a_try_ended_decides_what_the_unit_is_at(
    plan: Plan, outcome: Outcome, going: bool, state: str
) -> None:
    events: list[AnyEvent] = [running()] if going else []
    picture = make_picture(plan, [*events, begun("2", 0), over("2", 9, outcome)], (), at(10))
    assert states(picture)["2"] == state


def test_a_deferred_task_is_at_work_again_in_its_rework(plan: Plan) -> None:
    deferral = TaskDeferred(at=at(60), by="ann", task="2", head=COMMIT, reason="conflicts in x")
    events: list[AnyEvent] = [begun("2", 0), handed_in("2", 50), over("2", 60, "conflict"), deferral]
    picture = make_picture(plan, events, (), at(61))
    assert (states(picture)["2"], views(picture)["2"].why) == ("deferred", "conflicts in x")
    again = make_picture(plan, [*events, begun("2", 62, 2, rework=True)], (), at(70))
    assert (states(again)["2"], views(again)["2"].rework) == ("running", True)


def test_the_rework_of_a_task_with_subtasks_is_a_unit_of_its_own(plan: Plan) -> None:
    folds = [
        TaskFolded(at=at(9), by="ann", task=f"1.{one}", into="b", head=COMMIT, commit=COMMIT)
        for one in (1, 2, 3)
    ]
    deferral = TaskDeferred(at=at(60), by="ann", task="1", head=COMMIT, reason="conflicts in x")
    events: list[AnyEvent] = [*folds, handed_in("1", 50), deferral]
    picture = make_picture(plan, events, (), at(61))
    assert (picture.units, states(picture)["1"], picture.parents[0].state) == (7, "deferred", "deferred")
    assert views(picture)["1"].title == "Parent"
    again = make_picture(plan, [*events, begun("1", 62, rework=True)], (), at(70))
    assert (again.slots, again.done, states(again)["1"], views(again)["1"].rework) == (1, 3, "running", True)
    over_now = [*events, begun("1", 62, rework=True), handed_in("1", 80), over("1", 80)]
    assert make_picture(plan, over_now, (), at(90)).units == 6
    assert make_metrics(plan, over_now, (), at(90)).bars[-1].title == "Parent"


def test_a_task_that_was_rolled_back_waits_for_somebody(plan: Plan) -> None:
    landed = TaskLanded(at=at(60), by="ann", task="2", branch="b", head=COMMIT, commit=COMMIT)
    back = TaskRolledBack(at=at(70), by="ann", task="2", head=COMMIT, start=COMMIT, commit=COMMIT)
    events: list[AnyEvent] = [begun("2", 0), handed_in("2", 50), over("2", 50), landed, back]
    picture = make_picture(plan, events, (), at(80))
    assert (states(picture)["2"], picture.landed, picture.news[-1].bad) == ("deferred", 0, True)


def test_a_cancelled_task_stays_so_until_somebody_asks_for_more(plan: Plan) -> None:
    events: list[AnyEvent] = [begun("2", 0), CancelAsked(at=at(5), by="ann", task="2")]
    assert views(make_picture(plan, events, (), at(6)))["2"].why == "to be cancelled"
    gone = make_picture(plan, [*events, over("2", 7, "cancelled")], (), at(8))
    assert (states(gone)["2"], states(gone)["3"]) == ("cancelled", "blocked")


def test_the_coordinator_says_what_holds_ready_units_back(plan: Plan) -> None:
    live = LiveState(
        slots=2,
        slot_limit=2,
        tokens=500,
        token_limit=1000,
        holding={TaskId("1.1"): ("slots", "both slots are taken"), TaskId("3"): ("landing", "2 has to land")},
    )
    picture = make_picture(plan, [running(), begun("2", 0)], (), at(10), live)
    assert (views(picture)["1.1"].why, states(picture)["1.1"]) == ("both slots are taken", "ready")
    assert (views(picture)["3"].why, states(picture)["3"]) == ("2 has to land", "waiting")
    assert (picture.slots, picture.slot_limit, picture.token_limit) == (2, 2, 1000)
    assert picture.holding == {"slots": 1, "landing": 1}
    begun_only = msgspec.structs.replace(live, at_work=(TaskId("3"),))
    started = make_picture(plan, [running()], (), at(10), begun_only)
    assert (states(started)["3"], views(started)["3"].why) == ("ready", "starting")
    again: list[AnyEvent] = [running(), begun("3", 0), over("3", 5, "again")]
    unheld = msgspec.structs.replace(begun_only, holding={})
    assert states(make_picture(plan, again, (), at(10), unheld))["3"] == "ready"


def test_time_left_is_the_longest_chain_over_measured_durations(plan: Plan) -> None:
    """Estimates are a minute each; what was measured took twice that."""
    events: list[AnyEvent] = [running(), begun("1.1", 0), begun("1.2", 0), over("1.1", 120), over("1.2", 120)]
    pace = make_picture(plan, [*events, begun("2", 120)], (), at(150)).pace
    # The tail of 2 is 2, 3 and 4: 90 s are left of 2, then 120 and 120.
    assert (pace.remaining, pace.measured) == (330, 2)
    assert (pace.elapsed, pace.sequential, pace.saved) == (150, 270, 120)
    first = make_picture(plan, [], (), at(0)).pace
    assert (first.remaining, first.measured) == (180, 0)  # by the plan's estimates: 6 units in 2 slots


def test_a_unit_that_takes_longer_than_expected_is_not_thought_over(plan: Plan) -> None:
    events: list[AnyEvent] = [running(), begun("1.1", 0), over("1.1", 60), begun("2", 60)]
    pace = make_picture(planned([task("2")]), [*events], (), at(1000)).pace
    assert pace.remaining == pytest.approx(6)


def test_nights_between_runs_are_not_counted(plan: Plan) -> None:
    ended = RunChanged(at=at(100), by="ann", state="ended")
    events: list[AnyEvent] = [
        running(),
        begun("2", 0),
        over("2", 100),
        ended,
        running(90_000),
        begun("3", 90_000),
    ]
    assert make_picture(plan, events, (), at(90_060)).pace.elapsed == 160


def test_a_run_that_was_killed_counts_until_its_last_event(plan: Plan) -> None:
    events: list[AnyEvent] = [running(), begun("2", 0), over("2", 100), running(90_000), begun("3", 90_010)]
    assert make_picture(plan, events, (), at(90_060)).pace.elapsed == 160


def test_what_people_do_without_a_run_is_seen_too(plan: Plan) -> None:
    played = play(planned([task("7")]))
    assert make_picture(planned([task("7")]), played.events, played.landed, at(60)).percent == 100
    picture = make_picture(plan, [], {TaskId("1"), TaskId("2")}, at(0))
    assert (picture.percent, picture.landed, states(picture)["1.3"]) == (66, 2, "landed")


def test_clashes_are_open_until_one_of_the_two_has_landed(plan: Plan) -> None:
    clash = TasksClash(at=at(5), by="run", task="1.1", other="2", paths=("x",))
    events: list[AnyEvent] = [begun("1.1", 0), begun("2", 0), clash, clash]
    assert [one.open for one in make_picture(plan, events, (), at(9)).clashes] == [True]
    assert [one.open for one in make_picture(plan, events, {TaskId("1")}, at(9)).clashes] == [False]


@st.composite
def runs(draw: st.DrawFn) -> tuple[Plan, float, dict[str, list[Outcome]]]:
    """A plan of a few parents and tasks, a moment in its run, and how first tries end."""
    count = draw(st.integers(1, 6))
    tasks = []
    for number in range(1, count + 1):
        needs = draw(st.sets(st.integers(1, number - 1))) if number > 1 else set()
        ids = [str(need) for need in sorted(needs)]
        waves = draw(st.lists(st.integers(1, 3), max_size=3))
        if waves:
            tasks.append(parent(str(number), "p", [["s"] * width for width in waves], *ids))
        else:
            tasks.append(task(str(number), *ids, minutes=draw(st.integers(1, 9))))
    outcomes: st.SearchStrategy[list[Outcome]] = st.lists(
        st.sampled_from(["again", "failed", "conflict", "timeout"]), max_size=2
    )
    ends = draw(st.dictionaries(st.sampled_from([str(n) for n in range(1, 7)]), outcomes, max_size=3))
    slots = draw(st.integers(1, 4))
    return planned(tasks, max_parallel=slots), draw(st.floats(0, 3000)), ends


@given(runs())
@settings(max_examples=tries(30))
def test_a_picture_of_any_moment_adds_up(run: tuple[Plan, float, dict[str, list[Outcome]]]) -> None:
    plan, moment, ends = run
    played = play(plan, until=moment, ends=ends, landing=7)
    picture = make_picture(plan, played.events, played.landed, at(moment))
    shown = views(picture)
    assert sum(picture.counts.values()) == picture.units == len(shown)
    assert picture.done == sum(view.state in FINISHED for view in shown.values())
    assert (picture.percent == 100) == (picture.done == picture.units)
    assert picture.slots <= plan.max_parallel
    assert 0 <= picture.pace.elapsed <= moment + 1e-6
    assert (picture.pace.remaining == 0) == (picture.percent == 100)
    assert all(view.why for view in shown.values() if view.state in ("waiting", "blocked"))


@given(runs())
@settings(max_examples=tries(30))
def test_a_run_without_failures_ends_with_everything_done(
    run: tuple[Plan, float, dict[str, list[Outcome]]],
) -> None:
    plan, _, _ = run
    played = play(plan)
    picture = make_picture(plan, played.events, played.landed, at(played.seconds))
    assert (picture.percent, picture.landed, picture.pace.remaining) == (100, len(plan.tasks), 0)
    estimates = sum(task.estimate for task in plan.tasks.values()) * 60
    assert picture.pace.sequential == pytest.approx(estimates)
    assert picture.pace.elapsed == pytest.approx(played.seconds)
