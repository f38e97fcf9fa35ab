"""Putting files that were made anew on top of a level branch, which holds all of the base."""

from collections.abc import Sequence

from gitcoord.errors import GitcoordError
from gitcoord.git.merge_tree import commit_tree
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.landing.context import LandingContext
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.steps import Remake
from gitcoord.text_lists import inert, some

_MOST_NAMED = 3


def remade_message(branch: str, paths: Sequence[str]) -> str:
    """The message of a commit on a branch that changes nothing but files that were made anew."""
    return inert(f"Make {some(paths, _MOST_NAMED)} anew on {branch}") + "\n"


def remake(context: LandingContext, step: Remake, memory: LandingMemory, notices: LandingNotices) -> None:
    """Push the commit, unless the branch has moved; one that may not be moved is held."""
    repository, carrier = context.repository, step.carrier
    commit = commit_tree(
        repository.git,
        step.tree,
        [carrier.head],
        remade_message(carrier.branch, step.paths),
        environment=repository.identity,
        sign=repository.signs,
    )
    try:
        context.shared.publish([RefUpdate(HEADS + carrier.branch, carrier.head, commit)])
    except GitcoordError as error:
        if error.code != "push-refused":
            raise
        reason = f"{some(step.paths, _MOST_NAMED)} cannot be put on it: {error.message}"
        memory.held[carrier.branch] = reason
        notices.held(carrier.branch, carrier.tasks, reason)
    else:
        notices.remade(carrier.branch, step.paths)
