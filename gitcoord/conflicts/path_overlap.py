"""Finds pairs of branches that overlap, with an index over paths: other pairs cost nothing.

Only these pairs are merged. Every other pair must be free of conflicts. Therefore a pair also overlaps if one
branch has a file where the other has a directory, or adds a file in a directory that the other moved or
removed.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from gitcoord.conflicts.changes import Changes

Pair = tuple[int, int]
"""The indices of two branches, the smaller first."""


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """The overlap of two branches; `case_clashes` are names that differ only in case or Unicode form.

    `guarded`: they overlap in other ways than by common paths, too, so comparing these is not enough.
    """

    paths: tuple[str, ...] = ()
    case_clashes: tuple[str, ...] = ()
    guarded: bool = False


def find_overlaps(changes: Sequence[Changes], fresh: Collection[int] | None = None) -> dict[Pair, Overlap]:
    """Finds each pair that overlaps, by index in `changes`; with `fresh`, only pairs with a member in it."""
    if fresh is None:
        return _overlaps(changes)
    chosen = sorted({*fresh, *_near(changes, fresh)})
    found = _overlaps([changes[place] for place in chosen])
    placed = {(chosen[one], chosen[other]): overlap for (one, other), overlap in found.items()}
    return {pair: overlap for pair, overlap in placed.items() if pair[0] in fresh or pair[1] in fresh}


def _near(changes: Sequence[Changes], fresh: Collection[int]) -> Iterator[int]:
    """Yields the branches with a path at, above or below one of `fresh`; no other can overlap with them."""
    names = {fold_name(path) for place in fresh for path in (*changes[place].paths, *changes[place].vanished)}
    at = names | {directory for name in names for directory in ancestors(name)}
    below = tuple(f"{name}/" for name in names)
    for place, other in enumerate(changes):
        folded = [fold_name(path) for path in (*other.paths, *other.vanished)]
        if not at.isdisjoint(folded) or any(name.startswith(below) for name in folded):
            yield place


def _overlaps(changes: Sequence[Changes]) -> dict[Pair, Overlap]:
    paths = _PairPaths()
    touched = _index((n, change.paths) for n, change in enumerate(changes))
    for path, branches in touched.items():
        for one, other in combinations(branches, 2):
            paths.add(one, other, path)
        for above in ancestors(path):
            paths.cross(touched.get(above, ()), branches, above, path)
    vanished = _index((n, change.vanished) for n, change in enumerate(changes))
    if vanished:
        for path, branches in _index((n, change.added) for n, change in enumerate(changes)).items():
            for above in ancestors(path):
                paths.cross(vanished.get(above, ()), branches, path)
    twins = _find_twins(changes)
    return {
        pair: Overlap(
            paths=tuple(sorted(paths.found.get(pair, ()))),
            case_clashes=tuple(sorted(twins.found.get(pair, ()))),
            guarded=pair in paths.crossed,
        )
        for pair in sorted({*paths.found, *twins.found})
    }


def meet(path: str, other: str) -> bool:
    """Whether two paths are the same on some system (equal except for case), or one is above the other."""
    one, two = fold_name(path), fold_name(other)
    return one == two or one.startswith(two + "/") or two.startswith(one + "/")


def ancestors(path: str) -> Iterator[str]:
    """Yields the directories above `path`, innermost first, without the root."""
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def fold_name(path: str) -> str:
    """Folds a name: names with equal results are the same on systems that ignore case and Unicode form."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


class _PairPaths:
    """Collects the overlapping paths of pairs."""

    def __init__(self) -> None:
        self.found: dict[Pair, set[str]] = {}
        self.crossed: set[Pair] = set()

    def add(self, one: int, other: int, *paths: str) -> None:
        if one != other:
            pair = (one, other) if one < other else (other, one)
            self.found.setdefault(pair, set()).update(paths)

    def cross(self, left: Iterable[int], right: Sequence[int], *paths: str) -> None:
        for one in left:
            for other in right:
                self.add(one, other, *paths)
                self.crossed.add((one, other) if one < other else (other, one))


def _index(sets: Iterable[tuple[int, Iterable[str]]]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for number, paths in sets:
        for path in paths:
            index.setdefault(path, []).append(number)
    return index


def _find_twins(changes: Sequence[Changes]) -> _PairPaths:
    twins = _PairPaths()
    present = _index((n, change.present) for n, change in enumerate(changes))
    folded: dict[str, list[str]] = {}
    for path in present:
        folded.setdefault(fold_name(path), []).append(path)
    for name, paths in folded.items():
        for one, other in combinations(paths, 2):
            _twins(twins, changes, present, one, other)
        for above in ancestors(name):
            for file in folded.get(above, ()):
                for path in paths:
                    if not path.startswith(file + "/"):
                        _twins(twins, changes, present, file, path)
    return twins


def _twins(
    twins: _PairPaths, changes: Sequence[Changes], present: Mapping[str, Sequence[int]], one: str, other: str
) -> None:
    for left in present[one]:
        for right in present[other]:
            if _removed(changes[right], one) or _removed(changes[left], other):
                continue  # one side renamed the file that the other edits
            # Two such names that the base has already are no clash of these branches.
            if one in changes[left].added or other in changes[right].added:
                twins.add(left, right, one, other)


def _removed(changes: Changes, path: str) -> bool:
    return path in changes.paths and path not in changes.present
