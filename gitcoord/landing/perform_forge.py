"""Performs the steps on the forge: opens, examines and merges pull requests, and verifies each merge."""

from functools import partial

import msgspec

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import PullOpened, TaskHandedOver
from gitcoord.forge.pull_requests import Gate, Merged, MergeOutcome, MergeRequest, Pull, Refused, Unclear
from gitcoord.landing.context import LandingContext
from gitcoord.landing.mergeability import examine_in_git, number_of, with_forge_state
from gitcoord.landing.model import Carrier, LandingSnapshot, MergeReadiness
from gitcoord.landing.outcomes import (
    CarrierHeld,
    HeadOutdated,
    LookAgain,
    MergeDeclined,
    MergeDelegated,
    MergeDone,
    MergeForbidden,
    OpenedPull,
    Outcome,
)
from gitcoord.landing.own_text import is_own
from gitcoord.landing.post_comments import add_extras, made_ready
from gitcoord.landing.pull_texts import merge_request, new_pull, new_text
from gitcoord.landing.rejections import moved_away
from gitcoord.landing.steps import HandOver, Merge, OpenPull
from gitcoord.landing.verify_base import base_holds
from gitcoord.landing.verify_landings import prove
from gitcoord.state.task_history import Progress


def open_pull(context: LandingContext, snapshot: LandingSnapshot, step: OpenPull) -> Outcome | OpenedPull:
    """Opens the carrier's pull request, or adopts an existing one, and records it."""
    opened = step.carrier.pull or _open(context, snapshot, step.carrier)
    if not isinstance(opened, Pull):
        return opened
    branch, number = step.carrier.branch, opened.number
    known = {task for task in step.carrier.tasks if snapshot.work(task).recorded_pull == number}
    # Record last: after an interruption, the next run adds the labels and reviewers again.
    adopted = not is_own(opened)
    # In an adopted plan, other people's pull requests keep the labels and reviewers that people chose.
    problem = "" if known or (adopted and context.plan.adopted) else add_extras(context, number)
    events = tuple(
        PullOpened(at=now(), by=worker_name(), task=task, pull=number, branch=branch, adopted=adopted)
        for task in step.carrier.tasks
    )
    context.store.record_all([(event, partial(_is_told, number)) for event in events])
    return OpenedPull(pull=opened, events=events, problem=problem)


def _is_told(number: int, before: Progress) -> bool:
    return before.pull == number and before.rejection is None


def _open(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> Outcome | Pull:
    opened = context.forge.open_pull(new_pull(context, snapshot, carrier))
    match opened:
        case Unclear() | Refused(kind="retry" | "head-moved"):
            return LookAgain(pause=True, message=opened.message)
        case Refused(kind="not-allowed"):
            return MergeForbidden(reason=f"no pull request can be opened: {opened.reason}")
        case Refused():
            return CarrierHeld(reason=f"its pull request cannot be opened: {opened.reason}", final=True)
    return opened


def examine(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> MergeReadiness:
    """Merges the carrier in memory; if it merges, prepares its pull request and asks the forge about it."""
    found = examine_in_git(context, snapshot, carrier)
    if not found.clean or found.behind or found.gates:
        return found
    pull = context.forge.read_pull(number_of(carrier))
    if pull.state != "open":
        return msgspec.structs.replace(found, settled=False, ended=True)
    if pull.base != snapshot.base:
        gate = Gate(name="base", reason=moved_away(pull, snapshot.base))
        return msgspec.structs.replace(found, gates=(gate,), ended=True)
    pull = _prepare_pull(context, snapshot, carrier, pull)
    settled = pull.head_commit == carrier.head and pull.mergeable is not None
    return msgspec.structs.replace(with_forge_state(context, snapshot, carrier, found, pull), settled=settled)


def _prepare_pull(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, pull: Pull) -> Pull:
    """Marks gitcoord's own draft as ready, and updates gitcoord's text; returns the pull request's state."""
    pull = made_ready(context, carrier, pull)
    text = new_text(context, snapshot, carrier, pull)
    if text is not None:
        context.forge.edit_pull(pull.number, title=text.title, body=text.body)
    return pull


def merge(context: LandingContext, snapshot: LandingSnapshot, step: Merge) -> Outcome:
    """Sends the merge once. The caller observes again after any answer."""
    request = merge_request(context, snapshot, step.carrier, number_of(step.carrier))
    if context.options.check is not None:
        request = msgspec.structs.replace(request, tree=step.tree)
    return follow_merge(context, snapshot, step, request, context.forge.merge_pull(request))


def follow_merge(
    context: LandingContext,
    snapshot: LandingSnapshot,
    step: Merge,
    request: MergeRequest,
    outcome: MergeOutcome,
) -> Outcome:
    """Interprets the forge's answer to `request`; compares the merged tree with the computed one.

    Raises `tree-differs`, or `merged-elsewhere` if the pull request's base was changed before the merge.
    """
    carrier = step.carrier
    match outcome:
        case Merged():
            if not context.ancestry.existing({outcome.commit}):
                context.store.refresh()
            tip = context.shared.branch(snapshot.base)
            if not base_holds(
                context.forge, context.ancestry, snapshot.base, tip, request.number, outcome.commit
            ):
                lag = f"{snapshot.base} does not show the merge {outcome.commit[:12]} yet."
                return LookAgain(pause=True, doubt=True, message=lag)
            prove(context, snapshot, step, outcome.commit)
            return MergeDone(commit=outcome.commit)
        case Unclear():
            return LookAgain(pause=True, doubt=True, message=outcome.message)
        case Refused(kind="not-allowed"):
            return MergeForbidden(reason=outcome.reason)
        case Refused(kind="outdated") if not context.ancestry.contains(carrier.head, snapshot.base_commit):
            return HeadOutdated(message=outcome.message)
        case Refused(kind="moved" | "closed"):
            return LookAgain(message=outcome.message)
        case Refused(kind="retry" | "conflict" | "head-moved" | "outdated" | "queue"):
            # Git has just merged it cleanly at this head: the forge lags behind, or a branch has moved.
            return LookAgain(pause=True, message=outcome.message)
        case _:
            return CarrierHeld(reason=outcome.reason, final=outcome.kind in ("unfit", "unknown"))


def hand_over(
    context: LandingContext, snapshot: LandingSnapshot, step: HandOver
) -> Outcome | MergeDeclined | MergeDelegated:
    """Asks the forge to merge the carrier automatically, and records that."""
    carrier = step.carrier
    request = merge_request(context, snapshot, carrier, number_of(carrier))
    outcome = context.forge.hand_over(request, step.way)
    match outcome:
        case Refused(kind="moved" | "closed"):
            return LookAgain(message=outcome.message)
        case Unclear() | Refused(kind="retry" | "head-moved"):
            return LookAgain(pause=True, message=outcome.message)
        case Refused(kind="not-allowed") if step.way == "queue":
            return MergeForbidden(reason=outcome.reason)
        case Refused(kind="gate"):
            return CarrierHeld(reason=outcome.message)
        case Refused():
            return MergeDeclined(reason=outcome.message)
    events = tuple(
        TaskHandedOver(
            at=now(),
            by=worker_name(),
            task=task,
            pull=request.number,
            head=carrier.head,
            way="merge queue" if step.way == "queue" else "auto-merge",
        )
        for task in carrier.tasks
    )
    context.store.record_all([(event, lambda before: before.landing is not None) for event in events])
    return MergeDelegated(events=events)
