"""A run of landing ends, whatever it is answered: a play of generated worlds and answers."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gitcoord.forge.pull_requests import Gate, Way
from gitcoord.landing.decide import PATIENCE, next_step
from gitcoord.landing.loop_memory import details_key
from gitcoord.landing.model import Carrier, MergeReadiness, Options, TaskState
from gitcoord.landing.steps import (
    Adopt,
    Defer,
    Examine,
    Finish,
    Fold,
    HandOver,
    Hold,
    Merge,
    OpenPull,
    Rebuild,
    RecordLanding,
    Settle,
    Step,
    Update,
    Wait,
)
from gitcoord.tasks.model import TaskId
from tests.landing.worlds import level, memory, pull, work, world

ANSWERS = st.sampled_from(["done", "refused", "unsettled", "conflict", "behind", "gate", "lost", "queue"])


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
        held, queued = play.memory.held, play.memory.handed_over
        waves = [one.wave for one in play.world.works if one.branch in queued]
        assert all(one.branch in held or one.wave > min(waves) for one in ready)


class Play:
    """A world in which steps have the effects that the answers tell; all is well when those are used up."""

    def __init__(self, works: list[TaskState], options: Options, by_hand: bool, answers: list[str]) -> None:
        single = options.strategy == "single-pr"
        self.world = world(
            *works, branch=level(None, by_hand=("hand",) if by_hand else ()) if single else None
        )
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
            case HandOver():
                self.hand_over(step.carrier)

    def found(self) -> MergeReadiness:
        answer = self.answer()
        if answer == "conflict":
            return MergeReadiness(clean=False)
        gates = (Gate(name="ci", reason="no"),) if answer in ("gate", "queue") else ()
        offer: Way | None = "queue" if answer == "queue" else None
        return MergeReadiness(
            clean=True,
            behind=answer == "behind",
            gates=gates,
            offer=offer,
            settled=answer not in ("unsettled", "queue") or bool(self.made % 2),
        )

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
            self.change(carrier.tasks, pull=pull(1, carrier.branch), recorded_pull=1)
        else:
            self.branch(pull=pull(1, carrier.branch))
            self.change(carrier.tasks, recorded_pull=1)

    def hand_over(self, carrier: Carrier) -> None:
        answer = self.answer()
        if answer == "lost":
            self.settle(carrier)
        else:
            self.memory.held[carrier.branch] = answer
            (self.memory.declined if answer == "refused" else self.memory.handed_over).add(carrier.branch)

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
        self.memory.stalled += 1
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
