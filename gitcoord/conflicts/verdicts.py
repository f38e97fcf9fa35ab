"""The verdict on a pair: git's own merge of the two, in memory. Nothing here guesses.

What is asked is what landing asks: one branch on the base and then the other, in either order; where one does
not merge with the base at all, the two tips as they are. Two edits of one file that the base had no part in
are settled by that file alone: their lines, if they lie apart, and a merge of just that file if they do not.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from gitcoord.conflicts.attributes import plainly_merged
from gitcoord.conflicts.changes import Changes, Edit
from gitcoord.conflicts.lines import Hunks, gap, hunks_of
from gitcoord.conflicts.model import Verdict
from gitcoord.conflicts.onto import Brought, Workbench, plain_paths
from gitcoord.conflicts.overlap import Overlap, Pair
from gitcoord.git.merges import TreeMerge, iter_merges
from gitcoord.git.run import Oid
from gitcoord.git.writing import Entry

Request = tuple[Oid, Oid]
_WORSE: tuple[Verdict, ...] = ("clean", "unknown", "conflict")


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What merging two branches came to; `kinds` as git names the conflicts, `reason` of an unknown.

    `path_kinds` has the kind for each path. `fails_after`: which of the two, 0 or 1, makes the merge of the
    other fail when it lands first. `merged`: git was asked, lines alone did not settle it.
    """

    verdict: Verdict = "clean"
    paths: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    path_kinds: tuple[tuple[str, str], ...] = ()
    fails_after: tuple[int, ...] = ()
    reason: str = ""
    merged: bool = False


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """Two branches that have to be judged: how they overlap, and whether their histories are entangled."""

    overlap: Overlap
    entangled: bool = False


class Judge:
    """Judges pairs of `tips` on one base."""

    def __init__(
        self,
        bench: Workbench,
        tips: Sequence[Oid],
        brought: Mapping[Oid, Brought],
        met: Mapping[Oid, Changes],
    ) -> None:
        self._bench = bench
        self._tips = tips
        self._brought = brought
        self._met = met
        self.hunks: dict[Edit, Hunks] = {}

    def judge(self, pairs: Mapping[Pair, Met]) -> dict[Pair, Judgement]:
        """The judgement on every pair."""
        by_file = {pair: self._shared_edits(pair, met) for pair, met in pairs.items()}
        self._find_hunks([edits for edits in by_file.values() if edits])
        judged: dict[Pair, Judgement] = {}
        wanted: dict[Pair, list[Request]] = {}
        for pair, edits in by_file.items():
            if edits is None:
                wanted[pair] = self._requests(pair, pairs[pair])
            elif touching := [path for path, one, other in edits if not self._apart(one, other)]:
                wanted[pair] = [self._of_one_file(pair, path) for path in touching]
            else:
                judged[pair] = Judgement()
        outcomes = self._merge({request: None for requests in wanted.values() for request in requests})
        for pair, requests in wanted.items():
            come = [outcomes[request] for request in requests]
            judged[pair] = _in_any_order(come) if by_file[pair] is None else _in_any_file(come)
        return judged

    def _shared_edits(self, pair: Pair, met: Met) -> list[tuple[str, Edit, Edit]] | None:
        """What settles a pair: the files that both edit; None when only a whole merge does."""
        one, other = (self._tips[place] for place in pair)
        if met.entangled or met.overlap.guarded or not (self._lands(one) and self._lands(other)):
            return None
        mine, yours = self._met[one].edits, self._met[other].edits
        shared = self._met[one].paths & self._met[other].paths
        edits = []
        for path in shared:
            left, right = mine.get(path), yours.get(path)
            if left is None or right is None or (left.old, left.mode) != (right.old, right.mode):
                return None
            edits.append((path, left, right))
        return edits

    def _lands(self, tip: Oid) -> bool:
        return self._brought[tip].commit is not None and self._bench.lone(tip)

    def _find_hunks(self, pairs: Sequence[Sequence[tuple[str, Edit, Edit]]]) -> None:
        wanted = {(path, edit): None for edits in pairs for path, *both in edits for edit in both}
        plain = plainly_merged(self._bench.git, {path for path, _ in wanted})
        edits = [(path, edit) for path, edit in wanted if path in plain]
        self.hunks = hunks_of(self._bench.git, self._bench.writer, edits)

    def _apart(self, one: Edit, other: Edit) -> bool:
        if one == other:
            return True
        left, right = self.hunks.get(one), self.hunks.get(other)
        return left is not None and right is not None and gap(left, right) > 0

    def _requests(self, pair: Pair, met: Met) -> list[Request]:
        one, other = (self._tips[place] for place in pair)
        first, second = self._brought[one], self._brought[other]
        if first.commit is None or second.commit is None:
            return [(one, other)]
        if met.entangled or not (self._bench.lone(one) and self._bench.lone(other)):
            both = [(first.commit, other), (second.commit, one)]
            return both[:1] if (first.commit, second.commit) == (one, other) else both
        both = [self._bench.onto(first.tree, other), self._bench.onto(second.tree, one)]
        return both[:1] if both[0] == both[1][::-1] else both

    def _of_one_file(self, pair: Pair, path: str) -> Request:
        one, other = (self._met[self._tips[place]].edits[path] for place in pair)
        writer = self._bench.writer

        def holding(oid: Oid, parents: Sequence[Oid] = ()) -> Oid:
            return writer.commit(writer.tree({path: Entry(one.mode, oid)}), parents)

        before = holding(one.old)
        return holding(one.new, [before]), holding(other.new, [before])

    def _merge(self, requests: Mapping[Request, None]) -> dict[Request, Judgement]:
        asked = list(requests)
        merges = iter_merges(self._bench.git, asked)
        return {request: _judgement(merge, request) for request, merge in zip(asked, merges, strict=True)}


