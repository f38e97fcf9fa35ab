"""Landing a level: observe, decide, act, and look again, until nothing is left to do for now.

A crash needs no recovery: the next run observes and goes on.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.forge.port import BEHIND
from gitcoord.merging import act, deferring, pulls
from gitcoord.merging.context import LandingContext, with_newest_plan
from gitcoord.merging.decide import BY_ITSELF, PATIENCE, closed_gates, next_step
from gitcoord.merging.examine import examine, given_away
from gitcoord.merging.memory import LandingMemory, details_key
from gitcoord.merging.merged_tree import SentMerges
from gitcoord.merging.model import (
    Adopt,
    Carrier,
    Defer,
    Examine,
    Finish,
    Fold,
    ForgeStep,
    HandOver,
    Hold,
    LandingSnapshot,
    Merge,
    MergeTogether,
    OpenPull,
    Prove,
    Rebuild,
    RecordLanding,
    RecordRejections,
    RecordRollback,
    Settle,
    Step,
    Update,
    Wait,
)
from gitcoord.merging.outlook import Outlook
from gitcoord.merging.prover import Prover, merges_in_one_move
from gitcoord.merging.report import Report, make_report, waiting_tasks
from gitcoord.merging.talk import close_unwanted, tell_deferred, tell_settled
from gitcoord.merging.telling import LandingNotices
from gitcoord.merging.tidy import delete_spent
from gitcoord.merging.together import merge_together
from gitcoord.notices import Tell
from gitcoord.tasks.model import TaskId

_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0)
"""Seconds between looks at something that settles by itself; the last one repeats."""
_TICKS = (0.5, 1.0, 2.0, 5.0)
"""Seconds between looks while workers and gates are waited for; the last one repeats."""
_DOUBTFUL_LOOKS = 4
"""Looks after a lost answer before the merge is sent again: the first one may still be at work."""


class Lander:
    """One run of landing. `tell` is given a notice of everything that happens."""

    def __init__(
        self, scene: LandingContext, tell: Tell, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        scene.repository.read_in_process()
        self._scene = scene
        self._notices = LandingNotices(tell)
        self._sleep = sleep
        self._outlook = Outlook()
        self._prover = Prover(self._notices)
        self._memory = LandingMemory.empty()
        self._opened: set[str] = set()
        self._sent = SentMerges()
        self._waits = 0

    def land(self) -> Report:
        """Lands the scene's level as far as it will go, and reports how it stands then.

        Raises GitcoordError when git or the forge could not be asked, and `tree-differs` when a merge came
        out otherwise than computed.
        """
        deadline = time.monotonic() + self._scene.options.wait
        while True:
            world = self._outlook.look(self._scene)
            self._sent.prove_landed(self._scene, world)
            self._notices.carried(world.works)
            left = deadline - time.monotonic()
            self._memory.impatient = left <= 0
            step = next_step(world, self._memory, self._scene.options)
            if isinstance(step, Finish):
                return self._end(world)
            if isinstance(step, Wait):
                self._wait(world, left)
            elif isinstance(step, Prove):
                self._prove(world, step.carrier)
            elif isinstance(step, ForgeStep):
                self._ask_forge(world, step)
            else:
                self._change_git(world, step)

    def _end(self, world: LandingSnapshot) -> Report:
        report = make_report(self._scene, world, self._memory)
        if not self._scene.options.delete_branches:
            return report
        deleted, problems = delete_spent(self._scene, world)
        self._notices.caution(*problems)
        return msgspec.structs.replace(report, deleted=deleted)

    def _wait(self, world: LandingSnapshot, left: float) -> None:
        if self._notices.waiting(waiting_tasks(self._scene, world, self._memory)):
            self._waits = 0
        self._sleep(min(_TICKS[min(self._waits, len(_TICKS) - 1)], max(0.0, left)))
        self._waits += 1
        self._memory.release(world)
        self._prover.forget()
        self._memory.settling.clear()
        self._memory.details.clear()
        self._outlook.forget()

    def _change_git(self, world: LandingSnapshot, step: Step) -> None:
        scene = self._scene
        match step:
            case RecordRollback():
                act.record_rollbacks(scene.store, world.undone)
                self._notices.recorded(*world.undone)
            case RecordLanding():
                self._record_landings(world, step.tasks)
            case RecordRejections():
                self._notices.caution(close_unwanted(scene, world, step.tasks))
                self._notices.recorded(*act.record_rejections(scene, world, step.tasks))
                self._outlook.forget()
            case Adopt():
                self._notices.recorded(*act.adopt(scene, world, step.tasks))
            case Fold():
                self._follow_git(world, act.fold(scene, world, step))
            case Update():
                self._update(world, step)
            case Defer():
                self._defer(world, step)
            case Rebuild() if world.level_branch is not None:
                name, why = world.level_branch.name, act.rebuild(scene, world, step)
                if why:
                    self._hold_branch(name, step.tasks, why)
                else:
                    self._notices.rebuilt(name, world.base)

    def _prove(self, world: LandingSnapshot, carrier: Carrier) -> None:
        proof = self._prover.prove(self._scene, world, carrier, self._memory)
        self._outlook.expect_pushes()  # checks take long
        for one in proof.failing:
            self._defer(world, Defer(task=one.task, paths=(), onto=world.base_commit, failure=one.failure))
        if proof.state == "held":
            self._hold(carrier, proof.reason)
        elif proof.state == "stopped":
            self._follow(world, carrier, pulls.MergeForbidden(reason=proof.reason))
        elif proof.state == "passed":
            self._memory.learn(world, carrier, proof, in_one_move=merges_in_one_move(self._scene))

    def _record_landings(self, world: LandingSnapshot, tasks: Sequence[TaskId]) -> None:
        events = act.landings(self._scene, world, tasks)
        commits = {task: event.commit for task, event in events.items()}
        self._notices.caution(tell_settled(self._scene, world, commits))
        act.record_landings(self._scene, events.values())
        self._notices.recorded(*events.values())
        self._sent.prove_recorded(self._scene, world, tasks)

    def _update(self, world: LandingSnapshot, step: Update) -> None:
        outcome = act.update(self._scene, world, step)
        if isinstance(outcome, str):
            self._hold_branch(world.work(step.task).branch, [step.task], outcome)
        else:
            self._follow_git(world, outcome)

    def _hold_branch(self, branch: str, tasks: Sequence[TaskId], reason: str) -> None:
        self._memory.held[branch] = reason
        self._notices.held(branch, tasks, reason)

    def _ask_forge(self, world: LandingSnapshot, step: ForgeStep) -> None:
        scene, carrier = self._scene, step.carrier
        match step:
            case Examine() | MergeTogether() if not self._outlook.fetched:
                self._outlook.expect_pushes()  # git first: between the forge's answer and a merge is nothing
            case Examine():
                self._examine(world, carrier)
            case Settle():
                self._settle(world, carrier)
            case Hold():
                self._hold(carrier, step.reason, final=step.final)
            case OpenPull():
                self._follow(world, carrier, pulls.open_pull(scene, world, step))
            case MergeTogether():
                for one, outcome in merge_together(scene, world, step):
                    self._follow(world, one, outcome)
            case Merge() | HandOver() if why := given_away(scene, world, carrier, self._memory.handed_over):
                self._hold(carrier, why)
            case Merge():
                outcome = pulls.merge(scene, world, step)
                if isinstance(outcome, pulls.LookAgain) and outcome.doubt:
                    self._sent.doubt(world, step)
                self._follow(world, carrier, outcome)
            case HandOver():
                self._hand_over(world, step)

    def _examine(self, world: LandingSnapshot, carrier: Carrier) -> None:
        details = examine(self._scene, world, carrier)
        self._memory.learn_details(world, carrier, details)
        if details.ended:
            self._outlook.forget()

    def _hand_over(self, world: LandingSnapshot, step: HandOver) -> None:
        carrier, memory = step.carrier, self._memory
        self._sent.forget(carrier)
        details = memory.details[details_key(world, carrier)]
        closed = closed_gates(details)
        outcome = pulls.hand_over(self._scene, world, step)
        match outcome:
            case pulls.CarrierHeld() if any(gate.name == BEHIND for gate in details.gates):
                self._follow(world, carrier, pulls.HeadOutdated(message=outcome.reason))
            case pulls.MergeDelegated():
                memory.handed_over.add(carrier.branch)
                self._outlook.forget()
                queued = "it is in the forge's merge queue, and merges when its turn comes"
                self._notices.recorded(*outcome.events)
                memory.held[carrier.branch] = queued if step.way == "queue" else f"{closed} ({BY_ITSELF})"
            case pulls.MergeDeclined():
                memory.declined.add(carrier.branch)
                self._hold(carrier, f"{closed}; the forge does not merge it by itself: {outcome.reason}")
            case _:
                self._follow(world, carrier, outcome)

    def _follow(
        self, world: LandingSnapshot, carrier: Carrier, outcome: pulls.Outcome | pulls.OpenedPull
    ) -> None:
        match outcome:
            case pulls.OpenedPull() if carrier.pull is None and carrier.branch in self._opened:
                self._outlook.forget()
                self._settle(world, carrier)  # it is there, and not listed yet
            case pulls.OpenedPull():
                self._opened.add(carrier.branch)
                self._outlook.learn_opened(outcome.pull)
                self._notices.recorded(*outcome.events)
                self._notices.caution(outcome.problem)
            case pulls.MergeDone():
                self._sent.settle(carrier)
                self._outlook.learn(pulls.merged_pull(carrier, outcome.commit))
                self._notices.merged(carrier, world.base, outcome.commit)
            case pulls.CarrierHeld():
                self._outlook.forget()
                self._hold(carrier, outcome.reason, final=outcome.final)
            case pulls.MergeForbidden():
                self._outlook.forget()
                self._memory.stopped = outcome.reason
                self._notices.stopped(outcome.reason)
            case pulls.HeadOutdated():
                self._outlook.forget()
                self._notices.answered(carrier, outcome.message)
                key = details_key(world, carrier)
                known = self._memory.details[key]
                self._memory.details[key] = msgspec.structs.replace(known, behind=True)
            case pulls.LookAgain():
                self._outlook.forget()
                if outcome.message:
                    self._notices.answered(carrier, outcome.message, again=True)
                if outcome.doubt:
                    self._memory.doubt[carrier.branch] = _DOUBTFUL_LOOKS
                if outcome.pause:
                    self._settle(world, carrier)

    def _hold(self, carrier: Carrier, reason: str, *, final: bool = False) -> None:
        self._memory.held[carrier.branch] = reason
        if final:
            self._memory.final[carrier.branch] = (carrier.head, reason)
        if self._waits == 0:
            self._notices.held(carrier.branch, carrier.tasks, reason)

    def _settle(self, world: LandingSnapshot, carrier: Carrier) -> None:
        self._outlook.expect_pushes()
        if self._memory.doubt.get(carrier.branch, 0):
            self._outlook.forget()
        looks = self._memory.look_again(world, carrier)
        if looks >= PATIENCE:
            self._hold(carrier, "the forge has not made up its mind")
        else:
            self._sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])

    def _follow_git(self, world: LandingSnapshot, outcome: AnyEvent | Defer | None) -> None:
        if isinstance(outcome, Defer):
            self._defer(world, outcome)
        elif outcome is not None:
            self._notices.recorded(outcome)

    def _defer(self, world: LandingSnapshot, deferral: Defer) -> None:
        event = deferring.deferral(self._scene, world, deferral)
        self._notices.caution(tell_deferred(self._scene, world, event))
        deferring.record_deferral(self._scene.store, event)
        self._scene = with_newest_plan(self._scene)
        self._notices.recorded(event)
