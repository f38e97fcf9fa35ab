"""Proves a landing order by merging heads one after another in memory: clean pairs may conflict together."""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.conflicts.model import ProvedStep
from gitcoord.conflicts.path_overlap import meet
from gitcoord.conflicts.rebase_in_memory import MergeContext, MergeSequence, plain_paths
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_session import MergeChain
from gitcoord.tasks.model import TaskId

Head = tuple[TaskId, Oid]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The step at which an order fails: `paths` conflict, or `problem` says why git failed."""

    task: TaskId
    head: Oid
    paths: tuple[str, ...] = ()
    problem: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The steps that merge, in order, with their trees; `failure` is the first step that does not merge."""

    steps: tuple[ProvedStep, ...] = ()
    failure: Failure | None = None


def prove(bench: MergeContext, heads: Sequence[Head]) -> Proof:
    """Merges `heads` onto the base one after another; `bench` has to know all of them."""
    come = merged(bench, [head for _, head in heads])
    steps = tuple(
        ProvedStep(task=task, head=head, tree=tree)
        for (task, head), tree in zip(heads, come.trees, strict=False)
    )
    failure = None
    if len(steps) < len(heads):
        task, head = heads[len(steps)]
        failure = Failure(task=task, head=head, paths=come.paths, problem=come.problem)
    return Proof(steps=steps, failure=failure)


def merged(bench: MergeContext, heads: Sequence[Oid], chain: MergeChain | None = None) -> MergeSequence:
    """Merges `heads` onto the base one after another with `chain`, unless the result is known."""
    key = digest_of(*heads)
    come = bench.known.get(key) or bench.used.get(key)
    if come is None and chain is None:
        with MergeChain(bench.git, bench.writer) as own:
            come = _merge(bench, heads, own)
    elif come is None and chain is not None:
        come = _merge(bench, heads, chain)
    bench.used[key] = come = come or MergeSequence(())
    return come


def digest_of(*parts: str) -> str:
    """A digest of a list of ids and paths."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _merge(bench: MergeContext, heads: Sequence[Oid], chain: MergeChain) -> MergeSequence:
    bench.trees.prepare(tip for head in heads for tip in (head, *bench.forks[head].merge_bases))
    trees = [bench.trees[bench.base]]
    for number, head in enumerate(heads):
        asked = bench.next_merge(trees[-1], heads[:number], head)
        merge = chain.merge(*asked)
        if not merge.clean:
            return MergeSequence(tuple(trees[1:]), plain_paths(merge.paths, asked), merge.problem)
        trees.append(merge.tree)
    return MergeSequence(tuple(trees[1:]))


def smallest_cause(
    bench: MergeContext, before: Sequence[Head], failing: Head, suspects: Collection[TaskId] = ()
) -> tuple[TaskId, ...]:
    """Finds a smallest subset of `before` on which `failing` fails: none of its members can be left out.

    Tries `suspects` first, which saves merges and does not affect the result.
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
    """The tasks that caused a conflict in `paths`, by the paths that each of `others` changed."""
    exact = [task for task, changed in others.items() if not set(paths).isdisjoint(changed)]
    if exact:
        return tuple(exact)
    # A file in the way of a directory, or a name in another case: without an exact match, a near one counts.
    return tuple(task for task, changed in others.items() if any(meet(p, c) for p in paths for c in changed))


def _fails(bench: MergeContext, before: Sequence[Head], failing: Head) -> bool:
    failure = prove(bench, [*before, failing]).failure
    return failure is not None and (failure.task, failure.head) == failing
