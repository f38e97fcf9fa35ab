"""Proves the waves of a level: merges small ones as a whole, large ones in independent parts, on all cores.

Results are cached by their input: when one branch moves, the parts without it stay proved.
"""

import os
from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.file_chains import FileChain, FileEdit, Wave, names_in
from gitcoord.conflicts.file_merges import FileMerges
from gitcoord.conflicts.merge_proof import Head, Proof, digest_of, merge_in_order, prove
from gitcoord.conflicts.model import ProvedStep
from gitcoord.conflicts.path_overlap import Pair
from gitcoord.conflicts.rebase_in_memory import MergeContext, MergeSequence
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_session import MergeChain
from gitcoord.git.merge_tree import iter_merges

MOST_WHOLE = 12
"""Waves of up to this many members are merged as a whole, which is cheap and gives each step's tree."""


def prove_waves(
    context: MergeContext,
    waves: Sequence[Sequence[Head]],
    branch_facts: Mapping[Oid, BranchFacts],
    inseparable: Collection[Pair],
    places: Mapping[Head, int],
    *,
    most_whole: int = MOST_WHOLE,
) -> list[Proof]:
    """Proves each wave, or finds its first failing step.

    `inseparable` has pairs of the indices in `places`.
    """
    unchanged = {number for number, heads in enumerate(waves) if _recalled(context, heads)}
    apart: dict[int, Wave] = {}
    for number, heads in enumerate(waves):
        if len(heads) > most_whole and number not in unchanged:
            inside = {places[head]: place for place, head in enumerate(heads)}
            ties = [(inside[a], inside[b]) for a, b in inseparable if a in inside and b in inside]
            apart[number] = Wave([tip for _, tip in heads], branch_facts, ties)
    listing = names_in(context.git, context.base, {path for wave in apart.values() for path in wave.doubtful})
    for wave in apart.values():
        wave.join_emptied(listing)
    components = [component for wave in apart.values() for component in wave.components()]
    whole = [tuple(tip for _, tip in heads) for heads in waves if len(heads) <= most_whole]
    _merge_components(context, [*components, *whole])
    _merge_file_chains(context, [chain for wave in apart.values() for chain in wave.file_chains])
    proofs = {number: _together(waves[number]) for number in unchanged}
    proofs |= {number: _from_parts(context, waves[number], wave) for number, wave in apart.items()}
    return [proofs.get(number) or prove(context, heads) for number, heads in enumerate(waves)]


def _together(heads: Sequence[Head]) -> Proof:
    return Proof(steps=tuple(ProvedStep(task=task, head=head, tree="") for task, head in heads))


def _recalled(context: MergeContext, heads: Sequence[Head]) -> bool:
    """Whether this wave was proved in parts before."""
    name = _in_parts(heads)
    known = context.known.get(name)
    if known is None:
        return name in context.used
    context.used[name] = known
    context.used.update((name, context.known[name]) for name in known.trees if name in context.known)
    return True


def _from_parts(context: MergeContext, heads: Sequence[Head], wave: Wave) -> Proof:
    """Proves a wave by its parts. If some fail, merges the members of these parts only."""
    parts = {digest_of(*component): component for component in wave.components()}
    components = set(parts)
    parts |= {_name(chain): tuple(step.tip for step in chain.steps) for chain in wave.file_chains}
    failing: set[Oid] = set()
    for name, tips in parts.items():
        sequence = context.used[name]
        if sequence.paths or (name in components and len(sequence.trees) < len(tips)):
            failing.update(tips)
    if not failing:
        context.used[_in_parts(heads)] = MergeSequence(tuple(parts))
        return _together(heads)
    proof = prove(context, [head for head in heads if head[1] in failing])
    if proof.failure is None:
        return prove(context, heads)
    before = heads[: heads.index((proof.failure.task, proof.failure.head))]
    return Proof(steps=_together(before).steps, failure=proof.failure)


def _in_parts(heads: Sequence[Head]) -> str:
    return digest_of("in parts", *(tip for _, tip in heads))


def _merge_components(context: MergeContext, components: Sequence[tuple[Oid, ...]]) -> None:
    """Merges the members of each component one after another, with one process for each core."""
    unknown = [component for component in components if digest_of(*component) not in context.known]
    for component in components:
        if (sequence := context.known.get(digest_of(*component))) is not None:
            context.used[digest_of(*component)] = sequence
    if not unknown:
        return
    context.trees.prepare(
        tip for component in unknown for head in component for tip in (head, *context.forks[head].merge_bases)
    )
    cores = min(os.cpu_count() or 1, len(unknown))
    largest_first = sorted(unknown, key=len, reverse=True)
    shares = [largest_first[start::cores] for start in range(cores)]

    def merge(share: Sequence[tuple[Oid, ...]]) -> None:
        with MergeChain(context.git, context.writer) as chain:
            for component in share:
                merge_in_order(context, component, chain)

    if cores == 1:
        merge(shares[0])
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(merge, shares))


class _Running(msgspec.Struct):
    """A chain in progress: `tree` has the file after the steps so far."""

    chain: FileChain
    tree: Oid
    start: Oid
    done: int = 0
    failed: bool = False


def _merge_file_chains(context: MergeContext, file_chains: Sequence[FileChain]) -> None:
    """Merges the edits of each file one after another; each round merges the next edit of all files."""
    unknown = []
    for chain in file_chains:
        name = _name(chain)
        if name in context.known:
            context.used[name] = context.known[name]
        elif name not in context.used:
            unknown.append(chain)
    if not unknown:
        return
    context.restore_trees(step.tip for chain in unknown for step in chain.steps if step.on_base != step.own)
    files = FileMerges(context)
    files.learn(chain.path for chain in unknown)
    running = [_start(files, chain) for chain in unknown]
    every = running
    while running:
        asked = [(one, request) for one in running if (request := _advance(context, files, one)) is not None]
        merges = iter_merges(context.git, [request for _, request in asked])
        for (one, _), merge in zip(asked, merges, strict=True):
            one.failed = not merge.clean
            one.tree = merge.tree
            one.done += 1
        running = [one for one, _ in asked if not one.failed]
    for one in every:
        context.used[_name(one.chain)] = MergeSequence((), (one.chain.path,) if one.failed else ())


def _start(files: FileMerges, chain: FileChain) -> _Running:
    start = files.held(chain.path, chain.mode, chain.blob)
    return _Running(chain, start, start)


def _advance(context: MergeContext, files: FileMerges, one: _Running) -> tuple[Oid, Oid] | None:
    """Skips trivial merges, and returns the next real one; None at the end."""
    chain = one.chain
    while one.done < len(chain.steps):
        step = chain.steps[one.done]
        before, theirs = (files.held(chain.path, chain.mode, blob) for blob in (step.own.old, step.own.new))
        if one.tree == one.start:
            if step.on_base is not None:
                one.tree = files.held(chain.path, chain.mode, step.on_base.new)
        elif before == one.tree:
            one.tree = theirs
        elif theirs not in (one.tree, before):
            parent = context.writer.commit(before)
            return context.writer.commit(one.tree, [parent]), context.writer.commit(theirs, [parent])
        one.done += 1
    return None


def _name(chain: FileChain) -> str:
    return digest_of(chain.path, chain.mode, chain.blob, *(_said(step) for step in chain.steps))


def _said(step: FileEdit) -> str:
    return f"{step.own.old} {step.own.new} {step.on_base.new if step.on_base else ''}"
