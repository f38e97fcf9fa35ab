"""Which tasks must not run beside each other: shared paths, declared conflicts, loners.

A clash is a set of tasks of which no two go together. Tasks that name the same glob are one such
set, so that thousands of them cost no more than they are.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import msgspec

from gitcoord.planning.glob_intersection import Glob, compile_glob, meet
from gitcoord.tasks.model import TaskId

_MOST_COMPARISONS: Final = 200_000
_MOST_MEMBERS: Final = 1_000_000


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a task or subtask says about running beside others."""

    id: TaskId
    modifies: tuple[str, ...] = ()
    conflicts_with: tuple[TaskId, ...] = ()
    parallel_safe: bool = True
    repositories: tuple[str, ...] = ("",)
    """Where its paths are: those of different repositories never meet."""


class Clashes(msgspec.Struct, frozen=True, kw_only=True):
    """Sets of tasks that exclude one another, and the tasks that exclude everybody.

    `coarse`: there were too many different globs to compare each with each, so all of them count
    as meeting.
    """

    sets: tuple[frozenset[TaskId], ...] = ()
    alone: frozenset[TaskId] = frozenset()
    coarse: bool = False


def find_clashes(members: Sequence[Footprint]) -> Clashes:
    """What keeps `members` apart; ids that are not among them are left out."""
    ids = {member.id for member in members}
    declared = [
        frozenset((member.id, other))
        for member in members
        for other in member.conflicts_with
        if other in ids and other != member.id
    ]
    shared, coarse = [], False
    for repository in dict.fromkeys(name for member in members for name in member.repositories):
        touching = _touching(member for member in members if repository in member.repositories)
        found = _shared(touching)
        coarse |= found is None
        shared += [frozenset(chain(*touching.values()))] if found is None else found
    sets = dict.fromkeys(clash for clash in [*declared, *shared] if len(clash) > 1)
    alone = frozenset(member.id for member in members if not member.parallel_safe)
    return Clashes(sets=tuple(sets), alone=alone, coarse=coarse)


def _touching(members: Iterable[Footprint]) -> dict[Glob, list[TaskId]]:
    touching: dict[Glob, list[TaskId]] = {}
    for member in members:
        for entry in dict.fromkeys(member.modifies):
            glob = compile_glob(entry)
            if glob is not None:
                touching.setdefault(glob, []).append(member.id)
    return touching


def _shared(touching: dict[Glob, list[TaskId]]) -> list[frozenset[TaskId]] | None:
    """The tasks that each meeting pair of globs brings together; None when there are too many pairs.

    All tasks that name one of two meeting globs exclude one another: those of the same glob because
    they share it, the others because the globs meet.
    """
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


def _comparable(globs: Iterable[Glob]) -> Iterable[tuple[Glob, Glob]]:
    """The pairs whose literal beginnings agree; no other pair can meet."""
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
