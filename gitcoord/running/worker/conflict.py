"""Conflicts that a worker meets on its way: brought into its checkout for the agent, and told to all."""

from gitcoord.events import TasksClash
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.running.leases import superseded
from gitcoord.running.worker.checkout import ready, unready
from gitcoord.running.worker.prompt import ConflictBrief
from gitcoord.running.worker.seat import AttemptResult, Seat
from gitcoord.running.worker.submodules import before_moving, bring_in
from gitcoord.state.journal import now, worker_name

SHUT_OUT = AttemptResult(outcome="lost", reason="a newer attempt has begun")
"""The result of an attempt that may not write any more."""


def merge_in(copy: WorkingCopy, clash: ConflictBrief, seat: Seat) -> ConflictBrief | None:
    """Merges the other side into the checkout; None when nothing of that is for the agent."""
    before = before_moving(copy)
    unready(copy)
    message = f"Merge {clash.name} into {seat.unit.branch}"
    state = copy.merge(clash.commit, message, like=clash.like or None)
    bring_in(seat.desk.repository, copy, before)
    ready(copy)
    if not state.running:
        return clash if clash.exclusive else None
    return ConflictBrief(commit=clash.commit, name=clash.name, paths=state.unmerged, others=clash.others)


def tell(seat: Seat, clash: ConflictBrief) -> None:
    """Lets everybody know of a conflict that goes back to the agent."""
    how = "comes after" if clash.exclusive else "conflicts with"
    seat.log.say(f"it {how} {clash.name} in {', '.join(clash.paths)}")
    for other in clash.others:
        event = TasksClash(at=now(), by=worker_name(), task=seat.unit.id, other=other, paths=clash.paths)
        seat.desk.store.record(event, unless=superseded(seat.attempt))
