"""Makes the report on a pair from its verdict: which paths count, and whether the two must be kept apart."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.model import (
    BranchInput,
    BranchReport,
    DecidedBy,
    Grade,
    PairReport,
    PathConflict,
    SerializeOn,
)
from gitcoord.conflicts.pair_verdict import PairVerdict
from gitcoord.conflicts.path_overlap import Overlap
from gitcoord.conflicts.rules import SAME_NUMBER, Rulebook, RuleMatch
from gitcoord.git.git_cli import Oid

_TOO_NEAR: dict[SerializeOn, tuple[Grade, ...]] = {
    "conflict": (),
    "adjacent": ("adjacent",),
    "symbol": ("adjacent", "same symbol"),
    "overlap": ("adjacent", "same symbol", "same file", ""),
}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that keep two overlapping branches out of one wave."""

    serialize_on: SerializeOn
    book: Rulebook

    @property
    def digest(self) -> str:
        """A digest that is equal for equivalent rules."""
        return f"{self.serialize_on} {self.book.digest}"


def branch_report(
    branch: BranchInput,
    branch_facts: Mapping[Oid, BranchFacts],
    rules: Rules,
    late: Mapping[Oid, tuple[str, ...]],
) -> BranchReport:
    """Makes the report on a branch; `late` has the exclusive paths that the base changed too, by tip."""
    facts = branch_facts.get(branch.commit or "")
    report = BranchReport(task=branch.task, branch=branch.branch, commit=branch.commit, state="missing")
    change = msgspec.structs.replace
    if branch.landed:
        return change(report, state="landed")
    if facts is None:
        return report
    if facts.fork.inside:
        return change(report, state="empty")
    changed = tuple(sorted(facts.own.paths))
    scratch = rules.book.by("scratch", (path for path in changed if path in facts.own.added))
    problem = branch.unknown or facts.rebased.problem
    return change(
        report,
        state="unknown" if problem else "ready",
        reason=problem,
        changed_paths=changed,
        scratch=scratch,
        base_conflicts=() if problem else facts.rebased.paths,
        overtaken=late.get(branch.commit or "", ()),
    )


def pair_report(
    branches: tuple[BranchInput, BranchInput],
    overlap: Overlap,
    judgement: PairVerdict,
    rules: Rules,
    conflicts: tuple[PathConflict, ...],
    exclusive: tuple[str, ...] = (),
) -> PairReport:
    """Makes the report on a pair; `exclusive` are the paths that an exclusive rule keeps apart."""
    book = rules.book
    ignored, hub, union = (book.by(rule, overlap.paths) for rule in ("ignore", "hub", "union"))
    regenerated = book.by("regenerate", overlap.paths)
    calm = {*ignored, *hub, *union, *regenerated}
    counting = tuple(path for path in overlap.paths if path not in calm) if calm else overlap.paths
    twins = overlap.case_clashes
    if twins:
        twins = tuple(path for path in twins if path not in book.by("ignore", twins))
    decided_by = _decided(judgement, rules, counting, twins, exclusive)
    said = book.decisions(
        dict.fromkeys((*overlap.paths, *overlap.case_clashes, *judgement.paths, *exclusive))
    )
    said += tuple(
        RuleMatch(path=path, rule="exclusive", pattern="NUMBER_*", source=SAME_NUMBER)
        for path in exclusive
        if book.decide(path) is None
    )
    return PairReport(
        tasks=(branches[0].task, branches[1].task),
        overlap=tuple(sorted({*counting, *twins})) if twins else counting,
        verdict=judgement.verdict,
        conflicted_paths=judgement.paths,
        clash=bool(decided_by),
        ignored=ignored,
        hub=hub,
        union=union,
        regenerated=regenerated,
        exclusive=exclusive,
        decided_by=decided_by,
        rules=said,
        # Landing can fail on an ignored path as on any other: the failure is marked, never hidden.
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


def judgement_of(report: PairReport) -> PairVerdict:
    """The verdict from which a report was made."""
    return PairVerdict(
        verdict=report.verdict,
        paths=report.conflicted_paths,
        kinds=report.kinds,
        path_kinds=tuple((conflict.path, conflict.kind) for conflict in report.conflicts),
        fails_after=tuple(report.tasks.index(task) for task in report.fails_after),
        reason=report.reason,
        merged=report.settled_by == "merge",
        grade=report.grade,
        symbols=report.symbols,
    )


def worth_telling(report: PairReport) -> bool:
    """Whether the report on a pair names a path or a reason."""
    return report.verdict != "clean" or bool(
        report.overlap
        or report.ignored
        or report.hub
        or report.union
        or report.regenerated
        or report.case_clashes
        or report.exclusive
    )


def _decided(
    judgement: PairVerdict,
    rules: Rules,
    counting: Sequence[str],
    twins: Sequence[str],
    exclusive: Sequence[str],
) -> DecidedBy:
    if judgement.verdict != "clean":
        return "merge"
    if twins:
        return "case-clash"
    if exclusive:
        return "exclusive"
    return "serialize-on" if counting and judgement.grade in _TOO_NEAR[rules.serialize_on] else ""
