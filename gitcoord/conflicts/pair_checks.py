"""Checks each pair of branches, from the cache if possible, else by git."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts, entangled_pairs
from gitcoord.conflicts.check_cache import LevelMemory, unchanged_members
from gitcoord.conflicts.conflict_locations import ConflictLocations, named
from gitcoord.conflicts.exclusive_paths import differing, paths_apart, places_of
from gitcoord.conflicts.model import BranchInput, PairReport, PathConflict
from gitcoord.conflicts.moved_by_base import exposed_pairs
from gitcoord.conflicts.pair_report import Rules, judgement_of, pair_report
from gitcoord.conflicts.pair_verdict import PairMerger, PairRelation, PairVerdict
from gitcoord.conflicts.path_overlap import Overlap, Pair, find_overlaps
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.conflicts.regeneration_commands import changed_alone
from gitcoord.conflicts.rules import Place, Rulebook
from gitcoord.git.git_cli import Oid

PairResult = tuple[PairVerdict, tuple[PathConflict, ...]]
_NO_OVERLAP = Overlap()
_NO_RESULT: PairResult = (PairVerdict(), ())


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """The reports on pairs that overlap, by index, and the `inseparable` pairs, which are merged as a whole.

    `fresh`: something was not in the cache.
    """

    reports: dict[Pair, PairReport]
    inseparable: frozenset[Pair]
    fresh: bool


def find_pairs(
    context: MergeContext,
    ready: Sequence[BranchInput],
    branch_facts: Mapping[Oid, BranchFacts],
    rules: Rules,
    memory: LevelMemory,
) -> Pairs:
    """Returns the reports on the pairs of `ready` branches, from `memory` if both are unchanged."""
    tips = [branch.commit or "" for branch in ready]
    stayed = unchanged_members(memory, [(branch.task, branch.commit or "") for branch in ready])
    known = _known(memory, stayed)
    fresh = set(range(len(tips))).difference(stayed.values())
    # With other rules each pair gets a new report, but not a new merge.
    by_these_rules = memory.rules == rules.digest
    chosen = fresh if by_these_rules else set(range(len(tips)))
    relations, inseparable = _relations(context, tips, branch_facts, chosen)
    results = {
        pair: (judgement_of(known[pair]), known[pair].conflicts) for pair in relations if pair in known
    }
    results |= _judge(
        context,
        ready,
        branch_facts,
        {pair: relation for pair, relation in relations.items() if pair not in results},
    )
    exclusive = _apart(tips, branch_facts, rules.book, chosen)
    reports = {
        pair: pair_report(
            (ready[pair[0]], ready[pair[1]]),
            relations[pair].overlap if pair in relations else _NO_OVERLAP,
            results.get(pair, _NO_RESULT)[0],
            rules,
            results.get(pair, _NO_RESULT)[1],
            exclusive.get(pair, ()),
        )
        for pair in {**results, **exclusive}
    }
    if by_these_rules:
        reports = known | reports
        inseparable |= {(stayed[a], stayed[b]) for a, b in memory.inseparable if a in stayed and b in stayed}
    if results or exclusive:
        reports = dict(sorted(reports.items()))
    return Pairs(
        reports=reports,
        inseparable=frozenset(inseparable),
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


def _relations(
    context: MergeContext, tips: Sequence[Oid], branch_facts: Mapping[Oid, BranchFacts], chosen: set[int]
) -> tuple[dict[Pair, PairRelation], set[Pair]]:
    """Overlaps of pairs with a member in `chosen`, and the pairs that must be merged as a whole."""
    if not chosen:
        return {}, set()
    everything = len(chosen) == len(tips)
    changes = [branch_facts[tip].all_changes for tip in tips]
    overlaps = find_overlaps(changes, None if everything else chosen)
    entangled = {pair for pair in entangled_pairs(tips, context.forks) if _one_of(pair, chosen)}
    exposed = exposed_pairs(
        tips,
        {tip: moved for tip in tips if (moved := branch_facts[tip].exposed) is not None},
        {tip: branch_facts[tip].to_base for tip in tips},
        chosen,
    )
    relations = {
        pair: PairRelation(
            overlap=overlaps.get(pair, _NO_OVERLAP), entangled=pair in entangled, exposed=pair in exposed
        )
        for pair in sorted({*overlaps, *entangled, *exposed})
    }
    return relations, entangled | exposed | {pair for pair, overlap in overlaps.items() if overlap.guarded}


def _judge(
    context: MergeContext,
    ready: Sequence[BranchInput],
    branch_facts: Mapping[Oid, BranchFacts],
    relations: Mapping[Pair, PairRelation],
) -> dict[Pair, PairResult]:
    if not relations:
        return {}
    tips = [branch.commit or "" for branch in ready]
    judge = PairMerger(context, tips, branch_facts)
    judged = judge.judge(relations)
    changes = {tip: branch_facts[tip].to_base for tip in tips}
    details = ConflictLocations(context, tips, changes, judged, judge.known_lines)
    return {
        (i, j): (judgement, named(details.of((i, j), judgement), ready[i].task, ready[j].task))
        for (i, j), judgement in judged.items()
    }


def _apart(
    tips: Sequence[Oid], branch_facts: Mapping[Oid, BranchFacts], book: Rulebook, chosen: set[int]
) -> dict[Pair, tuple[str, ...]]:
    """The pairs that change the same exclusive place, with their paths in it."""
    if not book.keeps_apart:
        return {}
    places: dict[Place, dict[int, frozenset[str]]] = {}
    # Members of `chosen` first: places that none of them changes do not matter.
    for number in sorted(range(len(tips)), key=lambda number: number not in chosen):
        if not places and number not in chosen:
            break
        facts = branch_facts[tips[number]]
        for place, paths in places_of(book, facts.own, facts.to_base).items():
            places.setdefault(place, {})[number] = paths
    found = _alone(tips, branch_facts, book, chosen)
    for place, touching in places.items():
        for one, other in combinations(sorted(touching), 2):
            exclusive = paths_apart(place, touching[one], touching[other])
            if exclusive and _one_of((one, other), chosen):
                found.setdefault((one, other), set()).update(exclusive)
    return {pair: tuple(sorted(paths)) for pair, paths in found.items()}


def _alone(
    tips: Sequence[Oid], branch_facts: Mapping[Oid, BranchFacts], book: Rulebook, chosen: set[int]
) -> dict[Pair, set[str]]:
    """Returns the pairs that give a generated file different contents, where one changes nothing else."""
    found: dict[Pair, set[str]] = {}
    own = [branch_facts[tip].own for tip in tips]
    for number, changes in enumerate(own):
        alone = changed_alone(book, changes)
        for other in range(len(tips)) if alone else ():
            pair = (min(number, other), max(number, other))
            paths = differing(alone, changes, own[other]) if other != number else ()
            if paths and _one_of(pair, chosen):
                found.setdefault(pair, set()).update(paths)
    return found


def _one_of(pair: Pair, places: Iterable[int]) -> bool:
    return pair[0] in places or pair[1] in places
