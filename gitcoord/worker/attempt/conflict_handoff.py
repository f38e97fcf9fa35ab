"""Hands conflicts to the agent: merges the other side into its checkout, and records the conflict."""

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TasksClash
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.agent_checkout import ready, unready
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.submodules import before_moving, bring_in
from gitcoord.worker.leases import superseded

SHUT_OUT = AttemptResult(outcome="lost", reason="a newer attempt has begun")
"""The result of an attempt that was fenced off."""


def merge_in(copy: WorkingCopy, clash: ConflictBrief, context: AttemptContext) -> ConflictBrief | None:
    """Merges the other side into the checkout; returns None if the agent has nothing to resolve."""
    before = before_moving(copy)
    unready(copy)
    message = f"Merge {clash.name} into {context.unit.branch}"
    state = copy.merge(clash.commit, message, like=clash.like or None)
    bring_in(context.task_context.repository, copy, before)
    ready(copy)
    if not state.running:
        return clash if clash.exclusive else None
    return ConflictBrief(commit=clash.commit, name=clash.name, paths=state.unmerged, others=clash.others)


def tell(context: AttemptContext, clash: ConflictBrief) -> None:
    """Logs and records a conflict that goes back to the agent."""
    how = "must adapt to earlier changes of" if clash.exclusive else "conflicts with"
    context.log.say(f"the work {how} {clash.name} in {', '.join(clash.paths)}")
    for other in clash.others:
        event = TasksClash(at=now(), by=worker_name(), task=context.unit.id, other=other, paths=clash.paths)
        context.task_context.store.record(event, unless=superseded(context.attempt))
