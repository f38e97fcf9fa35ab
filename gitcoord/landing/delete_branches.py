"""Deletes the branches of landed work that is provably in the base, each by compare-and-swap."""

from collections.abc import Iterator

from gitcoord.errors import GitcoordError
from gitcoord.evidence.model import Landing
from gitcoord.evidence.spent_branches import is_spent
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.worktree_list import worktrees
from gitcoord.landing.context import LandingContext
from gitcoord.landing.level_branch_names import finished_rounds, known_rounds
from gitcoord.landing.model import LandingSnapshot


def delete_spent(
    context: LandingContext, snapshot: LandingSnapshot
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Deletes the level's branches whose work is in the base; returns them, and the problems.

    First changes the base of the pull requests that have such a branch as their base. Otherwise the forge
    would close them.
    """
    deleted, problems = [], []
    for branch, tip, proved in _done(context, snapshot):
        if not proved:
            problems.append(
                f"{branch} is kept: there is no proof that {snapshot.base} has all of its changes"
            )
            continue
        try:
            context.forge.retarget(branch, snapshot.base)
            moved = context.shared.publish([RefUpdate(HEADS + branch, tip, None)])
        except GitcoordError as error:
            if error.code not in ("push-refused", "not-changed"):
                raise
            problems.append(f"{branch} is not deleted: {error.message}")
            continue
        if moved:
            deleted.append(branch)
    return tuple(deleted), tuple(problems)


def _done(context: LandingContext, snapshot: LandingSnapshot) -> Iterator[tuple[str, Oid, bool]]:
    """Yields the branches of landed work with their tips, and whether the base provably has all changes.

    Leaves out branches with newer commits that the base does not provably have.
    """
    tips = context.shared.branches()
    pulls = [known.current for known in snapshot.pulls.values() if known.current is not None]

    def spent(tip: Oid, landing: Landing | None = None) -> bool:
        git, base = context.repository.git, snapshot.base_commit
        return is_spent(git, context.ancestry, base_commit=base, tip=tip, landing=landing, pulls=pulls)

    # Without a remote, a branch that is checked out here belongs to the user.
    taken = {} if context.shared.remote else worktrees(context.repository.git)
    for work in snapshot.works:
        tip = None if context.shared.is_pulled(work.branch) else tips.get(work.branch)
        if work.landing is None or tip is None or HEADS + work.branch in taken:
            continue
        proved = spent(tip, work.landing)
        if proved or tip == work.landing.head:
            yield work.branch, tip, proved
    finished = finished_rounds(context.level, context.store.progress())
    for name in known_rounds(context.level, tips, finished):
        if name in tips and HEADS + name not in taken and spent(tips[name]):
            yield name, tips[name], True
