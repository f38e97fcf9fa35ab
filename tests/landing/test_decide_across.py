"""The moves of a level across repositories, as a pure function of what each of them shows."""

from gitcoord.landing.across.decide import (
    AcrossStep,
    BringForward,
    End,
    LandAll,
    RepositoryStates,
    RollBack,
    WaitForMissing,
    next_across_step,
)
from gitcoord.landing.across.model import AcrossContext, OnPartial, RepositoryState
from gitcoord.landing.model import Carrier
from gitcoord.landing.report import LandedTask, Report, WaitingTask
from gitcoord.level_events import LevelAcross, LevelState
from gitcoord.tasks.model import TaskId
from tests.planning.test_parts import plan

WHOLE = plan(("1", "schema", ""), ("2", "api", ""), ("3", "api web", ""), ("4", "web", "1 2"))
NAMES = ("schema", "api", "web")


def scene(on_partial: OnPartial = "wait", level: int = 0) -> AcrossContext:
    return AcrossContext(plan=WHOLE, level=WHOLE.levels[level], names=NAMES, on_partial=on_partial)


def member(
    name: str, landed: str = "", ready: str = "", waiting: str = "", wave: str | None = None
) -> RepositoryState:
    report = Report(
        level="level-0",
        strategy="multi-pr",
        base="main",
        base_commit="b",
        landed=tuple(LandedTask(task=TaskId(t), pull=1, commit="c", wave=1) for t in landed.split()),
        deferred=(),
        waiting=tuple(
            WaitingTask(task=TaskId(t), pull=None, reason="not started", needs="work")
            for t in waiting.split()
        ),
    )
    carriers = tuple(
        Carrier(branch=f"t{t}", head="h", tasks=(TaskId(t),), wave=1, pull=None) for t in ready.split()
    )
    first = f"{ready} {waiting}" if wave is None else wave
    return RepositoryState(
        name=name, report=report, carriers=carriers, wave=frozenset(map(TaskId, first.split())), tree="t"
    )


def some_of(tasks: str) -> frozenset[TaskId]:
    return frozenset(map(TaskId, tasks.split()))


def states(*members: RepositoryState) -> RepositoryStates:
    return {one.name: one for one in members}


def begun(state: LevelState = "proved") -> LevelAcross:
    tasks = {"schema": ("1",), "api": ("2", "3"), "web": ("3",)}
    return LevelAcross(at="", by="", task="level-0", state=state, tasks=tasks, reason="why")


def move(
    *members: RepositoryState, on_partial: OnPartial = "wait", may_wait: bool = False, **more: object
) -> AcrossStep:
    known = more.get("begun")
    assert known is None or isinstance(known, LevelAcross)
    return next_across_step(scene(on_partial), states(*members), known, {}, may_wait=may_wait)


def test_nothing_lands_before_all_of_the_wave_is_ready_everywhere() -> None:
    some = (member("schema", ready="1"), member("api", ready="2", waiting="3"), member("web", ready="3"))
    ended = move(*some)
    assert isinstance(ended, End)
    assert [(one.repository, one.task, one.reason) for one in ended.missing] == [("api", "3", "not started")]
    assert isinstance(move(*some, may_wait=True), WaitForMissing)
    every = (member("schema", ready="1"), member("api", ready="2 3"), member("web", ready="3"))
    assert move(*every) == LandAll(tasks={"schema": some_of("1"), "api": some_of("2 3"), "web": some_of("3")})


def test_a_task_of_several_repositories_waits_for_the_wave_that_it_has_in_one_of_them() -> None:
    some = (
        member("schema", ready="1"),
        member("api", ready="2", waiting="3", wave="2"),
        member("web", ready="3"),
    )
    assert move(*some) == LandAll(tasks={"schema": some_of("1"), "api": some_of("2")})


def test_what_has_landed_waits_or_is_taken_back_where_the_rest_is_needed() -> None:
    some = (member("schema", landed="1"), member("api", ready="2", waiting="3"), member("web", ready="3"))
    assert isinstance(move(*some, begun=begun()), End)
    back = move(*some, on_partial="rollback", begun=begun())
    assert isinstance(back, RollBack)
    assert (back.names, back.reason) == (("schema",), "task 2, which others need, did not land: not started")
    assert isinstance(move(*some, on_partial="rollback", begun=begun(), may_wait=True), WaitForMissing)
    # What others landed before is none of this: nothing was begun.
    assert isinstance(move(*some, on_partial="rollback"), End)


def test_what_nothing_depends_on_stays_and_what_is_half_in_goes() -> None:
    some = (member("schema", landed="1"), member("api", landed="2", waiting="3"), member("web", waiting="3"))
    assert isinstance(move(*some, on_partial="rollback", begun=begun()), End)
    half = (member("schema", landed="1"), member("api", landed="2 3"), member("web", waiting="3"))
    back = move(*half, on_partial="rollback", begun=begun())
    assert isinstance(back, RollBack)
    assert back.names == ("api", "schema")


def test_a_rollback_that_was_begun_goes_on_whatever_is_asked_for() -> None:
    some = (member("schema", landed="1"), member("api", ready="2 3"), member("web", ready="3"))
    assert move(*some, begun=begun("rolling-back")) == RollBack(names=("schema",), reason="why")


def test_what_is_in_everywhere_is_over() -> None:
    every = (member("schema", landed="1"), member("api", landed="2 3"), member("web", landed="3"))
    assert move(*every, on_partial="rollback", begun=begun()) == End()


def test_of_two_tasks_in_opposite_waves_the_first_is_brought_forward_once_and_then_named() -> None:
    """Each task is in a later wave in one of them, so that none can land."""
    small = plan(("1", "api web", ""), ("2", "api web", ""))
    crossed = AcrossContext(plan=small, level=small.levels[0], names=("api", "web"))
    members = states(member("api", ready="1"), member("web", ready="2"))
    step = next_across_step(crossed, members, None, {}, may_wait=False)
    assert step == BringForward(task=TaskId("1"), names=("web",))
    ended = next_across_step(crossed, members, None, {}, may_wait=False, forward={TaskId("1")})
    assert isinstance(ended, End)
    assert [(one.repository, one.task) for one in ended.missing] == [("api", "2"), ("web", "1")]
    assert "conflicts with task 1 and comes after it here, but first in another" in ended.missing[0].reason


def test_a_wave_that_was_proved_lands_to_its_end_before_a_later_one_is_waited_for() -> None:
    """A killed run has landed it in two repositories; a task of the next wave has to be reworked."""
    small = plan(("1", "schema", ""), ("2", "api", ""), ("3", "web", ""), ("5", "schema", ""))
    left = AcrossContext(plan=small, level=small.levels[0], names=NAMES)
    some = (member("schema", landed="1", waiting="5"), member("api", landed="2"), member("web", ready="3"))
    members = states(*some)
    tasks: dict[str, tuple[str, ...]] = {"schema": ("1",), "api": ("2",), "web": ("3",)}
    proved = LevelAcross(at="", by="", task="level-0", state="proved", tasks=tasks, reason="")
    assert next_across_step(left, members, proved, {}, may_wait=False) == LandAll(tasks={"web": some_of("3")})
    assert isinstance(next_across_step(left, members, None, {}, may_wait=False), End)
    assert isinstance(next_across_step(left, members, proved, {"web": "refused"}, may_wait=False), End)
