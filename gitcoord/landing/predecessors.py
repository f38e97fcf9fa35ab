"""The predecessors of a failing branch: the base's commits since its fork point, and the tasks before it."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.checks.blame import Others
from gitcoord.git.ancestry import merge_base
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.write_commits import commit_to_merge_with
from gitcoord.tasks.model import TaskId

_MOST = 256
"""The largest number of the base's commits to look at."""


class Predecessor(msgspec.Struct, frozen=True, kw_only=True):
    """A task with its `head`, or a commit of the base that belongs to no task.

    `after`: the base's commit that contains this predecessor and all earlier ones; None if the predecessor
    has not landed, or if a later one landed in the same commit.
    """

    task: TaskId | None
    head: Oid | None
    after: Oid | None


class Predecessors:
    """The predecessors of `head`, oldest first. Computes the trees of some of them with `head` on top."""

    def __init__(self, git: Git, start: Oid, head: Oid, known: Sequence[Predecessor]) -> None:
        self.known = known
        self._git = git
        self._start = start
        self._head = head

    def tree(self, others: Others) -> Oid | None:
        """Returns the tree of the predecessors `others` with `head` on top; None if they do not merge."""
        if others == tuple(range(len(others))):
            context = self._context(len(others))
        else:
            context = self._chain(self._start, others)
        if context is None:
            return None
        merged = merge_tree(self._git, context, self._head)
        return merged.tree if merged.clean else None

    def _context(self, size: int) -> Oid | None:
        """Returns a commit with the first `size` predecessors; None if they do not merge.

        Begins with the base's commit that landed the last landed one of these, and merges the rest onto it.
        """
        done, commit = 0, self._start
        for number, one in enumerate(self.known[:size], 1):
            if one.after is not None:
                done, commit = number, one.after
        return self._chain(commit, range(done, size))

    def _chain(self, commit: Oid | None, numbers: Sequence[int]) -> Oid | None:
        for number in numbers:
            head = self.known[number].head
            merged = None if commit is None or head is None else merge_tree(self._git, commit, head)
            if merged is None or not merged.clean or commit is None or head is None:
                return None
            commit = commit_to_merge_with(self._git, merged.tree, [commit, head])
        return commit


def find_predecessors(
    git: Git,
    base: Oid,
    head: Oid,
    landed: Mapping[Oid, Sequence[tuple[TaskId, Oid]]],
    ahead: Sequence[tuple[TaskId, Oid]],
) -> Predecessors | None:
    """Finds the predecessors of `head` on `base` and in `ahead`; None if the histories are unrelated.

    `landed` maps the base's own commits to the tasks that they landed, with their heads. On the base, finds
    at most the `_MOST` newest commits.
    """
    start = merge_base(git, base, head)
    if start is None:
        return None
    line = git.lines("rev-list", "--first-parent", "--reverse", f"{start}..{base}")
    if len(line) > _MOST:
        start, line = line[-_MOST - 1], line[-_MOST:]
    known: list[Predecessor] = []
    for commit in line:
        tasks = landed.get(commit, ())
        known += [Predecessor(task=task, head=tip, after=None) for task, tip in tasks[:-1]]
        task, tip = tasks[-1] if tasks else (None, None)
        known.append(Predecessor(task=task, head=tip, after=commit))
    known += [Predecessor(task=task, head=tip, after=None) for task, tip in ahead]
    return Predecessors(git, start, head, known)
