"""Proving an order: merging heads one on another, in memory. Two by two clean is not yet all together clean.

Landing uses this too: it knows before it merges which tree each step must give.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.conflicts.model import ProvedStep
from gitcoord.conflicts.onto import Workbench, plain_paths
from gitcoord.conflicts.overlap import meet
from gitcoord.git.chain import MergeChain
from gitcoord.git.run import Oid
from gitcoord.tasks.model import TaskId

Head = tuple[TaskId, Oid]
_PROOFS = "proofs"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The step at which an order fails: `paths` conflict, or `problem` says why git could not try."""

    task: TaskId
    head: Oid
    paths: tuple[str, ...] = ()
    problem: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The steps that merge, in order, with the trees they give; `failure` is the first that does not.

    `commit` is a synthetic commit of the last good step; it lives as long as the quarantine, and its tree
    is there only when the proof was not remembered.
    """

    commit: Oid
    steps: tuple[ProvedStep, ...] = ()
    failure: Failure | None = None


def prove(bench: Workbench, heads: Sequence[Head]) -> Proof:
    """Merges `heads` onto the base one after another; the workbench has to know all of them."""
    key = f"{bench.base} {hashlib.sha256(' '.join(head for _, head in heads).encode()).hexdigest()}"
    come = bench.cache.read(_PROOFS, [key], _Come).get(key) if len(heads) > 1 else None
    if come is None:
        come = _merge(bench, [head for _, head in heads])
        bench.cache.write(_PROOFS, {key: come} if len(heads) > 1 else {})
    steps = tuple(
        ProvedStep(task=task, head=head, tree=tree)
        for (task, head), tree in zip(heads, come.trees, strict=False)
    )
    failure = None
    if len(steps) < len(heads):
        task, head = heads[len(steps)]
        failure = Failure(task=task, head=head, paths=come.paths, problem=come.problem)
    commit = bench.landed(steps[-1].tree, *(step.head for step in steps)) if steps else bench.base
    return Proof(commit=commit, steps=steps, failure=failure)


class _Come(msgspec.Struct, frozen=True, array_like=True):
    """What became of an order: the tree of each step that merged, and why the next one did not."""

    trees: tuple[Oid, ...]
    paths: tuple[str, ...] = ()
    problem: str = ""


def _merge(bench: Workbench, heads: Sequence[Oid]) -> _Come:
    trees = [bench.trees[bench.base]]
    with MergeChain(bench.git, bench.writer) as chain:
        for number, head in enumerate(heads):
            asked = bench.next_merge(trees[-1], heads[:number], head)
            merge = chain.merge(*asked)
            if not merge.clean:
                return _Come(tuple(trees[1:]), plain_paths(merge.paths, asked), merge.problem)
            trees.append(merge.tree)
    return _Come(tuple(trees[1:]))


def smallest_cause(
    bench: Workbench, before: Sequence[Head], failing: Head, suspects: Collection[TaskId] = ()
) -> tuple[TaskId, ...]:
    """The fewest of `before` that `failing` needs to fail on: none of them can be left out.

    `suspects` are tried first; they save merges and decide nothing.
    """
    cause = [head for head in before if head[0] in suspects]
    if not _fails(bench, cause, failing):
        cause = list(before)
    for head in list(cause):
        without = [kept for kept in cause if kept != head]
        if _fails(bench, without, failing):
            cause = without
    return tuple(task for task, _ in cause)


def culprits(paths: Collection[str], others: Mapping[TaskId, Collection[str]]) -> tuple[TaskId, ...]:
    """The tasks on the other side of a conflict in `paths`, by the paths that each of `others` changed."""
    exact = [task for task, changed in others.items() if not set(paths).isdisjoint(changed)]
    if exact:
        return tuple(exact)
    # A file in a directory's way, a twin in another case: near is enough when nothing is exact.
    return tuple(task for task, changed in others.items() if any(meet(p, c) for p in paths for c in changed))


def _fails(bench: Workbench, before: Sequence[Head], failing: Head) -> bool:
    failure = prove(bench, [*before, failing]).failure
    return failure is not None and (failure.task, failure.head) == failing
