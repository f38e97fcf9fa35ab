"""Checks each pair of branches: from the cache if possible, else by git."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts, entangled_pairs
from gitcoord.conflicts.check_cache import LevelMemory, still_there
from gitcoord.conflicts.conflict_locations import ConflictLocations, named
from gitcoord.conflicts.exclusive_paths import differing, paths_apart, places_of
from gitcoord.conflicts.model import BranchInput, PairReport, PathConflict
from gitcoord.conflicts.moved_by_base import exposed_pairs
from gitcoord.conflicts.pair_report import Rules, judgement_of, pair_report
from gitcoord.conflicts.pair_verdict import PairMerger, PairOverlap, PairVerdict
from gitcoord.conflicts.path_overlap import Overlap, Pair, find_overlaps
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.conflicts.regenerated import changed_alone
from gitcoord.conflicts.rules import Place, Rulebook
from gitcoord.git.git_cli import Oid

Told = tuple[PairVerdict, tuple[PathConflict, ...]]
_NOTHING_MET = Overlap()
_NOTHING_TOLD: Told = (PairVerdict(), ())


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """The reports on pairs that overlap, by index, and the pairs that comparing files cannot judge.

    `fresh`: something was not in the cache.
    """

    reports: dict[Pair, PairReport]
    tied: frozenset[Pair]
    fresh: bool


def find_pairs(
    bench: MergeContext,
    ready: Sequence[BranchInput],
    standings: Mapping[Oid, BranchFacts],
    rules: Rules,
    memory: LevelMemory,
) -> Pairs:
    """Checks the pairs of `ready` branches, except those in `memory`."""
    tips = [branch.commit or "" for branch in ready]
    stayed = still_there(memory, [(branch.task, branch.commit or "") for branch in ready])
    known = _known(memory, stayed)
    fresh = set(range(len(tips))).difference(stayed.values())
    # With other rules each pair gets a new report, but not a new merge.
    by_these_rules = memory.rules == rules.digest
    looked_at = fresh if by_these_rules else set(range(len(tips)))
    asked, tied = _meetings(bench, tips, standings, looked_at)
    told = {pair: (judgement_of(known[pair]), known[pair].conflicts) for pair in asked if pair in known}
    told |= _find_out(bench, ready, standings, {pair: met for pair, met in asked.items() if pair not in told})
    apart = _apart(tips, standings, rules.book, looked_at)
    reports = {
        pair: pair_report(
            (ready[pair[0]], ready[pair[1]]),
            asked[pair].overlap if pair in asked else _NOTHING_MET,
            told.get(pair, _NOTHING_TOLD)[0],
            rules,
            told.get(pair, _NOTHING_TOLD)[1],
            apart.get(pair, ()),
        )
        for pair in {**told, **apart}
    }
    if by_these_rules:
        reports = known | reports
        tied |= {(stayed[a], stayed[b]) for a, b in memory.tied if a in stayed and b in stayed}
    if told or apart:
        reports = dict(sorted(reports.items()))
    return Pairs(
        reports=reports,
        tied=frozenset(tied),
        fresh=not by_these_rules or bool(fresh) or len(stayed) != len(memory.members),
    )


def _known(memory: LevelMemory, stayed: Mapping[int, int]) -> dict[Pair, PairReport]:
    place = {memory.members[old][0]: new for old, new in stayed.items()}
    if len(stayed) == len(memory.members):
        return {(place[report.tasks[0]], place[report.tasks[1]]): report for report in memory.reports}
    return {
        (place[one], place[other]): report
        for report in memory.reports
        for one, other in (report.tasks,)
        if one in place and other in place
    }


def _meetings(
    bench: MergeContext, tips: Sequence[Oid], standings: Mapping[Oid, BranchFacts], looked_at: set[int]
) -> tuple[dict[Pair, PairOverlap], set[Pair]]:
    """Overlaps of pairs with a member in `looked_at`, and the pairs that comparing files cannot judge."""
    if not looked_at:
        return {}, set()
    everything = len(looked_at) == len(tips)
    met = [standings[tip].met for tip in tips]
    overlaps = find_overlaps(met, None if everything else looked_at)
    entangled = {pair for pair in entangled_pairs(tips, bench.forks) if _one_of(pair, looked_at)}
    exposed = exposed_pairs(
        tips,
        {tip: moved for tip in tips if (moved := standings[tip].exposed) is not None},
        {tip: standings[tip].to_base for tip in tips},
        looked_at,
    )
    asked = {
        pair: PairOverlap(
            overlap=overlaps.get(pair, _NOTHING_MET), entangled=pair in entangled, exposed=pair in exposed
        )
        for pair in sorted({*overlaps, *entangled, *exposed})
    }
    return asked, entangled | exposed | {pair for pair, overlap in overlaps.items() if overlap.guarded}


def _find_out(
    bench: MergeContext,
    ready: Sequence[BranchInput],
    standings: Mapping[Oid, BranchFacts],
    asked: Mapping[Pair, PairOverlap],
) -> dict[Pair, Told]:
    if not asked:
        return {}
    tips = [branch.commit or "" for branch in ready]
    judge = PairMerger(bench, tips, standings)
    judged = judge.judge(asked)
    changes = {tip: standings[tip].to_base for tip in tips}
    details = ConflictLocations(bench, tips, changes, judged, judge.known_lines)
    return {
        (i, j): (judgement, named(details.of((i, j), judgement), ready[i].task, ready[j].task))
        for (i, j), judgement in judged.items()
    }


def _apart(
    tips: Sequence[Oid], standings: Mapping[Oid, BranchFacts], book: Rulebook, looked_at: set[int]
) -> dict[Pair, tuple[str, ...]]:
    """The pairs that change the same exclusive place, with their paths in it."""
    if not book.keeps_apart:
        return {}
    places: dict[Place, dict[int, frozenset[str]]] = {}
    # Members of `looked_at` first: places that none of them changes do not matter.
    for number in sorted(range(len(tips)), key=lambda number: number not in looked_at):
        if not places and number not in looked_at:
            break
        standing = standings[tips[number]]
        for place, paths in places_of(book, standing.own, standing.to_base).items():
            places.setdefault(place, {})[number] = paths
    found = _alone(tips, standings, book, looked_at)
    for place, touching in places.items():
        for one, other in combinations(sorted(touching), 2):
            apart = paths_apart(place, touching[one], touching[other])
            if apart and _one_of((one, other), looked_at):
                found.setdefault((one, other), set()).update(apart)
    return {pair: tuple(sorted(paths)) for pair, paths in found.items()}


def _alone(
    tips: Sequence[Oid], standings: Mapping[Oid, BranchFacts], book: Rulebook, looked_at: set[int]
) -> dict[Pair, set[str]]:
    """Returns the pairs that leave a generated file different, of which one changes nothing else."""
    found: dict[Pair, set[str]] = {}
    own = [standings[tip].own for tip in tips]
    for number, changes in enumerate(own):
        alone = changed_alone(book, changes)
        for other in range(len(tips)) if alone else ():
            pair = (min(number, other), max(number, other))
            paths = differing(alone, changes, own[other]) if other != number else ()
            if paths and _one_of(pair, looked_at):
                found.setdefault(pair, set()).update(paths)
    return found


def _one_of(pair: Pair, places: Iterable[int]) -> bool:
    return pair[0] in places or pair[1] in places
