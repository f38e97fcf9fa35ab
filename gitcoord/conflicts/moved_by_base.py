"""Finds branches whose files the base moved or removed: they may conflict with others without a common path.

After the other branch has landed, a merge sees its changes and those of the base as one. A file that the base
removed and the other branch adds elsewhere then looks like a rename; one that the base renamed and the other
branch removes or rewrites looks like a removal.
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
    """Returns the tips whose files the base moved or removed, each with the paths that the base added."""
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
    """Returns the pairs that only a merge can judge, by index in `tips`; at least one of each is in `fresh`.

    `changes` are the changes to the base.
    """
    concerned = [place for place, tip in enumerate(tips) if tip in exposed] if fresh else []
    return {
        (min(place, number), max(place, number))
        for place in concerned
        for number in (range(len(tips)) if place in fresh else fresh)
        if tips[number] != tips[place] and _reshapes(changes[tips[number]], exposed[tips[place]])
    }


def _doubtful(own: Changes, on_base: Changes) -> bool:
    """Whether the base may have changed files of the branch, so that the branch needs a closer check."""
    calm = all(on_base.edits.get(path) == edit for path, edit in own.edits.items())
    return not calm or own.paths != on_base.paths or own.added != on_base.added or own.made != on_base.made


def _exposed(own: Changes, since: Changes) -> bool:
    gone = since.paths - since.present
    return not gone.isdisjoint(own.paths) or any(
        above in since.vanished for path in own.added for above in ancestors(path)
    )


def _reshapes(changes: Changes, moved_to: frozenset[str]) -> bool:
    """Whether a branch adds or removes files, or changes a path in `moved_to` (new in the base)."""
    removed = changes.paths - changes.present
    return bool(changes.added or removed) or not changes.paths.isdisjoint(moved_to)
