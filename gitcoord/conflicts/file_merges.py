"""Merging single files: what two branches that only edit it make of a file, without the trees around it."""

import sys
from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.conflicts.changes import Edit
from gitcoord.conflicts.hunks import Hunks, gap, hunks_of
from gitcoord.conflicts.merge_attributes import plainly_merged
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import iter_merges
from gitcoord.git.object_writer import TreeEntry

_ANY_NAME = "gitcoord-file"
_NONE: Hunks = ()
FAR = sys.maxsize
"""No lines to compare."""


class FileMergeQuestion(msgspec.Struct, frozen=True):
    """Whether two edits of a file merge: the blobs before and on both sides.

    `first` is which of two branches, 0 or 1, has landed before; `both` when that makes no difference.
    """

    path: str
    mode: str
    before: Oid
    ours: Oid
    theirs: Oid
    first: int = 0
    both: bool = False


class FileMerge(msgspec.Struct, frozen=True):
    """What became of it; `kind` and `said` as git names a conflict; `problem` says why git could not try."""

    clean: bool
    kind: str = ""
    said: str = ""
    problem: str = ""


class FileMerges:
    """Merges files, and knows the lines that their edits changed."""

    def __init__(self, bench: MergeContext) -> None:
        self._bench = bench
        self.hunks: dict[Edit, Hunks] = {}

    def prepare(self, questions: Iterable[FileMergeQuestion]) -> None:
        """Finds the lines that the edits of `questions` changed, all in one diff."""
        edits = {(q.path, edit): None for q in questions for edit in _edits(q)}
        self.learn(path for path, _ in edits)
        plain = [(path, edit) for path, edit in edits if self._bench.plain[path]]
        self.hunks.update(hunks_of(self._bench.git, self._bench.writer, plain))

    def learn(self, paths: Iterable[str]) -> None:
        """Finds out which of `paths` are merged as plain text, which `held` has to know."""
        known = self._bench.plain
        if unknown := {_ANY_NAME, *paths} - known.keys():
            plain = plainly_merged(self._bench.git, unknown)
            known.update((path, path in plain) for path in unknown)

    def held(self, path: str, mode: str, blob: Oid) -> Oid:
        """A tree of nothing but this file."""
        # A name matters to nothing but attributes, and a short one saves the directories around it.
        plain = self._bench.plain
        name = _ANY_NAME if plain.get(path) and plain.get(_ANY_NAME) else path
        return self._bench.writer.tree({name: TreeEntry(mode, blob)})

    def apart(self, question: FileMergeQuestion) -> bool:
        """Whether the lines alone say that the merge is clean."""
        if question.ours == question.theirs or question.before in (question.ours, question.theirs):
            return True
        left, right = (self.hunks.get(edit, _NONE) for edit in _edits(question))
        return bool(left and right) and gap(left, right) > 0

    def nearness(self, question: FileMergeQuestion) -> tuple[int, set[str]]:
        """How many lines lie between what the two sides changed, and the symbols that both are in."""
        left, right = (self.hunks.get(edit, _NONE) for edit in _edits(question))
        if not (left and right):
            return FAR, set()
        return gap(left, right), {h.symbol for h in left} & {h.symbol for h in right} - {""}

    def merge(self, questions: Mapping[FileMergeQuestion, None]) -> dict[FileMergeQuestion, FileMerge]:
        """The merge of every question."""
        asked: dict[tuple[Oid, Oid], list[FileMergeQuestion]] = {}
        for question in questions:
            asked.setdefault(self._request(question), []).append(question)
        found: dict[FileMergeQuestion, FileMerge] = {}
        merges = iter_merges(self._bench.git, list(asked))
        for alike, merge in zip(asked.values(), merges, strict=True):
            first = next((m for m in merge.messages if m.kind.startswith("CONFLICT")), None)
            come = FileMerge(bool(merge.clean), problem=merge.problem)
            if first:
                come = FileMerge(False, first.short, first.said)
            found.update(dict.fromkeys(alike, come))
        return found

    def _request(self, question: FileMergeQuestion) -> tuple[Oid, Oid]:
        writer = self._bench.writer
        before, ours, theirs = (
            self.held(question.path, question.mode, blob)
            for blob in (question.before, question.ours, question.theirs)
        )
        parent = writer.commit(before)
        return writer.commit(ours, [parent]), writer.commit(theirs, [parent])


def _edits(question: FileMergeQuestion) -> tuple[Edit, Edit]:
    return (
        Edit(question.mode, question.before, question.ours),
        Edit(question.mode, question.before, question.theirs),
    )
