"""What is remembered of a level from its last check: where each branch stood, and what pairs did.

It holds for one base. A branch that has moved since is found out anew, with the pairs that it is part of.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.disk_cache import Cache
from gitcoord.conflicts.model import PairReport
from gitcoord.conflicts.path_overlap import Pair
from gitcoord.conflicts.rebase_in_memory import MergeSequence
from gitcoord.git.git_cli import Oid
from gitcoord.planning.arrange_waves import Arrangement
from gitcoord.tasks.model import TaskId

Member = tuple[TaskId, Oid]
_MOST_COMMITS = 2000
"""A branch with a longer history of its own is found out anew each time rather than written down."""


class LevelMemory(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The last check of a level. `rules` is the digest of the rules that the reports were made by.

    `members` are the branches that were ready; `tied` those pairs of them, by place, of which more than
    files tell; `proofs` what came of merging one after another, by the digest of what was merged; `arranged`
    the waves that followed, by the digest of what they followed from.
    """

    base: Oid
    rules: str = ""
    members: tuple[Member, ...] = ()
    standings: dict[Oid, BranchFacts] = {}
    reports: tuple[PairReport, ...] = ()
    tied: tuple[Pair, ...] = ()
    proofs: dict[str, MergeSequence] = {}
    arranged: dict[str, Arrangement] = {}


def recall(cache: Cache, level: str, base: Oid) -> LevelMemory:
    """What is remembered of `level` on `base`; an empty memory when that is nothing."""
    found = cache.read(level, LevelMemory)
    return found if found is not None and found.base == base else LevelMemory(base=base)


def remember(cache: Cache, level: str, memory: LevelMemory) -> None:
    """Keeps `memory` in place of what was remembered of `level` before."""
    long = {tip for tip, standing in memory.standings.items() if len(standing.fork.commits) > _MOST_COMMITS}
    kept = without(memory, long) if long else memory
    if not cache.write(level, kept):
        # Names that are not UTF-8 cannot be written: their branches are found out again each time.
        cache.write(level, without(kept, _unwritable(kept)))


def same(memory: LevelMemory, now: LevelMemory) -> bool:
    """Whether two memories of the same reports hold the same."""
    return (
        memory.standings.keys() == now.standings.keys()
        and memory.proofs == now.proofs
        and memory.arranged == now.arranged
    )


def still_there(memory: LevelMemory, members: Sequence[Member]) -> dict[int, int]:
    """For each place in memory whose branch is still the same, its place among `members`.

    Empty when they have changed their order: then what is told of pairs is told the wrong way round.
    """
    places = {member: place for place, member in enumerate(members)}
    found = {old: places[member] for old, member in enumerate(memory.members) if member in places}
    return found if list(found.values()) == sorted(found.values()) else {}


def without(memory: LevelMemory, tips: Collection[Oid]) -> LevelMemory:
    """The memory as if there were no `tips`."""
    tasks = {task for task, tip in memory.members if tip in tips}
    gone = [tip in tips for _, tip in memory.members]
    place = [number - sum(gone[:number]) for number in range(len(gone))] if tasks else []
    return msgspec.structs.replace(
        memory,
        members=tuple(member for member in memory.members if member[1] not in tips),
        standings={tip: standing for tip, standing in memory.standings.items() if tip not in tips},
        reports=tuple(report for report in memory.reports if tasks.isdisjoint(report.tasks)),
        tied=tuple((place[a], place[b]) for a, b in memory.tied if not (gone[a] or gone[b]))
        if tasks
        else memory.tied,
    )


def _unwritable(memory: LevelMemory) -> set[Oid]:
    tips: Mapping[TaskId, Oid] = dict(memory.members)
    told = {tips[report.tasks[0]] for report in memory.reports if not _writable(report)}
    return told | {tip for tip, standing in memory.standings.items() if not _writable(standing)}


def _writable(value: object) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        msgspec.msgpack.encode(value)
        return True
    return False
