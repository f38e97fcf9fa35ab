"""From clashes to waves that are proved: each wave merges whole onto the base, in landing order."""

from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.model import JointReport, PairReport, ProvedStep
from gitcoord.conflicts.onto import Workbench
from gitcoord.conflicts.prove import Failure, Head, culprits, prove, smallest_cause
from gitcoord.git.run import Oid
from gitcoord.planning.order import Candidate, arrange
from gitcoord.tasks.model import TaskId


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """A ready task at its branch's `tip`; `able` when that merges with the base."""

    candidate: Candidate
    tip: Oid
    able: bool
    paths: frozenset[str]


class Waves(msgspec.Struct, frozen=True, kw_only=True):
    """The waves, the order, what only shows when several merge, and each wave's proof."""

    waves: tuple[tuple[TaskId, ...], ...] = ()
    landing_order: tuple[TaskId, ...] = ()
    joint: tuple[JointReport, ...] = ()
    proof: tuple[tuple[ProvedStep, ...], ...] = ()


class _Split(msgspec.Struct, frozen=True, kw_only=True):
    joint: JointReport
    apart: frozenset[TaskId]


def find_waves(
    bench: Workbench, runners: Sequence[Runner], pairs: Sequence[PairReport], *, most: int | None = None
) -> Waves:
    """The fewest waves found in which nothing clashes; tasks that don't merge with the base come last.

    No wave has more than `most` members (None: any number).
    """
    clashes = {frozenset(pair.tasks) for pair in pairs if pair.clash}
    able = [runner for runner in runners if runner.able]
    stuck = [runner for runner in runners if not runner.able]
    joint: list[JointReport] = []
    while True:
        first = arrange([runner.candidate for runner in able], clashes, most=most)
        proof, split = _prove_waves(bench, first.waves, able)
        if split is None:
            break
        joint.append(split.joint)
        clashes.add(split.apart)
    last = arrange([runner.candidate for runner in stuck], clashes, most=most)
    return Waves(
        waves=first.waves + last.waves,
        landing_order=first.landing_order + last.landing_order,
        joint=tuple(joint),
        proof=proof,
    )


def _prove_waves(
    bench: Workbench, waves: Sequence[Sequence[TaskId]], runners: Sequence[Runner]
) -> tuple[tuple[tuple[ProvedStep, ...], ...], _Split | None]:
    known = {runner.candidate.id: runner for runner in runners}
    proved = []
    for wave in waves:
        heads = [(task, known[task].tip) for task in wave]
        proof = prove(bench, heads)
        if proof.failure is not None:
            return (), _split(bench, heads, proof.failure, runners)
        proved.append(proof.steps)
    return tuple(proved), None


def _split(bench: Workbench, heads: Sequence[Head], failure: Failure, runners: Sequence[Runner]) -> _Split:
    failing = (failure.task, failure.head)
    before = heads[: heads.index(failing)]
    suspects = culprits(failure.paths, {runner.candidate.id: runner.paths for runner in runners})
    cause = smallest_cause(bench, before, failing, suspects)
    joint = JointReport(tasks=(*cause, failure.task), conflicted_paths=failure.paths)
    return _Split(joint=joint, apart=frozenset({cause[-1], failure.task}))
