"""The facts about each branch: its changes, and its merge with the base as it is now."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from gitcoord.conflicts.changes import NOTHING, Changes, changes_between, combine
from gitcoord.conflicts.fork_points import Fork, find_forks, with_kin
from gitcoord.conflicts.moved_by_base import find_exposed
from gitcoord.conflicts.path_overlap import Pair
from gitcoord.conflicts.rebase_in_memory import MergeContext, RebasedBranch, rebase_onto_base
from gitcoord.git.git_cli import Git, Oid


class BranchFacts(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The facts about one tip. `on_base` are its changes to the present base, if it began at an older one.

    `exposed` are paths that the base added by moving files that the tip touches: comparing paths is then not
    enough.
    """

    fork: Fork
    rebased: RebasedBranch = RebasedBranch()
    own: Changes = NOTHING
    on_base: Changes | None = None
    exposed: frozenset[str] | None = None

    @property
    def to_base(self) -> Changes:
        """The tip's changes to the base."""
        return self.own if self.on_base is None else self.on_base

    @property
    def all_changes(self) -> Changes:
        """All changes through which the tip can conflict with others."""
        return self.own if self.on_base is None else combine(self.own, self.on_base)


def find_branch_facts(
    git: Git,
    base: Oid,
    tips: Sequence[Oid],
    known: Mapping[Oid, BranchFacts],
    stacked: Mapping[Oid, Sequence[Oid]] = {},
) -> tuple[MergeContext, dict[Oid, BranchFacts]]:
    """Returns the context for merging `tips`, and the facts about each: `known` ones, or computed now.

    `stacked` maps a tip to the heads that it is stacked on.
    """
    fresh = find_forks(git, base, [tip for tip in tips if tip not in known], stacked)
    forks = with_kin({tip: known[tip].fork if tip in known else fresh[tip] for tip in tips})
    context = MergeContext(git, base, forks)
    context.lost = {tip for tip in forks if tip in known and known[tip].on_base is not None}
    rebased = rebase_onto_base(context, fresh)
    diverged = [tip for tip, fork in fresh.items() if fork.merge_bases and not fork.inside]
    own = dict(
        zip(diverged, changes_between(git, [(fresh[t].merge_bases[0], t) for t in diverged]), strict=True)
    )
    moved = [tip for tip in diverged if rebased[tip].lands and fresh[tip].merge_bases != (base,)]
    landed = [(base, context.alone(tip, rebased[tip])) for tip in moved]
    on_base = dict(zip(moved, changes_between(git, landed), strict=True))
    exposed = find_exposed(git, base, fresh, own, on_base)
    found = {
        tip: BranchFacts(
            fork=fork,
            rebased=rebased.get(tip, RebasedBranch()),
            own=own.get(tip, NOTHING),
            on_base=on_base.get(tip),
            exposed=exposed.get(tip),
        )
        for tip, fork in fresh.items()
    }
    return context, {tip: found[tip] if tip in found else known[tip] for tip in forks}


def entangled_pairs(tips: Sequence[Oid], forks: Mapping[Oid, Fork]) -> set[Pair]:
    """Returns the pairs of `tips` for which comparing changed paths is not enough.

    They share commits that the base lacks, or one of them has several merge bases.
    """
    places: dict[Oid, list[int]] = {}
    for number, tip in enumerate(tips):
        places.setdefault(tip, []).append(number)
    pairs = {pair for same in places.values() for pair in combinations(same, 2)}
    for number, tip in enumerate(tips):
        others = range(len(tips)) if len(forks[tip].merge_bases) > 1 else ()
        near = (place for kin in forks[tip].kin for place in places.get(kin, ()))
        pairs |= {(min(number, n), max(number, n)) for n in (*others, *near) if n != number}
    return pairs
