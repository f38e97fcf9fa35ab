"""Checks the branches of one level: their changes, overlaps, real conflicts, and the waves that follow."""

from collections.abc import Mapping, Sequence
from functools import partial

from gitcoord.conflicts.branch_facts import BranchFacts, find_branch_facts
from gitcoord.conflicts.changes import changes_between
from gitcoord.conflicts.check_cache import LevelMemory, recall, remember, same
from gitcoord.conflicts.conflict_waves import ReadyBranch, Waves, find_waves
from gitcoord.conflicts.disk_cache import Cache, open_cache
from gitcoord.conflicts.exclusive_paths import differing, places_of, shared_paths
from gitcoord.conflicts.fork_points import find_forks
from gitcoord.conflicts.merge_proof import digest_of
from gitcoord.conflicts.model import BranchInput, ConflictMetrics, ConflictReport, PairReport, SerializeOn
from gitcoord.conflicts.pair_checks import find_pairs
from gitcoord.conflicts.pair_report import Rules, branch_report, worth_telling
from gitcoord.conflicts.regeneration_commands import changed_alone
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.tasks.model import TaskId


def check_branches(
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
    stacks: Stacks | None = None,
    largest_first: bool = False,
) -> ConflictReport:
    """Checks `branches` against each other on the present base, and makes the waves in which they can land.

    With `only_pairs`, makes no waves. With `caching`, results are cached by commit. `stacks` finds the
    branches that are stacked on work that landed by squash or rebase.

    `largest_first`: the first wave contains as much as can land without rework. `candidates` give the weight
    of each task, 0 if missing. `book` has the rules for paths (None: only `ignore`). No wave has more than
    `most` members. Writes nothing to the repository except this cache. Raises `bad-ignore`.
    """
    rules = Rules(serialize_on=serialize_on, book=book or Rulebook(ignore=ignore))
    tips = [branch.commit for branch in branches if branch.commit is not None and not branch.landed]
    with repository.git.quarantine() as git:
        cache = open_cache(repository) if caching else Cache(None)
        stacked = stacks.find(git, tips) if stacks else {}
        seen_from = digest_of(base_commit, repr(sorted(stacked.items()))) if stacked else base_commit
        memory = recall(cache, level, seen_from)
        context, branch_facts = find_branch_facts(git, base_commit, tips, memory.branch_facts, stacked)
        late = find_overtaken(git, rules.book, base_commit, branch_facts)
        reports = tuple(branch_report(b, branch_facts, rules, late) for b in branches)
        ready = [b for b, report in zip(branches, reports, strict=True) if report.state == "ready"]
        pairs = find_pairs(context, ready, branch_facts, rules, memory)
        shown = tuple(report for report in pairs.reports.values() if worth_telling(report))
        found = Waves(arranged=memory.arranged)
        context.known = memory.proofs
        if only_pairs:
            context.used = memory.proofs
        else:
            weighed = {candidate.id: candidate for candidate in candidates}
            ready_branches = [_ready_branch(branch, branch_facts, weighed, late) for branch in ready]
            aim = partial(find_waves, most=most, arranged=memory.arranged, largest_first=largest_first)
            found = aim(context, ready_branches, shown, branch_facts, pairs.inseparable)
        now = LevelMemory(
            base=seen_from,
            rules=rules.digest,
            members=tuple((branch.task, branch.commit or "") for branch in ready),
            branch_facts=branch_facts,
            reports=tuple(pairs.reports.values()),
            inseparable=tuple(sorted(pairs.inseparable)),
            proofs=context.used,
            arranged=found.arranged,
        )
        if pairs.fresh or not same(memory, now):
            remember(cache, level, now)
    return ConflictReport(
        level=level,
        base=base,
        base_commit=base_commit,
        serialize_on=serialize_on,
        branches=reports,
        pairs=shown,
        joint=found.joint,
        waves=found.waves,
        landing_order=found.landing_order,
        proof=found.proof,
        at_least=found.at_least,
        metrics=_metrics(len(ready), shown),
    )


def changed_paths(git: Git, base_commit: Oid, tips: Sequence[Oid]) -> dict[Oid, frozenset[str]]:
    """Returns the paths that each tip changed since its merge base; none for tips that the base contains."""
    forks = find_forks(git, base_commit, tips)
    own = [tip for tip, fork in forks.items() if fork.merge_bases and not fork.inside]
    changes = changes_between(git, [(forks[tip].merge_bases[0], tip) for tip in own])
    return {tip: change.paths for tip, change in zip(own, changes, strict=True)}


def _ready_branch(
    branch: BranchInput,
    branch_facts: Mapping[Oid, BranchFacts],
    weighed: Mapping[TaskId, Candidate],
    late: Mapping[Oid, Sequence[str]],
) -> ReadyBranch:
    facts = branch_facts[branch.commit or ""]
    return ReadyBranch(
        candidate=weighed.get(branch.task) or Candidate(id=branch.task),
        tip=branch.commit or "",
        merges=facts.rebased.lands and branch.commit not in late,
    )


def _metrics(ready: int, pairs: Sequence[PairReport]) -> ConflictMetrics:
    every = ready * (ready - 1) // 2
    conflicting = sum(1 for pair in pairs if pair.verdict == "conflict")
    return ConflictMetrics(
        pairs=every,
        overlapping=sum(1 for pair in pairs if pair.overlap),
        conflicting=conflicting,
        conflict_rate=round(conflicting / every, 4) if every else 0.0,
    )


def find_overtaken(
    git: Git, book: Rulebook, base: Oid, branch_facts: Mapping[Oid, BranchFacts]
) -> dict[Oid, tuple[str, ...]]:
    """Returns the tips that change exclusive places that the base has changed too, with the paths of both."""
    if not book.keeps_apart:
        return {}
    behind = {
        tip: facts
        for tip, facts in branch_facts.items()
        if facts.fork.merge_bases and not facts.fork.inside and base not in facts.fork.merge_bases
    }
    mine = {tip: places for tip, one in behind.items() if (places := places_of(book, one.own))}
    alone = {tip: paths for tip, one in behind.items() if (paths := changed_alone(book, one.own))}
    since = {tip: behind[tip].fork.merge_bases[0] for tip in (*mine, *alone)}
    starts = sorted(set(since.values()))
    moved = dict(zip(starts, changes_between(git, [(start, base) for start in starts]), strict=True))
    theirs = {start: places_of(book, changes) for start, changes in moved.items()}
    found = {
        tip: shared_paths(mine.get(tip, {}), theirs[start])
        or differing(alone.get(tip, ()), behind[tip].own, moved[start])
        for tip, start in since.items()
    }
    return {tip: paths for tip, paths in found.items() if paths}
