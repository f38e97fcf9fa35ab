"""The verdict on a pair: git's own merge of the two, in memory. Nothing here guesses."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.conflicts.model import Verdict
from gitcoord.conflicts.onto import Brought, plain_paths
from gitcoord.conflicts.overlap import Pair
from gitcoord.git.merges import TreeMerge, merge_trees
from gitcoord.git.run import Git, Oid

_WORSE: tuple[Verdict, ...] = ("clean", "unknown", "conflict")


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

    One branch on the base and then the other, in either order: the worse outcome counts. Where one does
    not merge with the base at all, the two tips as they are.
    """
    requests = {pair: _requests(tips[pair[0]], tips[pair[1]], brought) for pair in pairs}
    asked = list(dict.fromkeys(request for both in requests.values() for request in both))
    outcomes = {
        request: _judgement(merge, request)
        for request, merge in zip(asked, merge_trees(git, asked), strict=True)
    }
    return {
        pair: max((outcomes[request] for request in both), key=lambda judged: _WORSE.index(judged.verdict))
        for pair, both in requests.items()
    }


def _requests(one: Oid, other: Oid, brought: Mapping[Oid, Brought]) -> tuple[tuple[Oid, Oid], ...]:
    first, second = brought[one].commit, brought[other].commit
    if first is None or second is None:
        return ((one, other),)
    if (first, second) == (one, other):
        return ((one, other),)  # both stand on today's base, so that the order is all the same
    return ((first, other), (second, one))


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
