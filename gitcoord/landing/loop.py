"""Lands a level: observes, decides and acts, again and again until no step is left.

A crash needs no recovery: the next run observes first.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.landing import perform_forge, perform_git, verify_rollbacks
from gitcoord.landing.adopted import owners_of, retarget
from gitcoord.landing.commit_generated import regenerate
from gitcoord.landing.context import LandingContext, with_newest_plan
from gitcoord.landing.decide import closed_gates, next_step
from gitcoord.landing.defer_task import make_deferral, record_deferral
from gitcoord.landing.delete_branches import delete_spent
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.mergeability import number_of, why_left_to_forge
from gitcoord.landing.model import Carrier, LandingSnapshot, LevelBranch
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.observation_cache import ObservationCache
from gitcoord.landing.outcomes import (
    CarrierHeld,
    LookAgain,
    MergeDone,
    MergeForbidden,
    Outcome,
    OutcomeFollower,
)
from gitcoord.landing.perform_forge import examine, follow_merge
from gitcoord.landing.post_comments import close_unwanted, tell_deferred, tell_settled
from gitcoord.landing.prover import Prover, merges_in_one_move
from gitcoord.landing.pull_texts import merge_request
from gitcoord.landing.report import Report, make_report, waiting_tasks
from gitcoord.landing.steps import (
    Adopt,
    CommitGenerated,
    Defer,
    Examine,
    Finish,
    Fold,
    ForgeStep,
    HandOver,
    Hold,
    Merge,
    MergeTogether,
    OpenPull,
    Prove,
    Rebuild,
    RecordLanding,
    RecordRejections,
    RecordRollback,
    Retarget,
    Settle,
    Step,
    Update,
    Wait,
)
from gitcoord.landing.verify_landings import SentMerges
from gitcoord.notices import Tell
from gitcoord.tasks.model import TaskId

_TICKS = (0.5, 1.0, 2.0, 5.0)
"""Seconds between observations while workers, checks and reviews are pending; the last value repeats."""


class Lander:
    """One landing run. `tell` receives its notices."""

    def __init__(
        self, context: LandingContext, tell: Tell, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        context.repository.read_in_process()
        self._context = context
        self._notices = LandingNotices(tell)
        self._sleep = sleep
        self._cache = ObservationCache(owners_of(context))
        self._prover = Prover(self._notices)
        self._memory = LandingMemory.empty()
        self._sent = SentMerges()
        self._outcomes = OutcomeFollower(self._memory, self._cache, self._sent, self._notices, sleep)

    def land(self) -> Report:
        """Lands as much of the level as possible, and returns a report.

        Raises GitcoordError if git or the forge cannot be asked, `tree-differs` if a merge gave another tree
        than computed, and `merged-elsewhere` if the forge merged into another base.
        """
        deadline = time.monotonic() + self._context.options.wait
        while True:
            snapshot = self._cache.observe(self._context)
            self._sent.prove_landed(self._context, snapshot)
            self._notices.carried(snapshot.works)
            left = deadline - time.monotonic()
            self._memory.impatient = left <= 0
            step = next_step(snapshot, self._memory, self._context.options)
            if isinstance(step, Finish):
                return self._end(snapshot)
            if isinstance(step, Wait):
                self._wait(snapshot, left)
            elif isinstance(step, Prove):
                self._prove(snapshot, step.carrier)
            elif kept := self._context.held_by_permit(snapshot, step):
                self._outcomes.hold(*kept)
            elif isinstance(step, ForgeStep):
                self._ask_forge(snapshot, step)
            else:
                self._change_git(snapshot, step)

    def _end(self, snapshot: LandingSnapshot) -> Report:
        report = make_report(self._context, snapshot, self._memory)
        if not self._context.options.delete_branches:
            return report
        deleted, problems = delete_spent(self._context, snapshot)
        self._notices.caution(*problems)
        return msgspec.structs.replace(report, deleted=deleted)

    def _wait(self, snapshot: LandingSnapshot, left: float) -> None:
        if self._notices.waiting(waiting_tasks(self._context, snapshot, self._memory)):
            self._memory.waits = 0
        self._sleep(min(_TICKS[min(self._memory.waits, len(_TICKS) - 1)], max(0.0, left)))
        self._memory.waits += 1
        self._memory.release(snapshot)
        self._prover.forget(self._context)
        self._cache.forget()

    def _change_git(self, snapshot: LandingSnapshot, step: Step) -> None:
        context = self._context
        match step:
            case RecordRollback():
                perform_git.record_rollbacks(context.store, snapshot.undone)
                self._notices.recorded(*snapshot.undone)
                verify_rollbacks.prove_recorded(context, snapshot)
            case RecordLanding():
                self._record_landings(snapshot, step.tasks)
            case Retarget():
                retarget(context, snapshot, step, self._memory, self._cache, self._notices)
            case RecordRejections():
                self._notices.caution(close_unwanted(context, snapshot, step.tasks))
                self._notices.recorded(*perform_git.record_rejections(context, snapshot, step.tasks))
                self._cache.forget()
            case Adopt():
                self._notices.recorded(*perform_git.record_unsubmitted_tips(context, snapshot, step.tasks))
            case Fold():
                self._follow_git(snapshot, perform_git.fold(context, snapshot, step))
            case Update():
                self._follow_git(snapshot, perform_git.update(context, snapshot, step), step.task)
            case CommitGenerated():
                regenerate(context, step, self._memory, self._notices)
            case Defer():
                self._defer(snapshot, step)
            case Rebuild() if snapshot.level_branch is not None:
                self._rebuild(snapshot, snapshot.level_branch, step)

    def _rebuild(self, snapshot: LandingSnapshot, branch: LevelBranch, step: Rebuild) -> None:
        why = perform_git.rebuild(self._context, snapshot, step)
        if why:
            self._memory.final[branch.name] = (branch.tip or "", why)
            self._hold_branch(branch.name, step.tasks, why)
        elif why is not None:
            self._notices.rebuilt(branch.name, snapshot.base)

    def _prove(self, snapshot: LandingSnapshot, carrier: Carrier) -> None:
        proof = self._prover.prove(self._context, snapshot, carrier, self._memory)
        self._cache.expect_pushes()  # others may have pushed during the checks
        for one in proof.failing:
            self._defer(
                snapshot, Defer(task=one.task, paths=(), onto=snapshot.base_commit, failure=one.failure)
            )
        if proof.state == "held":
            self._outcomes.hold(carrier, proof.reason)
        elif proof.state == "stopped":
            self._outcomes.follow(snapshot, carrier, MergeForbidden(reason=proof.reason))
        elif proof.state == "passed":
            self._memory.learn(snapshot, carrier, proof, in_one_move=merges_in_one_move(self._context))

    def _record_landings(self, snapshot: LandingSnapshot, tasks: Sequence[TaskId]) -> None:
        events = perform_git.landings(self._context, snapshot, tasks)
        commits = {task: event.commit for task, event in events.items()}
        self._notices.caution(tell_settled(self._context, snapshot, commits))
        perform_git.record_landings(self._context, events.values())
        self._notices.recorded(*events.values())
        self._sent.prove_recorded(self._context, snapshot, tasks)

    def _hold_branch(self, branch: str, tasks: Sequence[TaskId], reason: str) -> None:
        self._memory.held[branch] = reason
        self._memory.stuck.add(branch)
        self._notices.held(branch, tasks, reason)

    def _ask_forge(self, snapshot: LandingSnapshot, step: ForgeStep) -> None:
        context, carrier = self._context, step.carrier
        match step:
            case Examine() | MergeTogether() if not self._cache.fetched:
                self._cache.expect_pushes()  # fetch first: the forge's answer must be the newer one
            case Examine():
                self._examine(snapshot, carrier)
            case Settle():
                self._outcomes.settle(snapshot, carrier)
            case Hold():
                self._outcomes.hold(carrier, step.reason, final=step.final)
            case OpenPull():
                self._outcomes.follow(snapshot, carrier, perform_forge.open_pull(context, snapshot, step))
            case MergeTogether():
                for one, outcome in merge_together(context, snapshot, step):
                    self._outcomes.follow(snapshot, one, outcome)
            case Merge() | HandOver() if why := why_left_to_forge(
                context, snapshot, carrier, self._memory.handed_over
            ):
                self._outcomes.hold(carrier, why)
            case Merge():
                outcome = perform_forge.merge(context, snapshot, step)
                if isinstance(outcome, LookAgain) and outcome.doubt:
                    self._sent.doubt(snapshot, step)
                self._outcomes.follow(snapshot, carrier, outcome)
            case HandOver():
                self._sent.forget(carrier)
                self._outcomes.follow_hand_over(
                    snapshot, step, perform_forge.hand_over(context, snapshot, step)
                )

    def _examine(self, snapshot: LandingSnapshot, carrier: Carrier) -> None:
        details = perform_forge.examine(self._context, snapshot, carrier)
        self._memory.learn_details(snapshot, carrier, details)
        if details.ended:
            self._cache.forget()

    def _follow_git(
        self, snapshot: LandingSnapshot, outcome: AnyEvent | Defer | str | None, task: TaskId | None = None
    ) -> None:
        if isinstance(outcome, Defer):
            self._defer(snapshot, outcome)
        elif isinstance(outcome, str) and task is not None:
            self._hold_branch(snapshot.work(task).branch, [task], outcome)
        elif outcome is not None and not isinstance(outcome, str):
            self._notices.recorded(outcome)

    def _defer(self, snapshot: LandingSnapshot, deferral: Defer) -> None:
        event = make_deferral(self._context, snapshot, deferral)
        self._notices.caution(tell_deferred(self._context, snapshot, event))
        record_deferral(self._context.store, event)
        self._context = with_newest_plan(self._context)
        self._notices.recorded(event)


def merge_together(
    context: LandingContext, snapshot: LandingSnapshot, step: MergeTogether
) -> list[tuple[Carrier, Outcome]]:
    """Sends the merge once, if no carrier has an obstacle; returns the outcome of each if they were
    merged, else one carrier with the reason.

    The caller observes again after any answer.
    """
    for carrier in step.carriers:
        reason = _obstacle(context, snapshot, carrier)
        if reason:
            return [(carrier, CarrierHeld(reason=reason))]
    requests = [merge_request(context, snapshot, one, number_of(one)) for one in step.carriers]
    tasks = tuple(task for one in step.carriers for task in one.tasks)
    combined = msgspec.structs.replace(step.carrier, tasks=tasks)
    numbers = [request.number for request in requests]
    request = merge_request(context, snapshot, combined, numbers[0], *numbers[1:])
    request = msgspec.structs.replace(request, tree=step.tree)
    outcome = context.forge.merge_together(requests, request)
    followed = follow_merge(context, snapshot, Merge(carrier=combined, tree=step.tree), request, outcome)
    # Handle a refusal once, not once for each carrier.
    affected = step.carriers if isinstance(followed, MergeDone) else step.carriers[:1]
    return [(carrier, followed) for carrier in affected]


def _obstacle(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> str:
    details = examine(context, snapshot, carrier)
    if details.gates:
        return closed_gates(details)
    if details.ended or not details.settled:
        return "its pull request is no longer open, or has another head"
    return "" if details.clean and not details.behind else f"it does not merge with {snapshot.base} now"
