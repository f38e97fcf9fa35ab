"""Finds tasks that must not run in parallel: common paths, declared conflicts, tasks that run alone.

A clash is a set of tasks of which no two may run in parallel. All tasks with the same glob are one such set,
which keeps the cost linear.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.planning.glob_intersection import Glob

_MOST_COMPARISONS: Final = 200_000
_MOST_MEMBERS: Final = 1_000_000


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a task or subtask that decide which others can run beside it."""

    id: TaskId
    modifies: tuple[str, ...] = ()
    conflicts_with: tuple[TaskId, ...] = ()
    parallel_safe: bool = True
    repositories: tuple[str, ...] = ("",)
    """The repositories of its paths; paths in different repositories never intersect."""


class Clashes(msgspec.Struct, frozen=True, kw_only=True):
    """Sets of tasks that exclude each other, and the tasks that exclude all others.

    `coarse`: there were too many different globs to compare all pairs; all of them count as intersecting.
    """

    sets: tuple[frozenset[TaskId], ...] = ()
    alone: frozenset[TaskId] = frozenset()
    coarse: bool = False


def find_clashes(members: Sequence[Footprint]) -> Clashes:
    """Finds the clashes of `members`; ignores ids that are not among them."""
    ids = {member.id for member in members}
    declared = [
        frozenset((member.id, other))
        for member in members
        for other in member.conflicts_with
        if other in ids and other != member.id
    ]
    shared, coarse = list[frozenset[TaskId]](), False
    touchers = [member for member in members if member.modifies]
    for repository in dict.fromkeys(name for member in touchers for name in member.repositories):
        touching = _touching(member for member in touchers if repository in member.repositories)
        found = _shared(touching)
        coarse |= found is None
        shared += [frozenset(chain(*touching.values()))] if found is None else found
    sets = dict.fromkeys(clash for clash in [*declared, *shared] if len(clash) > 1)
    alone = frozenset(member.id for member in members if not member.parallel_safe)
    return Clashes(sets=tuple(sets), alone=alone, coarse=coarse)


def _touching(members: Iterable[Footprint]) -> "dict[Glob, list[TaskId]]":
    from gitcoord.planning.glob_intersection import compile_glob  # Most lists declare no paths.

    touching: dict[Glob, list[TaskId]] = {}
    for member in members:
        for entry in dict.fromkeys(member.modifies):
            glob = compile_glob(entry)
            if glob is not None:
                touching.setdefault(glob, []).append(member.id)
    return touching


def _shared(touching: "dict[Glob, list[TaskId]]") -> list[frozenset[TaskId]] | None:
    """Returns the set of tasks for each glob and each intersecting pair; None if there are too many pairs.

    All tasks with one of two intersecting globs exclude each other.
    """
    from gitcoord.planning.glob_intersection import meet

    sets = [frozenset(tasks) for tasks in touching.values()]
    members = 0
    for count, (one, other) in enumerate(_comparable(touching)):
        if count >= _MOST_COMPARISONS or members >= _MOST_MEMBERS:
            return None
        if meet(one, other):
            together = frozenset(touching[one] + touching[other])
            sets.append(together)
            members += len(together)
    return sets


def _comparable(globs: "Iterable[Glob]") -> "Iterable[tuple[Glob, Glob]]":
    """Yields the pairs with compatible literal prefixes; no other pair can intersect."""
    at: dict[tuple[str, ...], list[Glob]] = {}
    below: dict[tuple[str, ...], list[Glob]] = {}
    for glob in globs:
        for depth in range(len(glob.anchor)):
            for other in at.get(glob.anchor[:depth], ()):
                yield other, glob
        for other in at.get(glob.anchor, ()):
            yield other, glob
        for other in below.get(glob.anchor, ()):
            yield other, glob
        at.setdefault(glob.anchor, []).append(glob)
        for depth in range(len(glob.anchor)):
            below.setdefault(glob.anchor[:depth], []).append(glob)
