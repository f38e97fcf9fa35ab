"""The cache of a level's last check: the facts about each branch, and the reports on pairs.

It is valid for one base. A branch that has moved since is checked again, with all its pairs.
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
"""A branch with more own commits than this is not cached."""


class LevelMemory(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The last check of a level. `rules` is the digest of the rules for the reports.

    `members` are the ready branches; `inseparable` the pairs of members, by index, that must be merged as a
    whole; `proofs` the results of merge sequences by the digest of their heads; `arranged` the waves by the
    digest of their input.
    """

    base: Oid
    rules: str = ""
    members: tuple[Member, ...] = ()
    branch_facts: dict[Oid, BranchFacts] = {}
    reports: tuple[PairReport, ...] = ()
    inseparable: tuple[Pair, ...] = ()
    proofs: dict[str, MergeSequence] = {}
    arranged: dict[str, Arrangement] = {}


def recall(cache: Cache, level: str, base: Oid) -> LevelMemory:
    """Reads the cache of `level` on `base`; empty if there is none."""
    found = cache.read(level, LevelMemory)
    return found if found is not None and found.base == base else LevelMemory(base=base)


def remember(cache: Cache, level: str, memory: LevelMemory) -> None:
    """Replaces the cache of `level` with `memory`."""
    long = {tip for tip, facts in memory.branch_facts.items() if len(facts.fork.commits) > _MOST_COMMITS}
    kept = without(memory, long) if long else memory
    if not cache.write(level, kept):
        # Paths that are not UTF-8 cannot be written: their branches are checked again each time.
        cache.write(level, without(kept, _unwritable(kept)))


def same(memory: LevelMemory, now: LevelMemory) -> bool:
    """Whether two caches with the same reports are equal."""
    return (
        memory.branch_facts.keys() == now.branch_facts.keys()
        and memory.proofs == now.proofs
        and memory.arranged == now.arranged
    )


def unchanged_members(memory: LevelMemory, members: Sequence[Member]) -> dict[int, int]:
    """Maps the index of each unchanged branch in the cache to its index among `members`.

    Empty if the order of these branches has changed: the two sides of cached pairs would then be swapped.
    """
    places = {member: place for place, member in enumerate(members)}
    found = {old: places[member] for old, member in enumerate(memory.members) if member in places}
    return found if list(found.values()) == sorted(found.values()) else {}


def without(memory: LevelMemory, tips: Collection[Oid]) -> LevelMemory:
    """Returns the cache without `tips`."""
    tasks = {task for task, tip in memory.members if tip in tips}
    lost = [tip in tips for _, tip in memory.members]
    place = [number - sum(lost[:number]) for number in range(len(lost))] if tasks else []
    return msgspec.structs.replace(
        memory,
        members=tuple(member for member in memory.members if member[1] not in tips),
        branch_facts={tip: facts for tip, facts in memory.branch_facts.items() if tip not in tips},
        reports=tuple(report for report in memory.reports if tasks.isdisjoint(report.tasks)),
        inseparable=tuple((place[a], place[b]) for a, b in memory.inseparable if not (lost[a] or lost[b]))
        if tasks
        else memory.inseparable,
    )


def _unwritable(memory: LevelMemory) -> set[Oid]:
    tips: Mapping[TaskId, Oid] = dict(memory.members)
    unwritable = {tips[report.tasks[0]] for report in memory.reports if not _writable(report)}
    return unwritable | {tip for tip, facts in memory.branch_facts.items() if not _writable(facts)}


def _writable(value: object) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        msgspec.msgpack.encode(value)
        return True
    return False
