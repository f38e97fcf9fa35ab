"""What the cache remembers of branches and pairs, and finding out the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from gitcoord.conflicts.cache import Cache
from gitcoord.conflicts.changes import NOTHING, Changes, changes_between
from gitcoord.conflicts.model import PathConflict
from gitcoord.conflicts.onto import Brought, Workbench, bring_onto
from gitcoord.conflicts.overlap import Pair
from gitcoord.conflicts.verdicts import Judgement
from gitcoord.git.run import Git, Oid

Told = tuple[Judgement, tuple[PathConflict, ...]]
_CHANGES, _ARRIVALS, _PAIRS = "changes", "arrivals", "pairs"


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """What one branch, the first of a pair, does to others by their tips."""

    others: dict[Oid, Told]


class _Arrived(msgspec.Struct, frozen=True, array_like=True):
    """A branch on the base, and what it changes there."""

    tree: Oid
    paths: tuple[str, ...]
    problem: str
    changes: Changes


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """Every branch on the base; of those that are `remembered` the merged tree is not there yet."""

    brought: dict[Oid, Brought]
    on_base: dict[Oid, Changes]
    remembered: frozenset[Oid]


def remembered_arrivals(cache: Cache, bench: Workbench) -> Arrivals:
    """Brings every tip onto the base; git is asked for what is not remembered."""
    behind = [
        tip for tip, fork in bench.forks.items() if not fork.inside and fork.merge_bases != (bench.base,)
    ]
    known = cache.read(_ARRIVALS, [f"{bench.base} {tip}" for tip in behind], _Arrived)
    here = {tip: known[key] for tip in behind if (key := f"{bench.base} {tip}") in known}
    brought = bring_onto(bench, set(bench.forks) - set(here))
    moved = {tip: b.commit for tip, b in brought.items() if b.commit is not None and b.commit != tip}
    found = changes_between(bench.git, [(bench.base, commit) for commit in moved.values()])
    on_base = dict(zip(moved, found, strict=True))
    fresh = {
        f"{bench.base} {tip}": _Arrived(b.tree, b.paths, b.problem, on_base.get(tip, NOTHING))
        for tip, b in brought.items()
        if tip in behind
    }
    cache.write(_ARRIVALS, fresh)
    for tip, there in here.items():
        commit = bench.landed(there.tree, tip) if there.tree else None
        brought[tip] = Brought(commit=commit, tree=there.tree, paths=there.paths, problem=there.problem)
        if commit:
            on_base[tip] = there.changes
    return Arrivals(brought=brought, on_base=on_base, remembered=frozenset(here))


def remembered_changes(cache: Cache, git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[Changes]:
    """The changes of every pair of commits; git is asked for what is not remembered."""
    keys = [f"{before} {after}" for before, after in pairs]
    known = cache.read(_CHANGES, keys, Changes)
    missing = [(key, pair) for key, pair in zip(keys, pairs, strict=True) if key not in known]
    fresh = dict(
        zip((key for key, _ in missing), changes_between(git, [pair for _, pair in missing]), strict=True)
    )
    cache.write(_CHANGES, fresh)
    return [fresh[key] if key in fresh else known[key] for key in keys]


def remembered_pairs(
    cache: Cache,
    base: Oid,
    tips: Sequence[Oid],
    pairs: Iterable[Pair],
    find_out: Callable[[list[Pair]], Mapping[Pair, Told]],
) -> dict[Pair, Told]:
    """What is known of every pair on `base`; `find_out` is asked for what is not remembered."""
    by_first: dict[Oid, list[Pair]] = {}
    for pair in pairs:
        by_first.setdefault(tips[pair[0]], []).append(pair)
    rows = cache.read(_PAIRS, [f"{base} {tip}" for tip in by_first], _Row)
    told: dict[Pair, Told] = {}
    missing: list[Pair] = []
    for tip, mine in by_first.items():
        row = rows.get(f"{base} {tip}")
        for pair in mine:
            known = row.others.get(tips[pair[1]]) if row else None
            if known is None:
                missing.append(pair)
            else:
                told[pair] = known
    fresh = find_out(missing) if missing else {}
    told.update(fresh)
    changed = {tips[one] for one, _ in missing}
    cache.write(
        _PAIRS,
        {f"{base} {tip}": _Row({tips[pair[1]]: told[pair] for pair in by_first[tip]}) for tip in changed},
    )
    return told
