"""The verdict on a pair: git's own merge of the two, in memory. Merges as landing does: one branch onto the
base and then the other, in both orders. If one does not merge with the base, merges the two tips. For two
edits of a file that the base did not change, that file decides: by its lines, if they are far enough apart,
else by a merge of this file.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.changes import Edit
from gitcoord.conflicts.file_merges import FAR, FileMerge, FileMergeQuestion, FileMerges
from gitcoord.conflicts.model import Grade, Verdict
from gitcoord.conflicts.path_overlap import Overlap, Pair
from gitcoord.conflicts.rebase_in_memory import MergeContext, plain_paths
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import TreeMerge, iter_merges

ADJACENT = 3
"""Two hunks with at most this many lines between them count as adjacent."""
Request = tuple[Oid, Oid]
_WORSE: tuple[Verdict, ...] = ("clean", "unknown", "conflict")


class PairVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The result of merging two branches; `kinds` are git's words for conflicts, `reason` is for `unknown`.

    `path_kinds` has the kind for each path, `grade` says how close two that merge are. `fails_after`: which
    of the two, 0 or 1, makes the merge of the other fail if it lands first. `merged`: git merged; the lines
    alone did not decide.
    """

    verdict: Verdict = "clean"
    paths: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    path_kinds: tuple[tuple[str, str], ...] = ()
    fails_after: tuple[int, ...] = ()
    reason: str = ""
    merged: bool = False
    grade: Grade = ""
    symbols: tuple[str, ...] = ()


class PairRelation(msgspec.Struct, frozen=True, kw_only=True):
    """Two branches to judge: how they overlap, and whether they share commits that the base lacks.

    `exposed`: the base moved files that one of them changes: comparing paths is then not enough.
    """

    overlap: Overlap
    entangled: bool = False
    exposed: bool = False


class PairMerger:
    """Judges pairs of `tips` on one base."""

    def __init__(
        self, context: MergeContext, tips: Sequence[Oid], branch_facts: Mapping[Oid, BranchFacts]
    ) -> None:
        self._context = context
        self._tips = tips
        self._rebased = {tip: branch_facts[tip].rebased for tip in tips}
        self._own = {tip: branch_facts[tip].own for tip in tips}
        self._on_base = {tip: branch_facts[tip].to_base for tip in tips}
        self._files = FileMerges(context)
        self.known_lines = self._files.hunks

    def judge(self, pairs: Mapping[Pair, PairRelation]) -> dict[Pair, PairVerdict]:
        """Returns the verdict on each pair."""
        by_file = {pair: self._questions(pair, relation) for pair, relation in pairs.items()}
        # Whole merges, and files that the base has changed too, need the branches' merges with the base.
        self._context.restore_trees(
            self._tips[place]
            for pair, questions in by_file.items()
            if questions is None or not all(question.both for question in questions)
            for place in pair
        )
        self._files.prepare(
            [merge_request for questions in by_file.values() for merge_request in questions or ()]
        )
        judged: dict[Pair, PairVerdict] = {}
        wanted: dict[Pair, list[Request]] = {}
        touching: dict[Pair, list[FileMergeQuestion]] = {}
        for pair, questions in by_file.items():
            if questions is None:
                wanted[pair] = self._requests(pair, pairs[pair])
            elif near := [question for question in questions if not self._files.apart(question)]:
                touching[pair] = near
            else:
                judged[pair] = PairVerdict()
        outcomes = self._merge({request: None for requests in wanted.values() for request in requests})
        of_files = self._files.merge({question: None for near in touching.values() for question in near})
        for pair, requests in wanted.items():
            judged[pair] = _in_any_order([outcomes[request] for request in requests])
        for pair, near in touching.items():
            judged[pair] = _in_any_file([(question, of_files[question]) for question in near])
        return {pair: self._graded(judgement, pair, by_file[pair]) for pair, judgement in judged.items()}

    def _graded(
        self, judged: PairVerdict, pair: Pair, questions: list[FileMergeQuestion] | None
    ) -> PairVerdict:
        one, other = (self._own[tip].paths for tip in (self._tips[place] for place in pair))
        if judged.verdict != "clean" or one.isdisjoint(other):
            return judged
        symbols: set[str] = set()
        nearest = FAR
        for question in questions or ():
            near, shared = self._files.nearness(question)
            nearest = min(nearest, near)
            symbols |= shared
        grade: Grade = "same symbol" if symbols else "same file"
        if nearest <= ADJACENT:
            grade = "adjacent"
        return msgspec.structs.replace(judged, grade=grade, symbols=tuple(sorted(symbols)))

    def _questions(self, pair: Pair, relation: PairRelation) -> list[FileMergeQuestion] | None:
        """Returns the files whose merges decide about a pair; None if only a whole merge does.

        A path that exists before and after on both sides is not part of a rename, and independent of other
        paths.
        """
        one, other = (self._tips[place] for place in pair)
        if (
            relation.entangled
            or relation.exposed
            or relation.overlap.guarded
            or not (self._lands(one) and self._lands(other))
        ):
            return None
        questions: list[FileMergeQuestion] = []
        for path in (self._own[one].paths | self._on_base[one].paths) & (
            self._own[other].paths | self._on_base[other].paths
        ):
            sides = self._sides(one, path), self._sides(other, path)
            if sides[0] is None or sides[1] is None:
                return None
            found = _both_orders(path, sides[0], sides[1])
            if found is None:
                return None
            questions += found
        return questions

    def _sides(self, tip: Oid, path: str) -> "_Side | None":
        """A branch's edit of a file since its merge base and to the base; None if it is more than an edit."""
        own, on_base = self._own[tip], self._on_base[tip]
        edit, edit_on_base = own.edits.get(path), on_base.edits.get(path)
        if edit is None or (edit_on_base is None and path in on_base.paths):
            return None
        return edit, edit_on_base

    def _lands(self, tip: Oid) -> bool:
        return self._rebased[tip].lands and self._context.has_single_merge_base(tip)

    def _requests(self, pair: Pair, relation: PairRelation) -> list[Request]:
        one, other = (self._tips[place] for place in pair)
        first, second = self._rebased[one], self._rebased[other]
        if not (first.lands and second.lands):
            return [(one, other)]
        if relation.entangled or not (
            self._context.has_single_merge_base(one) and self._context.has_single_merge_base(other)
        ):
            ahead = self._context.alone(one, first, other), self._context.alone(other, second, one)
            both = [(ahead[0], other), (ahead[1], one)]
            return both[:1] if ahead == (one, other) else both
        both = [self._context.onto(first.tree, other), self._context.onto(second.tree, one)]
        return both[:1] if both[0] == both[1][::-1] else both

    def _merge(self, requests: Mapping[Request, None]) -> dict[Request, PairVerdict]:
        wanted = list(requests)
        merges = iter_merges(self._context.git, wanted)
        return {request: _judgement(merge, request) for request, merge in zip(wanted, merges, strict=True)}


