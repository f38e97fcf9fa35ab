"""Branches whose files the base moved or removed meanwhile: they may meet others without a path in common.

Merging with what has landed sees the base's work and the other branch's as one. What the base removed and
another branch adds elsewhere looks like a rename then, and what the base renamed and another branch removes
or rewrites looks like a removal.
"""

from collections.abc import Collection, Mapping, Sequence

from gitcoord.conflicts.changes import Changes, changes_between
from gitcoord.conflicts.fork_points import Fork
from gitcoord.conflicts.path_overlap import Pair, ancestors
from gitcoord.git.git_cli import Git, Oid


def find_exposed(
    git: Git,
    base: Oid,
    forks: Mapping[Oid, Fork],
    own: Mapping[Oid, Changes],
    on_base: Mapping[Oid, Changes],
) -> dict[Oid, frozenset[str]]:
    """Those tips of `on_base` that the base's work since then exposes to others, with what it added."""
    doubtful = [tip for tip in on_base if _doubtful(own[tip], on_base[tip])]
    starts = list(dict.fromkeys(forks[tip].merge_bases[0] for tip in doubtful))
    since = dict(zip(starts, changes_between(git, [(start, base) for start in starts]), strict=True))
    moved = {tip: since[forks[tip].merge_bases[0]] for tip in doubtful}
    return {tip: work.added for tip, work in moved.items() if _exposed(own[tip], work)}


def exposed_pairs(
    tips: Sequence[Oid],
    exposed: Mapping[Oid, frozenset[str]],
    changes: Mapping[Oid, Changes],
    fresh: Collection[int],
) -> set[Pair]:
    """The pairs that only a merge of both can settle, by positions in `tips`; one of each is `fresh`.

    `changes` are those to the base.
    """
    concerned = [place for place, tip in enumerate(tips) if tip in exposed] if fresh else []
    return {
        (min(place, number), max(place, number))
        for place in concerned
        for number in (range(len(tips)) if place in fresh else fresh)
        if tips[number] != tips[place] and _reshapes(changes[tips[number]], exposed[tips[place]])
    }


def _doubtful(own: Changes, on_base: Changes) -> bool:
    """Whether the base may have touched what the branch touches: then it is worth a closer look."""
    calm = all(on_base.edits.get(path) == edit for path, edit in own.edits.items())
    return not calm or own.paths != on_base.paths or own.added != on_base.added or own.made != on_base.made


def _exposed(own: Changes, since: Changes) -> bool:
    gone = since.paths - since.present
    return not gone.isdisjoint(own.paths) or any(
        above in since.vanished for path in own.added for above in ancestors(path)
    )


def _reshapes(changes: Changes, moved_to: frozenset[str]) -> bool:
    """Whether a branch adds or removes files, or changes one that the base has moved to its place."""
    removed = changes.paths - changes.present
    return bool(changes.added or removed) or not changes.paths.isdisjoint(moved_to)
