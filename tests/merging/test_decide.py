"""The decisions alone: worlds as values, no repository."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.forge.port import Gate, Pull
from gitcoord.merging.decide import PATIENCE, Memory, details_key, held_reasons, next_step
from gitcoord.merging.landed import Landing
from gitcoord.merging.model import (
    Adopt,
    Carrier,
    Defer,
    Details,
    Examine,
    Finish,
    Fold,
    Hold,
    LevelBranch,
    Merge,
    OpenPull,
    Options,
    Rebuild,
    RecordLanding,
    Settle,
    Step,
    Update,
    Wait,
    Work,
    World,
)
from gitcoord.tasks.model import TaskId

SINGLE, MULTI = Options(strategy="single-pr"), Options(strategy="multi-pr")
LEVEL_BRANCH = "feature/level-0-implementation"


def pull(number: int, head: str) -> Pull:
    return Pull(number=number, head=head, head_commit="h", base="main", state="open")


def work(id: str, standing: str = "ready", **more: object) -> Work:
    branch = f"task-{id}"
    fields = {
        "head": f"head-{id}",
        "recorded": f"head-{id}",
        "wave": 1,
        "pull": pull(int(id), branch),
        **more,
    }
    return msgspec.convert(
        {"task": id, "title": f"Task {id}", "branch": branch, "standing": standing, **fields},
        Work,
        from_attributes=True,
    )


def world(*works: Work, branch: LevelBranch | None = None) -> World:
    return World(level="level-0", base="main", base_commit="base", works=works, level_branch=branch)


def level(tip: str | None = "tip", **more: object) -> LevelBranch:
    return LevelBranch(name=LEVEL_BRANCH, tip=tip, **more)  # type: ignore[arg-type]


def memory(impatient: bool = True, **details: Details) -> Memory:
    kept = Memory.empty()
    kept.impatient = impatient
    for id, found in details.items():
        number = id.removeprefix("t")
        kept.details[f"task-{number}", f"head-{number}", "base"] = found
    return kept


def test_the_journal_learns_first_what_git_shows() -> None:
    landed = work("1", "landed", landing=Landing(commit="c", head="h"))
    seen = world(landed, work("2", "landed", journaled=True), work("3", recorded=None), branch=level())
    for options in (SINGLE, MULTI):
        assert next_step(seen, memory(), options) == RecordLanding(tasks=(TaskId("1"),))
    rest = world(work("3", recorded=None), work("4", recorded="older"), work("5"))
    assert next_step(rest, memory(), MULTI) == Adopt(tasks=(TaskId("3"), TaskId("4")))


def test_every_pull_request_is_open_before_the_first_is_merged() -> None:
    step = next_step(world(work("1"), work("2", pull=None)), memory(), MULTI)
    assert isinstance(step, OpenPull)
    assert step.carrier.tasks == ("2",)


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (None, Examine),
        (Details(clean=False, paths=("a",)), Defer),
        (Details(clean=True, behind=True), Update),
        (Details(clean=True, gates=(Gate(name="check ci", reason="it failed"),)), Hold),
        (Details(clean=True, settled=False), Settle),
        (Details(clean=True, tree="t"), Merge),
    ],
)
def test_a_task_is_examined_and_then_treated_as_was_found(found: Details | None, step: type[Step]) -> None:
    known = memory() if found is None else memory(t1=found)
    assert isinstance(next_step(world(work("1"), work("2")), known, MULTI), step)


def test_a_held_task_lets_the_others_of_its_wave_go_on_and_waits_with_its_reason() -> None:
    known = memory(impatient=False)
    known.held["task-1"] = "check ci: it failed"
    both = world(work("1"), work("2"))
    step = next_step(both, known, MULTI)
    assert isinstance(step, Examine)
    assert step.carrier.tasks == ("2",)
    assert held_reasons(both, known, MULTI) == {"1": "check ci: it failed"}


def test_a_later_wave_goes_after_the_earlier_one_as_long_as_there_is_time() -> None:
    seen = world(work("1", "waiting"), work("2", wave=2))
    assert next_step(seen, memory(impatient=False), MULTI) == Wait()
    assert isinstance(next_step(seen, memory(), MULTI), Examine)


def test_what_does_not_settle_is_held_in_the_end() -> None:
    known = memory(t1=Details(clean=True, settled=False))
    known.settling["task-1"] = PATIENCE
    assert isinstance(next_step(world(work("1")), known, MULTI), Hold)


def test_a_lost_answer_is_looked_at_before_the_merge_is_sent_again() -> None:
    known = memory(t1=Details(clean=True, tree="t"))
    known.doubt["task-1"] = 1
    assert isinstance(next_step(world(work("1")), known, MULTI), Settle)


def test_a_stopped_run_ends_and_says_why_for_what_was_ready() -> None:
    known = memory()
    known.stopped = "Squash merges are not allowed on this repository."
    seen = world(work("1"), work("2", "landed", journaled=True))
    assert next_step(seen, known, MULTI) == Finish()
    assert held_reasons(seen, known, MULTI)[TaskId("1")] == known.stopped


def test_the_level_is_folded_whole_and_then_merged_as_one() -> None:
    first = world(work("1", folded=True), work("2"), branch=level())
    assert next_step(first, memory(), SINGLE) == Fold(task=TaskId("2"))
    folded = world(work("1", folded=True), work("2", folded=True), branch=level())
    step = next_step(folded, memory(), SINGLE)
    assert isinstance(step, OpenPull)
    assert step.carrier.tasks == ("1", "2")


def test_the_level_waits_for_its_wave_unless_told_not_to() -> None:
    seen = world(work("1", folded=True), work("2", "waiting"), branch=level())
    assert next_step(seen, memory(), SINGLE) == Finish()
    assert next_step(seen, memory(impatient=False), SINGLE) == Wait()
    partial = msgspec.structs.replace(SINGLE, partial=True)
    assert isinstance(next_step(seen, memory(), partial), OpenPull)
    later = world(work("1", folded=True), work("2", "waiting", wave=2), branch=level())
    assert isinstance(next_step(later, memory(), SINGLE), OpenPull)


def test_a_level_branch_is_made_anew_only_when_nobody_worked_in_it() -> None:
    tasks = (work("1", folded=True), work("2", "deferred"))
    ours = world(*tasks, branch=level(excess=(TaskId("2"),)))
    assert next_step(ours, memory(), SINGLE) == Rebuild(tasks=(TaskId("1"),))
    theirs = world(*tasks, branch=level(excess=(TaskId("2"),), by_hand=True))
    step = next_step(theirs, memory(), SINGLE)
    assert isinstance(step, Hold)
    assert "made by hand" in step.reason


def test_all_or_nothing_ends_when_something_is_deferred() -> None:
    seen = world(work("1", folded=True), work("2", "deferred"), branch=level())
    strict = msgspec.structs.replace(SINGLE, all_or_nothing=True)
    assert next_step(seen, memory(), strict) == Finish()


ANSWERS = st.sampled_from(["done", "refused", "unsettled", "conflict", "behind", "gate", "lost"])


@given(
    waves=st.lists(st.integers(1, 3), min_size=1, max_size=6),
    standings=st.lists(st.sampled_from(["ready", "ready", "waiting", "deferred"]), min_size=6, max_size=6),
    options=st.builds(
        Options,
        strategy=st.sampled_from(["single-pr", "multi-pr"]),
        partial=st.booleans(),
        all_or_nothing=st.booleans(),
        serialize_on=st.sampled_from(["conflict", "overlap"]),
    ),
    by_hand=st.booleans(),
    answers=st.lists(ANSWERS, max_size=60),
)
def test_a_run_ends_whatever_it_is_answered(
    waves: list[int], standings: list[str], options: Options, by_hand: bool, answers: list[str]
) -> None:
    works = [
        work(str(n), standings[n - 1], wave=wave, pull=None, recorded=None)
        for n, wave in enumerate(sorted(waves), 1)
    ]
    play = Play(works, options, by_hand, answers)
    for _ in range(len(works) * (PATIENCE + 40) + 200):
        step = next_step(play.world, play.memory, options)
        if isinstance(step, Finish | Wait):
            break
        play.take(step)
    else:
        raise AssertionError(f"it went on and on, at last with {step}")
    ready = [one for one in play.world.works if one.standing == "ready"]
    if options.strategy == "multi-pr":
        assert all(one.branch in play.memory.held for one in ready)


class Play:
    """A world in which steps have the effects that the answers tell; all is well when those are used up."""

    def __init__(self, works: list[Work], options: Options, by_hand: bool, answers: list[str]) -> None:
        single = options.strategy == "single-pr"
        self.world = world(*works, branch=level(None, by_hand=by_hand) if single else None)
        self.memory = memory()
        self.answers = answers[::-1]
        self.made = 0

    def take(self, step: Step) -> None:
        match step:
            case RecordLanding():
                self.change(step.tasks, journaled=True)
            case Adopt():
                for task in step.tasks:
                    self.change((task,), recorded=self.world.work(task).head)
            case Fold():
                self.fold(step.task)
            case Rebuild():
                self.change([one.task for one in self.world.works], folded=False)
                self.branch(tip=self.new(), excess=())
            case Update():
                head = self.new()
                self.change((step.task,), head=head, recorded=head)
            case Defer():
                self.change((step.task,), standing="deferred", folded=False)
            case _:
                self.ask(step)

    def ask(self, step: Step) -> None:
        match step:
            case Hold():
                self.memory.held[step.carrier.branch] = step.reason
            case Settle():
                self.settle(step.carrier)
            case OpenPull():
                self.open(step.carrier)
            case Examine():
                self.memory.details[details_key(self.world, step.carrier)] = self.found()
            case Merge():
                self.merge(step.carrier)

    def found(self) -> Details:
        answer = self.answer()
        if answer == "conflict":
            return Details(clean=False)
        gates = (Gate(name="ci", reason="no"),) if answer == "gate" else ()
        return Details(clean=True, behind=answer == "behind", gates=gates, settled=answer != "unsettled")

    def fold(self, task: TaskId) -> None:
        if self.answer() == "conflict":
            self.change((task,), standing="deferred")
        else:
            self.branch(tip=self.new())
            self.change((task,), folded=True)

    def open(self, carrier: Carrier) -> None:
        if self.answer() == "refused":
            self.memory.held[carrier.branch] = "refused"
        elif self.world.level_branch is None:
            self.change(carrier.tasks, pull=pull(1, carrier.branch))
        else:
            self.branch(pull=pull(1, carrier.branch))

    def merge(self, carrier: Carrier) -> None:
        answer = self.answer()
        if answer == "done":
            self.change(carrier.tasks, standing="landed", folded=False)
            self.world = msgspec.structs.replace(self.world, base_commit=self.new())
            if self.world.level_branch is not None:
                self.world = msgspec.structs.replace(self.world, level_branch=level(None))
        elif answer == "refused":
            self.memory.held[carrier.branch] = "refused"
        else:
            if answer == "lost":
                self.memory.doubt[carrier.branch] = 4
            self.settle(carrier)

    def settle(self, carrier: Carrier) -> None:
        looks = self.memory.settling.get(carrier.branch, 0)
        self.memory.settling[carrier.branch] = looks + 1
        self.memory.doubt[carrier.branch] = max(0, self.memory.doubt.get(carrier.branch, 0) - 1)
        self.memory.details.pop(details_key(self.world, carrier), None)
        if looks >= PATIENCE:
            self.memory.held[carrier.branch] = "not settled"

    def answer(self) -> str:
        return self.answers.pop() if self.answers else "done"

    def new(self) -> str:
        self.made += 1
        return f"commit-{self.made}"

    def branch(self, **changes: object) -> None:
        assert self.world.level_branch is not None
        changed = msgspec.structs.replace(self.world.level_branch, **changes)
        self.world = msgspec.structs.replace(self.world, level_branch=changed)

    def change(self, tasks: tuple[TaskId, ...] | list[TaskId], **changes: object) -> None:
        works = tuple(
            msgspec.structs.replace(one, **changes) if one.task in tasks else one for one in self.world.works
        )
        self.world = msgspec.structs.replace(self.world, works=works)
