"""Finds exclusive places that two sides both change. Only one task may change such a place at a time.

Two branches that add files with the same number to a directory (`0021_a.sql`, `0021_b.py`, `V21__x.sql`) are
such a case even without a pattern: the second one has to take the next number.
"""

import re
from collections.abc import Iterable, Mapping

from gitcoord.conflicts.changes import Changes, changes_between
from gitcoord.conflicts.regeneration_commands import changed_alone
from gitcoord.conflicts.rules import SAME_NUMBER, Place, Rulebook
from gitcoord.git.ancestry import merge_base
from gitcoord.git.git_cli import Git, Oid

_NUMBERED = re.compile(r"([VvUu]?)(?:(\d+(?:[._]\d+)*)__|(\d+(?:\.\d+)*)[_-])")
_DATED = re.compile(r"(19|20)\d\d(\d\d){2}\D|(19|20)\d\d([._-]\d\d){2}")
"""A date is not a number: two files with the same date are common."""
Places = Mapping[Place, frozenset[str]]
"""The paths in each place."""


def places_of(book: Rulebook, *changes: Changes) -> Places:
    """The exclusive places that `changes` touch, with their paths."""
    found: dict[Place, set[str]] = {}
    if "exclusive" in book.patterns:
        for path in _all(change.paths for change in changes):
            if (place := book.exclusive_place(path)) is not None:
                found.setdefault(place, set()).add(path)
    if book.same_number:
        for path in _all(change.added for change in changes):
            if (place := _numbered_place(book, path)) is not None:
                found.setdefault(place, set()).add(path)
    return {place: frozenset(paths) for place, paths in found.items()}


def paths_apart(place: Place, one: Iterable[str], other: Iterable[str]) -> set[str]:
    """The paths of both sides that must not land together; none if both add the same numbered files."""
    mine, theirs = set(one), set(other)
    return set() if place[0] == SAME_NUMBER and mine == theirs else mine | theirs


def shared_paths(one: Places, other: Places) -> tuple[str, ...]:
    """The paths of both sides in places that both change."""
    both = one.keys() & other.keys()
    return tuple(sorted(set().union(*(paths_apart(place, one[place], other[place]) for place in both))))


def overtaken(git: Git, book: Rulebook, onto: Oid, head: Oid) -> tuple[str, ...]:
    """Returns the paths in exclusive places that both `head` and `onto` have changed since they diverged.

    Generated files count as an exclusive place if `head` changes nothing else. Empty if `head` contains those
    changes of `onto`.
    """
    since = merge_base(git, onto, head) if book.keeps_apart else None
    if since is None or since in (onto, head):
        return ()
    [own] = changes_between(git, [(since, head)])
    mine, alone = places_of(book, own), changed_alone(book, own)
    if not mine and not alone:
        return ()
    [theirs] = changes_between(git, [(since, onto)])
    return shared_paths(mine, places_of(book, theirs)) or differing(alone, own, theirs)


def differing(paths: Iterable[str], one: Changes, other: Changes) -> tuple[str, ...]:
    """The `paths` that two changes both touch, with different results."""
    return tuple(sorted(path for path in paths if path in other.paths and not _alike(path, one, other)))


def _alike(path: str, one: Changes, other: Changes) -> bool:
    mine, theirs = (side.edits.get(path) or side.contents.get(path) for side in (one, other))
    return mine is not None and mine == theirs


def _numbered_place(book: Rulebook, path: str) -> Place | None:
    directory, _, name = path.rpartition("/")
    found = _NUMBERED.match(name)
    if found is None or _DATED.match(name) or book.decide(path) is not None:
        return None
    number = ".".join(str(int(part)) for part in re.split(r"[._]", found[2] or found[3]))
    return SAME_NUMBER, f"{found[1].upper()}{number}", directory


def _all(paths: Iterable[Iterable[str]]) -> set[str]:
    return set[str]().union(*paths)
