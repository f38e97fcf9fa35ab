"""The verdict on a pair: git's own merge of the two, in memory. Nothing here guesses."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.conflicts.model import Verdict
from gitcoord.conflicts.onto import Brought, plain_paths
from gitcoord.conflicts.overlap import Pair
from gitcoord.git.merges import TreeMerge, merge_trees
from gitcoord.git.run import Git, Oid


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What merging two branches came to; `kinds` as git names the conflicts, `reason` of an unknown."""

    verdict: Verdict
    paths: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    reason: str = ""


def judge(
    git: Git, pairs: Sequence[Pair], tips: Sequence[Oid], brought: Mapping[Oid, Brought]
) -> dict[Pair, Judgement]:
    """The judgement on every pair, in one process. `git` writes objects: give it a quarantine.

    Both on today's base; where one does not merge with that, the two tips as they are.
    """
    requests = [_request(tips[one], tips[other], brought) for one, other in pairs]
    merges = merge_trees(git, requests)
    return {
        pair: _judgement(merge, request) for pair, merge, request in zip(pairs, merges, requests, strict=True)
    }


def _request(one: Oid, other: Oid, brought: Mapping[Oid, Brought]) -> tuple[Oid, Oid]:
    ours, theirs = brought[one].ours, brought[other].theirs
    return (one, other) if ours is None or theirs is None else (ours, theirs)


def _judgement(merge: TreeMerge, request: tuple[Oid, Oid]) -> Judgement:
    if merge.clean is None:
        return Judgement(verdict="unknown", reason=merge.problem)
    if merge.clean:
        return Judgement(verdict="clean")
    kinds = (message.kind for message in merge.messages if message.kind.startswith("CONFLICT"))
    short = (kind.removeprefix("CONFLICT (").removesuffix(")") for kind in kinds)
    return Judgement(
        verdict="conflict", paths=plain_paths(merge.paths, request), kinds=tuple(dict.fromkeys(short))
    )
