"""Proves a landing order by merging heads one after another in memory.

Branches that merge in pairs may still conflict together.
"""

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


def prove(context: MergeContext, heads: Sequence[Head]) -> Proof:
    """Merges `heads` onto the base one after another; `context` has to know all of them."""
    sequence = merge_in_order(context, [head for _, head in heads])
    steps = tuple(
        ProvedStep(task=task, head=head, tree=tree)
        for (task, head), tree in zip(heads, sequence.trees, strict=False)
    )
    failure = None
    if len(steps) < len(heads):
        task, head = heads[len(steps)]
        failure = Failure(task=task, head=head, paths=sequence.paths, problem=sequence.problem)
    return Proof(steps=steps, failure=failure)


def merge_in_order(
    context: MergeContext, heads: Sequence[Oid], chain: MergeChain | None = None
) -> MergeSequence:
    """Merges `heads` onto the base one after another with `chain`, unless the result is known."""
    key = digest_of(*heads)
    sequence = context.known.get(key) or context.used.get(key)
    if sequence is None and chain is None:
        with MergeChain(context.git, context.writer) as own:
            sequence = _merge(context, heads, own)
    elif sequence is None and chain is not None:
        sequence = _merge(context, heads, chain)
    context.used[key] = sequence = sequence or MergeSequence(())
    return sequence


def digest_of(*parts: str) -> str:
    """A digest of a list of ids and paths."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _merge(context: MergeContext, heads: Sequence[Oid], chain: MergeChain) -> MergeSequence:
    context.trees.prepare(tip for head in heads for tip in (head, *context.forks[head].merge_bases))
    trees = [context.trees[context.base]]
    for number, head in enumerate(heads):
        request = context.next_merge(trees[-1], heads[:number], head)
        merge = chain.merge(*request)
        if not merge.clean:
            return MergeSequence(tuple(trees[1:]), plain_paths(merge.paths, request), merge.problem)
        trees.append(merge.tree)
    return MergeSequence(tuple(trees[1:]))


def smallest_cause(
    context: MergeContext, before: Sequence[Head], failing: Head, suspects: Collection[TaskId] = ()
) -> tuple[TaskId, ...]:
    """Finds a minimal subset of `before` on which `failing` fails: none of its members can be left out.

    Tries `suspects` first, which saves merges.
    """
    cause = [head for head in before if head[0] in suspects]
    if not _fails(context, cause, failing):
        cause = list(before)
    for head in list(cause):
        without = [kept for kept in cause if kept != head]
        if _fails(context, without, failing):
            cause = without
    return tuple(task for task, _ in cause)


def culprits(paths: Collection[str], others: Mapping[TaskId, Collection[str]]) -> tuple[TaskId, ...]:
    """The tasks that may have caused a conflict in `paths`; `others` has the paths that each task changed."""
    exact = [task for task, changed in others.items() if not set(paths).isdisjoint(changed)]
    if exact:
        return tuple(exact)
    # A file in the way of a directory, or a name in another case: without an exact match, a near one counts.
    return tuple(task for task, changed in others.items() if any(meet(p, c) for p in paths for c in changed))


def _fails(context: MergeContext, before: Sequence[Head], failing: Head) -> bool:
    failure = prove(context, [*before, failing]).failure
    return failure is not None and (failure.task, failure.head) == failing
