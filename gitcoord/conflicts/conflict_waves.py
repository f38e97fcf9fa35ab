"""Makes waves from clashes, and proves them: each wave as a whole merges onto the base in landing order."""

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
    """A ready task with its branch's `tip`; `able`: the tip merges with the base."""

    candidate: Candidate
    tip: Oid
    able: bool


class Waves(msgspec.Struct, frozen=True, kw_only=True):
    """Waves, landing order, conflicts that only appear when several merge, and the proof of each wave.

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
    bench: MergeContext,
    runners: Sequence[ReadyBranch],
    pairs: Iterable[PairReport],
    standings: Mapping[Oid, BranchFacts],
    tied: Collection[Pair],
    *,
    most: int | None = None,
    arranged: Mapping[str, Arrangement] | None = None,
    largest_first: bool = False,
) -> Waves:
    """Finds as few waves without clashes as possible; tasks that do not merge with the base come last.

    No wave has more than `most` members (None: no limit). `tied` are pairs of `runners`, by index, that
    comparing files cannot judge; `arranged` are known arrangements. With `largest_first`, the first wave is
    as heavy as possible.
    """
    clashes = {frozenset(pair.tasks) for pair in pairs if pair.clash}
    able = [runner for runner in runners if runner.able]
    stuck = [runner for runner in runners if not runner.able]
    asked: Arranged = {}

    def arrangement(of: Sequence[ReadyBranch]) -> Arrangement:
        tasks = [runner.candidate for runner in of]
        name = _name(tasks, clashes, most, largest_first)
        known = (arranged or {}).get(name) or asked.get(name)
        asked[name] = known or arrange(tasks, clashes, most=most, largest_first=largest_first)
        return asked[name]

    last = arrangement(stuck)
    first = arrangement(able)
    at_least = first.at_least + last.at_least
    joint: list[JointReport] = []
    places = {(runner.candidate.id, runner.tip): place for place, runner in enumerate(runners)}
    heads = {runner.candidate.id: (runner.candidate.id, runner.tip) for runner in runners}
    while True:
        waves = [[heads[task] for task in wave] for wave in first.waves]
        proofs = prove_waves(bench, waves, standings, tied, places)
        failing = next((n for n, proof in enumerate(proofs) if proof.failure is not None), None)
        if failing is None:
            break
        failure = proofs[failing].failure
        assert failure is not None  # noqa: S101 - what was looked for
        split = _split(bench, waves[failing], failure, able, standings)
        joint.append(split.joint)
        clashes.add(split.apart)
        first = arrangement(able)
    return Waves(
        waves=first.waves + last.waves,
        landing_order=first.landing_order + last.landing_order,
        joint=tuple(joint),
        proof=tuple(proof.steps for proof in proofs),
        at_least=max(at_least, 2 if joint else 1) if runners else 0,
        arranged=asked,
    )


def _name(
    tasks: Sequence[Candidate], clashes: Collection[frozenset[TaskId]], most: int | None, largest: bool
) -> str:
    weighed = (f"{t.id}\0{t.weight}\0{t.priority}\0{t.wave}\0{t.fixed}\0{t.alone}\0{t.after}" for t in tasks)
    inside = {task.id for task in tasks}
    apart = sorted("\0".join(sorted(clash)) for clash in clashes if not clash.isdisjoint(inside))
    return digest_of(f"{most}{' largest' if largest else ''}", *weighed, "", *apart)


def _split(
    bench: MergeContext,
    heads: Sequence[Head],
    failure: Failure,
    runners: Sequence[ReadyBranch],
    standings: Mapping[Oid, BranchFacts],
) -> _Split:
    failing = (failure.task, failure.head)
    before = heads[: heads.index(failing)]
    suspects = culprits(failure.paths, {r.candidate.id: standings[r.tip].met.paths for r in runners})
    cause = smallest_cause(bench, before, failing, suspects)
    joint = JointReport(tasks=(*cause, failure.task), conflicted_paths=failure.paths)
    return _Split(joint=joint, apart=frozenset({cause[-1], failure.task}))