_Side = tuple[Edit, Edit | None]


def _both_orders(path: str, one: _Side, other: _Side) -> list[FileMergeQuestion] | None:
    (left, left_on_base), (right, right_on_base) = one, other
    edits = [edit for edit in (left, left_on_base, right, right_on_base) if edit is not None]
    if len({edit.mode for edit in edits}) > 1:
        return None
    questions = []
    # Without `on_base`, a branch leaves the base's file unchanged: the other merges as with the base alone.
    if left_on_base is not None:
        questions.append(FileMergeQuestion(path, left.mode, right.old, left_on_base.new, right.new, first=0))
    calm = left_on_base == left and right_on_base == right and left.old == right.old
    if calm:
        return [msgspec.structs.replace(questions[0], both=True)]
    if right_on_base is not None:
        questions.append(FileMergeQuestion(path, left.mode, left.old, right_on_base.new, left.new, first=1))
    return questions


def _judgement(merge: TreeMerge, request: Request) -> PairVerdict:
    if merge.clean is None:
        return PairVerdict(verdict="unknown", reason=merge.problem, merged=True)
    if merge.clean:
        return PairVerdict(merged=True)
    conflicts = [message for message in merge.messages if message.kind.startswith("CONFLICT")]
    kinds = dict.fromkeys(message.short for message in conflicts)
    path_kinds = {path: message.said for message in conflicts for path in plain_paths(message.paths, request)}
    paths = plain_paths(merge.paths, request)
    return PairVerdict(
        verdict="conflict",
        paths=paths,
        kinds=tuple(kinds),
        path_kinds=tuple((path, path_kinds.get(path, "")) for path in paths),
        merged=True,
    )


def _in_any_order(sequence: Sequence[PairVerdict]) -> PairVerdict:
    """Combines the verdicts of both orders; in the first one, the first branch lands first."""
    worst = max(sequence, key=lambda judged: _WORSE.index(judged.verdict))
    failing = [place for place, judged in enumerate(sequence) if judged.verdict != "clean"]
    if len(sequence) == 1 and failing:
        failing = [0, 1]
    bad = [judged for judged in sequence if judged.verdict == "conflict"]
    path_kinds = dict(kind for judged in reversed(bad) for kind in judged.path_kinds)
    return msgspec.structs.replace(
        worst,
        paths=tuple(sorted(path_kinds)),
        kinds=tuple(dict.fromkeys(kind for judged in bad for kind in judged.kinds)),
        path_kinds=tuple(sorted(path_kinds.items())),
        fails_after=tuple(failing),
    )


def _in_any_file(sequence: Sequence[tuple[FileMergeQuestion, FileMerge]]) -> PairVerdict:
    """Combines the merges of files: the pair conflicts if one of them fails, in whichever order."""
    failing = [(question, merge) for question, merge in sequence if not merge.clean]
    kinds = {question.path: merge for question, merge in failing}
    # If the base did not change a file, the order makes no difference, and only one was merged.
    orders = {order for question, _ in failing for order in ((0, 1) if question.both else (question.first,))}
    problems = [merge.problem for merge in kinds.values() if merge.problem]
    if problems and len(problems) == len(kinds):
        return PairVerdict(verdict="unknown", reason=problems[0], merged=True)
    return PairVerdict(
        verdict="conflict" if failing else "clean",
        paths=tuple(sorted(kinds)),
        kinds=tuple(dict.fromkeys(merge.kind for merge in kinds.values())),
        path_kinds=tuple((path, kinds[path].said) for path in sorted(kinds)),
        fails_after=tuple(sorted(orders)),
        merged=True,
    )
