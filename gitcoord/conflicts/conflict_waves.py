"""Makes waves from real conflicts, and proves that each wave as a whole merges in landing order.

`planning/arrange_waves` arranges tasks for given clashes. If the proof of a wave fails, its cause becomes a
further clash, and the tasks are arranged again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.merge_proof import Failure, Head, culprits, digest_of, smallest_cause
from gitcoord.conflicts.model import JointReport, PairReport, ProvedStep
from gitcoord.conflicts.path_overlap import Pair
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.conflicts.wave_proof import prove_waves
from gitcoord.git.git_cli import Oid
from gitcoord.planning.arrange_waves import Arrangement, Candidate, arrange
from gitcoord.tasks.model import TaskId

Arranged = dict[str, Arrangement]
"""Arrangements by the digest of their input."""


class ReadyBranch(msgspec.Struct, frozen=True, kw_only=True):
    """A ready task with its branch's `tip`; `merges`: the tip merges with the base, and is not overtaken."""

    candidate: Candidate
    tip: Oid
    merges: bool


class Waves(msgspec.Struct, frozen=True, kw_only=True):
    """Waves, landing order, conflicts of more than two branches, and the proof of each wave.

    No arrangement has fewer than `at_least` waves. `arranged` are the arrangements that were computed.
    """

    waves: tuple[tuple[TaskId, ...], ...] = ()
    landing_order: tuple[TaskId, ...] = ()
    joint: tuple[JointReport, ...] = ()
    proof: tuple[tuple[ProvedStep, ...], ...] = ()
    at_least: int = 0
    arranged: Arranged = {}


class _Split(msgspec.Struct, frozen=True, kw_only=True):
    joint: JointReport
    apart: frozenset[TaskId]


def find_waves(
    context: MergeContext,
    ready: Sequence[ReadyBranch],
    pairs: Iterable[PairReport],
    branch_facts: Mapping[Oid, BranchFacts],
    inseparable: Collection[Pair],
    *,
    most: int | None = None,
    arranged: Mapping[str, Arrangement] | None = None,
    largest_first: bool = False,
) -> Waves:
    """Finds as few waves without clashes as possible; tasks that do not merge with the base are in the last
    waves.

    No wave has more than `most` members (None: no limit). `inseparable` are pairs of `ready`, by index, whose
    branches must be merged as a whole; `arranged` are known arrangements. With `largest_first`, the first
    wave is as heavy as possible.
    """
    clashes = {frozenset(pair.tasks) for pair in pairs if pair.clash}
    merges = [branch for branch in ready if branch.merges]
    conflicting = [branch for branch in ready if not branch.merges]
    used: Arranged = {}

    def arrangement(of: Sequence[ReadyBranch]) -> Arrangement:
        tasks = [branch.candidate for branch in of]
        name = _name(tasks, clashes, most, largest_first)
        known = (arranged or {}).get(name) or used.get(name)
        used[name] = known or arrange(tasks, clashes, most=most, largest_first=largest_first)
        return used[name]

    last = arrangement(conflicting)
    first = arrangement(merges)
    at_least = first.at_least + last.at_least
    joint: list[JointReport] = []
    places = {(branch.candidate.id, branch.tip): place for place, branch in enumerate(ready)}
    heads = {branch.candidate.id: (branch.candidate.id, branch.tip) for branch in ready}
    while True:
        waves = [[heads[task] for task in wave] for wave in first.waves]
        proofs = prove_waves(context, waves, branch_facts, inseparable, places)
        failing = next((n for n, proof in enumerate(proofs) if proof.failure is not None), None)
        if failing is None:
            break
        failure = proofs[failing].failure
        assert failure is not None  # noqa: S101 - `failing` is the number of such a proof
        split = _split(context, waves[failing], failure, merges, branch_facts)
        joint.append(split.joint)
        clashes.add(split.apart)
        first = arrangement(merges)
    return Waves(
        waves=first.waves + last.waves,
        landing_order=first.landing_order + last.landing_order,
        joint=tuple(joint),
        proof=tuple(proof.steps for proof in proofs),
        at_least=max(at_least, 2 if joint else 1) if ready else 0,
        arranged=used,
    )


def _name(
    tasks: Sequence[Candidate], clashes: Collection[frozenset[TaskId]], most: int | None, largest: bool
) -> str:
    weighed = (f"{t.id}\0{t.weight}\0{t.priority}\0{t.wave}\0{t.fixed}\0{t.alone}\0{t.after}" for t in tasks)
    inside = {task.id for task in tasks}
    apart = sorted("\0".join(sorted(clash)) for clash in clashes if not clash.isdisjoint(inside))
    return digest_of(f"{most}{' largest' if largest else ''}", *weighed, "", *apart)


def _split(
    context: MergeContext,
    heads: Sequence[Head],
    failure: Failure,
    ready: Sequence[ReadyBranch],
    branch_facts: Mapping[Oid, BranchFacts],
) -> _Split:
    failing = (failure.task, failure.head)
    before = heads[: heads.index(failing)]
    suspects = culprits(failure.paths, {r.candidate.id: branch_facts[r.tip].all_changes.paths for r in ready})
    cause = smallest_cause(context, before, failing, suspects)
    joint = JointReport(tasks=(*cause, failure.task), conflicted_paths=failure.paths)
    return _Split(joint=joint, apart=frozenset({cause[-1], failure.task}))
