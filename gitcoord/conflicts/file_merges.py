"""Merges single files that two branches only edit, without the trees around them."""

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
"""The distance if there are no lines to compare."""


class FileMergeQuestion(msgspec.Struct, frozen=True):
    """Two edits of a file to merge: the blobs of the merge base and of both sides.

    `first` is the branch, 0 or 1, that landed before the other; `both` if the order makes no difference.
    """

    path: str
    mode: str
    before: Oid
    ours: Oid
    theirs: Oid
    first: int = 0
    both: bool = False


class FileMerge(msgspec.Struct, frozen=True):
    """The result of a file merge; `kind` and `said` are git's words for a conflict; `problem`: git failed."""

    clean: bool
    kind: str = ""
    said: str = ""
    problem: str = ""


class FileMerges:
    """Merges files, and finds the lines that edits change."""

    def __init__(self, context: MergeContext) -> None:
        self._context = context
        self.hunks: dict[Edit, Hunks] = {}

    def prepare(self, questions: Iterable[FileMergeQuestion]) -> None:
        """Finds the lines that the edits of `questions` change, all at once."""
        edits = {(q.path, edit): None for q in questions for edit in _edits(q)}
        self.learn(path for path, _ in edits)
        plain = [(path, edit) for path, edit in edits if self._context.plain[path]]
        self.hunks.update(hunks_of(self._context.git, self._context.writer, plain))

    def learn(self, paths: Iterable[str]) -> None:
        """Finds out which of `paths` git merges as plain text; call it before `held`."""
        known = self._context.plain
        if unknown := {_ANY_NAME, *paths} - known.keys():
            plain = plainly_merged(self._context.git, unknown)
            known.update((path, path in plain) for path in unknown)

    def held(self, path: str, mode: str, blob: Oid) -> Oid:
        """Makes a tree that contains only this file."""
        # Only attributes depend on the name; a short one needs no directories.
        plain = self._context.plain
        name = _ANY_NAME if plain.get(path) and plain.get(_ANY_NAME) else path
        return self._context.writer.tree({name: TreeEntry(mode, blob)})

    def apart(self, question: FileMergeQuestion) -> bool:
        """Whether the changed lines alone prove that the merge is clean."""
        if question.ours == question.theirs or question.before in (question.ours, question.theirs):
            return True
        left, right = (self.hunks.get(edit, _NONE) for edit in _edits(question))
        return bool(left and right) and gap(left, right) > 0

    def nearness(self, question: FileMergeQuestion) -> tuple[int, set[str]]:
        """The distance of the two changes in lines (or `FAR`), and the symbols that both change."""
        left, right = (self.hunks.get(edit, _NONE) for edit in _edits(question))
        if not (left and right):
            return FAR, set()
        return gap(left, right), {h.symbol for h in left} & {h.symbol for h in right} - {""}

    def merge(self, questions: Mapping[FileMergeQuestion, None]) -> dict[FileMergeQuestion, FileMerge]:
        """Returns the merge for each question."""
        asked: dict[tuple[Oid, Oid], list[FileMergeQuestion]] = {}
        for question in questions:
            asked.setdefault(self._request(question), []).append(question)
        found: dict[FileMergeQuestion, FileMerge] = {}
        merges = iter_merges(self._context.git, list(asked))
        for alike, merge in zip(asked.values(), merges, strict=True):
            first = next((m for m in merge.messages if m.kind.startswith("CONFLICT")), None)
            sequence = FileMerge(bool(merge.clean), problem=merge.problem)
            if first:
                sequence = FileMerge(False, first.short, first.said)
            found.update(dict.fromkeys(alike, sequence))
        return found

    def _request(self, question: FileMergeQuestion) -> tuple[Oid, Oid]:
        writer = self._context.writer
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
