"""Merges several pull requests in one move of the base, if the forge supports it."""

import msgspec

from gitcoord.landing.context import LandingContext
from gitcoord.landing.decide import closed_gates
from gitcoord.landing.mergeability import number_of
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.outcomes import CarrierHeld, MergeDone, Outcome
from gitcoord.landing.perform_forge import examine, follow_merge
from gitcoord.landing.pull_texts import merge_request
from gitcoord.landing.steps import Merge, MergeTogether


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
