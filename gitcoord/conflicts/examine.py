"""One level's branches examined: what they changed, what meets, what really conflicts, what follows."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from gitcoord.conflicts.cache import Cache, open_cache
from gitcoord.conflicts.changes import Changes, combine
from gitcoord.conflicts.details import Details, named
from gitcoord.conflicts.exposed import exposed_pairs
from gitcoord.conflicts.history import Fork, find_forks
from gitcoord.conflicts.model import (
    BranchInput,
    BranchReport,
    ConflictReport,
    DecidedBy,
    Grade,
    Metrics,
    PairReport,
    PathConflict,
    SerializeOn,
)
from gitcoord.conflicts.onto import Brought, Workbench, bring_onto
from gitcoord.conflicts.overlap import Overlap, Pair, find_overlaps
from gitcoord.conflicts.recall import (
    Told,
    remembered_arrivals,
    remembered_changes,
    remembered_pairs,
)
from gitcoord.conflicts.rules import Rulebook
from gitcoord.conflicts.verdicts import Judge, Judgement, Met
from gitcoord.conflicts.waves import Runner, Waves, find_waves
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid
from gitcoord.planning.order import Candidate
from gitcoord.tasks.model import TaskId

_NOTHING_MET = Overlap()
_TOO_NEAR: dict[SerializeOn, tuple[Grade, ...]] = {
    "conflict": (),
    "adjacent": ("adjacent",),
    "symbol": ("adjacent", "same symbol"),
    "overlap": ("adjacent", "same symbol", "same file", ""),
}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When two branches that meet must not land in one wave."""

    serialize_on: SerializeOn
    book: Rulebook


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found out about the branches; `met` holds what pairs may meet in.

    `on_base` are the changes that a branch makes to today's base, where that is not what it stands on.
    """

    inputs: tuple[BranchInput, ...]
    forks: dict[Oid, Fork]
    brought: dict[Oid, Brought]
    own: dict[Oid, Changes]
    on_base: dict[Oid, Changes]
    remembered: frozenset[Oid]
    met: dict[Oid, Changes]


def examine(
    repository: Repository,
    *,
    level: str,
    base: str,
    base_commit: Oid,
    branches: Sequence[BranchInput],
    candidates: Sequence[Candidate],
    serialize_on: SerializeOn = "conflict",
    ignore: Sequence[str] = (),
    book: Rulebook | None = None,
    most: int | None = None,
    only_pairs: bool = False,
    caching: bool = True,
) -> ConflictReport:
    """What `branches` do to each other on the base as it is now, and the waves in which they can land.

    With `only_pairs` no waves are made. With `caching` what is found out about commits is kept.

    `candidates` say how much each task weighs; a task without one weighs nothing. `book` says which paths
    count how (None: only `ignore`); no wave has more than `most` members. Nothing is written into the
    repository. Raises `bad-ignore`.
    """
    rules = Rules(serialize_on=serialize_on, book=book or Rulebook(ignore=ignore))
    with repository.git.quarantine() as git:
        cache = open_cache(repository) if caching else Cache(None)
        bench, scene = _look(git, base_commit, branches, cache)
        reports = tuple(_branch_report(branch, scene, rules) for branch in branches)
        ready = [b for b, report in zip(branches, reports, strict=True) if report.state == "ready"]
        pairs = _pair_reports(bench, ready, scene, rules, cache)
        weighed = {candidate.id: candidate for candidate in candidates}
        runners = [_runner(branch, scene, weighed) for branch in ready]
        found = Waves() if only_pairs else find_waves(bench, runners, pairs, most=most)
    return ConflictReport(
        level=level,
        base=base,
        base_commit=base_commit,
        serialize_on=serialize_on,
        branches=reports,
        pairs=pairs,
        joint=found.joint,
        waves=found.waves,
        landing_order=found.landing_order,
        proof=found.proof,
        metrics=_metrics(len(ready), pairs),
    )


def changed_paths(git: Git, base_commit: Oid, tips: Sequence[Oid]) -> dict[Oid, frozenset[str]]:
    """What every tip changed since its merge base with the base; nothing for tips that the base has."""
    return {
        tip: changes.paths
        for tip, changes in _own_changes(git, find_forks(git, base_commit, tips), Cache(None)).items()
    }


def _look(git: Git, base: Oid, branches: Sequence[BranchInput], cache: Cache) -> tuple[Workbench, Scene]:
    tips = [branch.commit for branch in branches if branch.commit is not None and not branch.landed]
    forks = find_forks(git, base, tips)
    bench = Workbench(git, base, forks, cache)
    arrivals = remembered_arrivals(cache, bench)
    brought, on_base = arrivals.brought, arrivals.on_base
    own = _own_changes(git, forks, cache)
    met = dict(own)
    for tip, changes in on_base.items():
        met[tip] = combine(own[tip], changes)
    return bench, Scene(
        inputs=tuple(branches),
        forks=forks,
        brought=brought,
        own=own,
        on_base=on_base,
        remembered=arrivals.remembered,
        met=met,
    )


def _own_changes(git: Git, forks: Mapping[Oid, Fork], cache: Cache) -> dict[Oid, Changes]:
    tips = [tip for tip, fork in forks.items() if fork.merge_bases and not fork.inside]
    pairs = [(forks[tip].merge_bases[0], tip) for tip in tips]
    return dict(zip(tips, remembered_changes(cache, git, pairs), strict=True))


def _branch_report(branch: BranchInput, scene: Scene, rules: Rules) -> BranchReport:
    tip = branch.commit
    report = BranchReport(task=branch.task, branch=branch.branch, commit=tip, state="missing")
    change = msgspec.structs.replace
    if branch.landed:
        return change(report, state="landed")
    if tip is None:
        return report
    if scene.forks[tip].inside:
        return change(report, state="empty")
    brought = scene.brought[tip]
    changed = tuple(sorted(scene.own[tip].paths)) if tip in scene.own else ()
    scratch = rules.book.by("scratch", (path for path in changed if path in scene.own[tip].added))
    report = change(report, scratch=scratch)
    if brought.problem:
        return change(report, state="unknown", changed_paths=changed, reason=brought.problem)
    return change(report, state="ready", changed_paths=changed, base_conflicts=brought.paths)


def _pair_reports(
    bench: Workbench, ready: Sequence[BranchInput], scene: Scene, rules: Rules, cache: Cache
) -> tuple[PairReport, ...]:
    tips = [branch.commit for branch in ready if branch.commit is not None]
    overlaps = find_overlaps([scene.met[tip] for tip in tips])
    entangled = _entangled(tips, scene.forks)
    exposed = exposed_pairs(
        lambda wanted: remembered_changes(cache, bench.git, wanted),
        *(bench.base, tips, scene.forks, scene.own, scene.on_base),
    )
    asked = {
        pair: Met(
            overlap=overlaps.get(pair, _NOTHING_MET), entangled=pair in entangled, exposed=pair in exposed
        )
        for pair in sorted({*overlaps, *entangled, *exposed})
    }
    to_base = {**scene.own, **scene.on_base}
    tasks = [branch.task for branch in ready]

    def find_out(pairs: Sequence[Pair]) -> dict[Pair, Told]:
        # The trees of what is only remembered went away with the quarantine that they were made in.
        bring_onto(bench, {tips[place] for pair in pairs for place in pair} & scene.remembered)
        judge = Judge(bench, tips, scene.brought, scene.own, to_base)
        judged = judge.judge({pair: asked[pair] for pair in pairs})
        details = Details(bench, tips, to_base, judged, judge.known_lines)
        return {pair: (judgement, details.of(pair, judgement)) for pair, judgement in judged.items()}

    told = remembered_pairs(cache, bench.base, tips, asked, find_out)
    reports = (
        _pair_report(
            (ready[i], ready[j]),
            overlaps.get((i, j), _NOTHING_MET),
            told[i, j][0],
            rules,
            named(told[i, j][1], tasks[i], tasks[j]),
        )
        for i, j in asked
    )
    return tuple(report for report in reports if _worth_telling(report))


def _entangled(tips: Sequence[Oid], forks: Mapping[Oid, Fork]) -> set[Pair]:
    """Pairs that changed paths say nothing certain about, because their histories are entangled."""
    places: dict[Oid, list[int]] = {}
    for number, tip in enumerate(tips):
        places.setdefault(tip, []).append(number)
    pairs = {pair for same in places.values() for pair in combinations(same, 2)}
    for number, tip in enumerate(tips):
        others = range(len(tips)) if len(forks[tip].merge_bases) > 1 else ()
        near = (place for kin in forks[tip].kin for place in places.get(kin, ()))
        pairs |= {(min(number, n), max(number, n)) for n in (*others, *near) if n != number}
    return pairs


def _pair_report(
    branches: tuple[BranchInput, BranchInput],
    overlap: Overlap,
    judgement: Judgement,
    rules: Rules,
    conflicts: tuple[PathConflict, ...],
) -> PairReport:
    book = rules.book
    ignored, hub = book.by("ignore", overlap.paths), book.by("hub", overlap.paths)
    counting = tuple(path for path in overlap.paths if path not in ignored and path not in hub)
    ignored_twins = book.by("ignore", overlap.case_clashes)
    twins = tuple(path for path in overlap.case_clashes if path not in ignored_twins)
    exclusive = book.by("exclusive", counting)
    decided_by: DecidedBy = ""
    if judgement.verdict != "clean":
        decided_by = "merge"
    elif twins:
        decided_by = "case-clash"
    elif exclusive:
        decided_by = "exclusive"
    elif counting and judgement.grade in _TOO_NEAR[rules.serialize_on]:
        decided_by = "serialize-on"
    return PairReport(
        tasks=(branches[0].task, branches[1].task),
        overlap=tuple(sorted({*counting, *twins})),
        verdict=judgement.verdict,
        conflicted_paths=judgement.paths,
        clash=bool(decided_by),
        ignored=ignored,
        hub=hub,
        exclusive=exclusive,
        decided_by=decided_by,
        rules=book.decisions(dict.fromkeys((*overlap.paths, *overlap.case_clashes, *judgement.paths))),
        # Landing would fail on an ignored path as on any other: it is marked, never hidden.
        only_ignored=bool(judgement.paths)
        and len(book.by("ignore", judgement.paths)) == len(judgement.paths),
        case_clashes=twins,
        kinds=judgement.kinds,
        warnings=("case-clash",) if twins else (),
        reason=judgement.reason,
        fails_after=tuple(branches[place].task for place in judgement.fails_after),
        settled_by="merge" if judgement.merged else "lines",
        conflicts=conflicts,
        grade=judgement.grade,
        symbols=judgement.symbols,
    )


def _worth_telling(report: PairReport) -> bool:
    return (
        bool(report.overlap or report.ignored or report.hub or report.case_clashes)
        or report.verdict != "clean"
    )


def _runner(branch: BranchInput, scene: Scene, weighed: Mapping[TaskId, Candidate]) -> Runner:
    tip = branch.commit or ""
    return Runner(
        candidate=weighed.get(branch.task) or Candidate(id=branch.task),
        tip=tip,
        able=scene.brought[tip].commit is not None,
        paths=scene.met[tip].paths,
    )


def _metrics(ready: int, pairs: Sequence[PairReport]) -> Metrics:
    every = ready * (ready - 1) // 2
    conflicting = sum(1 for pair in pairs if pair.verdict == "conflict")
    return Metrics(
        pairs=every,
        overlapping=sum(1 for pair in pairs if pair.overlap),
        conflicting=conflicting,
        conflict_rate=round(conflicting / every, 4) if every else 0.0,
    )
