"""Branches whose files the base moved or removed meanwhile: they may meet others without a path in common.

Merging with what has landed sees the base's work and the other branch's as one. What the base removed and
another branch adds elsewhere looks like a rename then, and what the base renamed and another branch removes
or rewrites looks like a removal.
"""

from collections.abc import Callable, Mapping, Sequence

from gitcoord.conflicts.changes import Changes
from gitcoord.conflicts.history import Fork
from gitcoord.conflicts.overlap import Pair, ancestors
from gitcoord.git.run import Oid


def exposed_pairs(
    changes_of: Callable[[Sequence[tuple[Oid, Oid]]], Sequence[Changes]],
    base: Oid,
    tips: Sequence[Oid],
    forks: Mapping[Oid, Fork],
    own: Mapping[Oid, Changes],
    on_base: Mapping[Oid, Changes],
) -> set[Pair]:
    """The pairs that only a merge of both can settle, by positions in `tips`."""
    doubtful = [tip for tip in dict.fromkeys(tips) if tip in on_base and _doubtful(own[tip], on_base[tip])]
    starts = list(dict.fromkeys(forks[tip].merge_bases[0] for tip in doubtful))
    moved = dict(zip(starts, changes_of([(start, base) for start in starts]), strict=True))
    pairs: set[Pair] = set()
    for place, tip in enumerate(tips):
        if tip not in doubtful:
            continue
        since = moved[forks[tip].merge_bases[0]]
        if not _exposed(own[tip], since):
            continue
        pairs |= {
            (min(place, number), max(place, number))
            for number, other in enumerate(tips)
            if other != tip and _reshapes(on_base.get(other, own[other]), since)
        }
    return pairs


def _doubtful(own: Changes, on_base: Changes) -> bool:
    """Whether the base may have touched what the branch touches: then it is worth a closer look."""
    calm = all(on_base.edits.get(path) == edit for path, edit in own.edits.items())
    return not calm or own.paths != on_base.paths or own.added != on_base.added or own.made != on_base.made


def _exposed(own: Changes, since: Changes) -> bool:
    gone = since.paths - since.present
    return not gone.isdisjoint(own.paths) or any(
        above in since.vanished for path in own.added for above in ancestors(path)
    )


def _reshapes(changes: Changes, since: Changes) -> bool:
    """Whether a branch adds or removes files, or changes one that the base has moved to its place."""
    removed = changes.paths - changes.present
    return bool(changes.added or removed) or not changes.paths.isdisjoint(since.added)
