"""Verifies that the forge merged rollbacks as they were computed, whoever asked for the merge."""

from collections.abc import Collection
from typing import NamedTuple

from gitcoord.events import RollbackProposed, TaskRolledBack
from gitcoord.evidence.trailer_syntax import ROLLED_BACK
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.git_cli import Oid
from gitcoord.landing.compare_merge import OwnMessage, compare_recorded, fetch_head, is_by_forge, is_merge_of
from gitcoord.landing.context import LandingContext
from gitcoord.landing.landing_commit import landing_commit
from gitcoord.landing.model import LandingSnapshot
from gitcoord.state.store import Store


class _Proposal(NamedTuple):
    """A recorded rollback, all heads that its branch reverts, and the commits proposed on that branch."""

    event: TaskRolledBack
    heads: set[Oid]
    proposed: set[Oid]


def prove_recorded(context: LandingContext, snapshot: LandingSnapshot) -> None:
    """Verifies the merges of the rollbacks that a landing has just recorded. Raises `tree-differs`."""
    base = {"base": snapshot.base, "base_commit": snapshot.base_commit}
    prove_rollbacks(context.store, context.forge, snapshot.undone, **base)


def prove_rollbacks(
    store: Store,
    forge: Forge,
    events: Collection[TaskRolledBack],
    *,
    base: str,
    base_commit: Oid,
    proved: Collection[Oid] = (),
) -> None:
    """Verifies the merges of rollbacks that were just recorded. Raises `tree-differs`.

    These are merges by the forge's queue or auto-merge, by a person, or by another run, which may have died
    or lost the answer. The run that records a rollback verifies it; no later run does. `proved` are the
    proposed commits whose merges this run has verified before.
    """
    if forge.name == "local":
        return  # the local forge merges with gitcoord's own git
    repository, proposals = store.repository, _proposals(store, events, proved)
    pulls = forge.find_pulls(sorted(proposals), base) if proposals else {}
    for branch, found in pulls.items():
        pull = found.current
        if pull is None or not fetch_head(repository, store.shared, pull.head_commit):
            continue
        rollback = proposals[branch]
        own = OwnMessage(ROLLED_BACK, rollback.heads)
        # An interrupted merge has left its pull request open, without a merge commit.
        commit = pull.merge_commit or landing_commit(repository, base_commit, rollback.event.commit)
        if (
            repository.ancestry.contains(base_commit, commit)
            and is_merge_of(repository, pull, commit, own)
            and is_by_forge(repository, pull, commit, own)
        ):
            compare_recorded(repository, pull, commit, rollback.proposed)


def _proposals(
    store: Store, events: Collection[TaskRolledBack], proved: Collection[Oid]
) -> dict[str, _Proposal]:
    """Returns the proposal of each branch that proposed one of the rollbacks; none that is in `proved`."""
    told = [one for entry in store.progress().values() for one in entry.rollbacks]
    proposed = [one for one in told if isinstance(one, RollbackProposed) and one.branch]
    verified = {one.branch for one in proposed if one.commit in proved}
    wanted = {(event.task, event.head, event.start): event for event in events}
    found = {
        one.branch: wanted[key]
        for one in proposed
        if (key := (one.task, one.head, one.start)) in wanted and one.branch not in verified
    }
    return {
        branch: _Proposal(
            event=event,
            heads={one.head for one in proposed if one.branch == branch},
            proposed={one.commit for one in proposed if one.branch == branch},
        )
        for branch, event in found.items()
    }