def _judgement(merge: TreeMerge, request: Request) -> Judgement:
    if merge.clean is None:
        return Judgement(verdict="unknown", reason=merge.problem, merged=True)
    if merge.clean:
        return Judgement(merged=True)
    conflicts = [message for message in merge.messages if message.kind.startswith("CONFLICT")]
    kinds = dict.fromkeys(message.kind.removeprefix("CONFLICT (").removesuffix(")") for message in conflicts)
    path_kinds = {path: message.said for message in conflicts for path in plain_paths(message.paths, request)}
    paths = plain_paths(merge.paths, request)
    return Judgement(
        verdict="conflict",
        paths=paths,
        kinds=tuple(kinds),
        path_kinds=tuple((path, path_kinds.get(path, "")) for path in paths),
        merged=True,
    )


def _in_any_order(come: Sequence[Judgement]) -> Judgement:
    """The worse of the two orders counts; `come` has the one in which the first lands first in front."""
    worst = max(come, key=lambda judged: _WORSE.index(judged.verdict))
    failing = [place for place, judged in enumerate(come) if judged.verdict != "clean"]
    if len(come) == 1 and failing:
        failing = [0, 1]
    return msgspec.structs.replace(worst, fails_after=tuple(failing))


def _in_any_file(come: Sequence[Judgement]) -> Judgement:
    """One file is enough to fail; the order is all the same."""
    failing = [judged for judged in come if judged.verdict != "clean"]
    if not failing:
        return Judgement(merged=True)

    def joined(part: Callable[[Judgement], tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for judged in failing for one in part(judged)))

    return Judgement(
        verdict=max((judged.verdict for judged in failing), key=_WORSE.index),
        paths=tuple(sorted(joined(lambda judged: judged.paths))),
        kinds=joined(lambda judged: judged.kinds),
        path_kinds=tuple(sorted(pair for judged in failing for pair in judged.path_kinds)),
        fails_after=(0, 1),
        reason=failing[0].reason,
        merged=True,
    )
