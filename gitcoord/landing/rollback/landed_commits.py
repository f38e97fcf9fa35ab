"""Finds the commits of each landing: a merge, a squash, or the commits of a rebase."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice, takewhile

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.evidence.model import Landing
from gitcoord.evidence.trailer_syntax import LANDED, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP, merge_tree
from gitcoord.tasks.model import TaskId

TaskHead = tuple[TaskId, Oid]
Landings = dict[Oid, list[TaskHead]]


class LandedChange(msgspec.Struct, frozen=True, kw_only=True):
    """The commits of the base's first-parent line that landed `tasks` (with their heads).

    `commits` are newest first; `start` is the base before them. Work that changed nothing has no commits.
    """

    commits: tuple[Oid, ...]
    start: Oid
    tasks: tuple[tuple[TaskId, Oid], ...]


class History:
    """The base's first-parent line, newest first. `begun`: the known start commits of the tasks' branches.

    `others` are the heads of other landings: their commits do not count for a branch that is stacked on them.
    """

    def __init__(
        self,
        git: Git,
        ancestry: Ancestry,
        base_commit: Oid,
        begun: Mapping[TaskId, Oid] | None = None,
        others: Collection[Oid] = (),
    ) -> None:
        self._git = git
        self._ancestry = ancestry
        self._base = base_commit
        self._begun = begun or {}
        self._others = others
        lines = git.lines("rev-list", "--first-parent", "--parents", base_commit)
        self._parents = {words[0]: tuple(words[1:]) for line in lines if (words := line.split())}
        self._place = {commit: place for place, commit in enumerate(self._parents)}

    def units(self, landed: Mapping[TaskId, Landing]) -> list[LandedChange]:
        """Returns the changes that `landed` made to the base, newest first.

        Raises `unknown-landing` (exit 1) if the commits of a landing cannot be found.
        """
        found: list[LandedChange] = []
        together: Landings = {}
        for task, landing in landed.items():
            if landing.commit == landing.head and landing.commit in self._place:
                found.append(self._without_merge(task, landing))
            else:
                together.setdefault(self._landing_commit(landing.commit), []).append((task, landing.head))
        while together:
            found.append(self._unit(min(together, key=self._place.__getitem__), together))
        return self._joined(sorted(found, key=lambda unit: self._place[(*unit.commits, unit.start)[0]]))

    def _joined(self, found: Sequence[LandedChange]) -> list[LandedChange]:
        """Joins changes that share commits: if two tasks have equal work, a rebase lands that only once."""
        apart: list[LandedChange] = []
        for unit in found:
            if apart and not set(apart[-1].commits).isdisjoint(unit.commits):
                last = apart.pop()
                commits = sorted({*last.commits, *unit.commits}, key=self._place.__getitem__)
                start = self._parents[commits[-1]][0]
                unit = LandedChange(commits=tuple(commits), start=start, tasks=last.tasks + unit.tasks)
            apart.append(unit)
        return apart

    def _unit(self, commit: Oid, landings: Landings) -> LandedChange:
        """Returns the change whose newest commit is `commit`; removes its tasks from `landings`."""
        parents, tasks = self._parents[commit], landings.pop(commit)
        if len(parents) > 1 or (parents and self._names(commit)):
            return LandedChange(commits=(commit,), start=parents[0], tasks=tuple(tasks))
        commits = self._copies(commit, tasks, landings)
        start = self._parents[commits[-1]][0] if commits else commit
        return LandedChange(commits=commits, start=start, tasks=tuple(tasks))

    def _without_merge(self, task: TaskId, landing: Landing) -> LandedChange:
        """Returns an empty change for a head that is itself on the base's line and has no work of its own.

        Raises `unknown-landing` if somebody pushed the head there without a merge.
        """
        commit = landing.commit
        marked = self._git.text("show", "--no-patch", "--format=%(trailers)", commit)
        merged = len(self._parents[commit]) != 1 or LANDED in marked or self._begun.get(task) == commit
        if merged or self._git.run("diff-tree", "--quiet", f"{commit}^", commit, ok=(0, 1)).code == 0:
            return LandedChange(commits=(), start=commit, tasks=((task, landing.head),))
        raise _unknown(task, f"{commit[:12]} went into the base without a merge")

    def _landing_commit(self, commit: Oid) -> Oid:
        """Returns the oldest commit of the line that contains `commit`."""
        if commit in self._place:
            return commit
        above = set(self._git.lines("rev-list", "--ancestry-path", f"{commit}..{self._base}"))
        return next(one for one in reversed(self._parents) if one in above)

    def _names(self, commit: Oid) -> bool:
        """Whether the commit's message names landed tasks, as a squash does; rebased commits do not."""
        return bool(values(LANDED, self._git.text("show", "--no-patch", "--format=%B", commit)))

    def _copies(self, commit: Oid, tasks: list[TaskHead], landings: Landings) -> tuple[Oid, ...]:
        """Returns the commits of a rebase, newest first: copies of the branches' own commits, without a gap.

        A missing commit was left out because the base had it already, or is below commits that other tasks
        landed in the same rebase; those tasks are then added to `tasks`. If there are no copies, returns
        `commit` if it is a squash.
        """
        left, found = self._stamps(commit, tasks), []
        for one in self._line_from(commit):
            if left.total() > 0 and one in landings and not self._names(one):
                left += self._stamps(commit, landings[one])
                tasks += landings.pop(one)
            stamp = self._git.text("show", "--no-patch", f"--format={STAMP}", one)
            if left[stamp] == 0:
                break
            left[stamp] -= 1
            found.append(one)
        # Without copies, it is a squash that somebody made without gitcoord; or there was nothing left to
        # land, and the base did not move.
        return tuple(found) or ((commit,) if self._squashes(commit, tasks) else ())

    def _stamps(self, commit: Oid, tasks: Sequence[TaskHead]) -> Counter[str]:
        """Counts the stamps of the branches' own commits. Raises `unknown-landing` if one is missing."""
        for task, head in tasks:
            if not self._ancestry.existing({head}):
                raise _unknown(task, f"its commits ({head[:12]}) are no longer in this clone")
        heads = {head for _, head in tasks}
        below = set[Oid]().union(*(self._ancestry.contained(head, self._others) for head in heads)) - heads
        left_out = (f"^{one}" for one in sorted({commit, *below}))
        own = ("log", "-z", "--no-merges", f"--format={STAMP}", *sorted(heads), *left_out)
        return Counter(filter(None, self._git.text(*own).split("\0")))

    def _squashes(self, commit: Oid, tasks: Sequence[tuple[TaskId, Oid]]) -> bool:
        before = self._parents[commit][:1]
        tree = tree_of(self._git, before[0]) if before else ""
        return bool(before) and any(merge_tree(self._git, before[0], head).tree != tree for _, head in tasks)

    def _line_from(self, commit: Oid) -> Iterator[Oid]:
        """Yields `commit` and the older commits of the line, down to the first merge, which is left out."""
        line = islice(self._parents, self._place[commit], None)
        return takewhile(lambda one: len(self._parents[one]) == 1, line)


def _unknown(task: TaskId, why: str) -> GitcoordError:
    return answer_no(
        "unknown-landing",
        f"The commits that landed task {task} cannot be found: {why}.",
        "Revert them with `git revert`, or roll back without this level.",
    )
