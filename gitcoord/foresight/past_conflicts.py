"""Finds past changes that would have conflicted if they had been made at the same time.

A later change conflicts with an earlier one if the earlier one can be reverted right before the later one,
but not right after it: then they changed the same or adjacent lines. If it cannot be reverted before it
either, a change in between touched the lines; then the later change conflicts if it conflicts with the state
before both.
"""

from collections.abc import Sequence
from itertools import combinations

import msgspec

from gitcoord.foresight.replay import PastTask
from gitcoord.git.commit_facts import trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import TreeMerge, merge_trees
from gitcoord.git.object_writer import Writer


class PastPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two past changes that share paths.

    `conflict`: None if git could not merge at all; `paths`: the shared paths that conflict. In those that are
    `structural`, one side deleted or renamed the file: no rule for merging contents helps there.
    """

    shared: frozenset[str]
    conflict: bool | None
    paths: frozenset[str] = frozenset()
    structural: frozenset[str] = frozenset()


def past_conflicts(git: Git, tasks: Sequence[PastTask]) -> dict[tuple[Oid, Oid], PastPair]:
    """Returns, by commits, every pair of `tasks` (oldest first) that changed the same path."""
    pairs = [(one, other) for one, other in combinations(tasks, 2) if one.paths & other.paths]
    if not pairs:
        return {}
    wanted = {oid for task in tasks for oid in (task.commit, task.parent)}
    trees = trees_of(git, wanted)
    with git.quarantine() as aside:
        merged = _Merges(aside, Writer(aside, tasks[0].commit))
        merged.ask([key for pair in pairs for key in _reverts(*pair, trees)])
        unclear = {
            other.commit: _on_base(other, tasks[0], trees)
            for one, other in pairs
            if not merged[_reverts(one, other, trees)[0]].clean
        }
        merged.ask(list(unclear.values()))
        return {
            (one.commit, other.commit): _judged(
                one.paths & other.paths,
                merged[_reverts(one, other, trees)[0]],
                merged[_reverts(one, other, trees)[1]],
                merged[unclear[other.commit]] if other.commit in unclear else None,
            )
            for one, other in pairs
        }


_Merge = tuple[Oid, Oid, Oid]
"""Three trees: the common ancestor and the two sides."""


class _Merges:
    """The results of tree merges; runs each merge once."""

    def __init__(self, git: Git, writer: Writer) -> None:
        self._git, self._writer = git, writer
        self._known: dict[_Merge, TreeMerge] = {}

    def ask(self, merges: Sequence[_Merge]) -> None:
        new = [key for key in dict.fromkeys(merges) if key not in self._known]
        answers = merge_trees(self._git, [self._commits(*key) for key in new])
        self._known.update(zip(new, answers, strict=True))

    def __getitem__(self, key: _Merge) -> TreeMerge:
        return self._known[key]

    def _commits(self, common: Oid, ours: Oid, theirs: Oid) -> tuple[Oid, Oid]:
        root = self._writer.commit(common)
        return self._writer.commit(ours, [root]), self._writer.commit(theirs, [root])


def _reverts(one: PastTask, other: PastTask, trees: dict[Oid, Oid]) -> tuple[_Merge, _Merge]:
    """Returns two merges that revert the earlier change: right before the later one, and right after it."""
    done, undone = trees[one.commit], trees[one.parent]
    return (done, trees[other.parent], undone), (done, trees[other.commit], undone)


def _on_base(task: PastTask, first: PastTask, trees: dict[Oid, Oid]) -> _Merge:
    """Returns the merge that makes the change on the state before all of the tasks."""
    return trees[task.parent], trees[first.parent], trees[task.commit]


def _judged(shared: frozenset[str], before: TreeMerge, after: TreeMerge, alone: TreeMerge | None) -> PastPair:
    if before.clean is None or after.clean is None:
        return PastPair(shared=shared, conflict=None)
    structural = shared & after.structural_paths()
    if before.clean:
        paths = shared & set(after.paths)
        return PastPair(shared=shared, conflict=not after.clean, paths=paths, structural=structural & paths)
    more = shared & (set(after.paths) - set(before.paths))
    if not more and alone is not None and not alone.clean:
        more = shared & set(before.paths) & set(alone.paths)
    return PastPair(shared=shared, conflict=bool(more), paths=more, structural=structural & more)
