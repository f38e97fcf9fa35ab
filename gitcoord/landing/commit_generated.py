"""Commits generated files on top of a level branch that contains all of the base."""

from collections.abc import Sequence

from gitcoord.errors import GitcoordError
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.context import LandingContext
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.steps import CommitGenerated
from gitcoord.text_lists import inert, some

_MOST_NAMED = 3


def generated_message(branch: str, paths: Sequence[str]) -> str:
    """Returns the message of a commit that changes only generated files."""
    return inert(f"Generate {some(paths, _MOST_NAMED)} again on {branch}") + "\n"


def regenerate(
    context: LandingContext, step: CommitGenerated, memory: LandingMemory, notices: LandingNotices
) -> None:
    """Commits the generated files and pushes the commit, unless the branch has moved.

    If the push is refused, holds the branch.
    """
    repository, carrier = context.repository, step.carrier
    commit = commit_tree(
        repository.git,
        step.tree,
        [carrier.head],
        generated_message(carrier.branch, step.paths),
        environment=repository.identity,
        sign=repository.signs,
    )
    try:
        moved = context.shared.publish([RefUpdate(HEADS + carrier.branch, carrier.head, commit)])
    except GitcoordError as error:
        if error.code != "push-refused":
            raise
        reason = f"{some(step.paths, _MOST_NAMED)} cannot be pushed to it: {error.message}"
        memory.held[carrier.branch] = reason
        notices.held(carrier.branch, carrier.tasks, reason)
    else:
        if moved:
            notices.generated(carrier.branch, step.paths)
