"""What landed as one: a merge, a squash, or the commits of a rebase, found from the landings of tasks."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice, takewhile

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.evidence.model import Landing
from gitcoord.evidence.trailers import LANDED, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP, merge_tree, tree_of
from gitcoord.tasks.model import TaskId

TaskHead = tuple[TaskId, Oid]
Landings = dict[Oid, list[TaskHead]]


class LandedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the base's own line that brought `tasks` (with their heads) in.

    `commits` are its commits, newest first; `start` is the base as it was before. Work that changed
    nothing has no commits.
    """

    commits: tuple[Oid, ...]
    start: Oid
    tasks: tuple[tuple[TaskId, Oid], ...]


class History:
    """The base's own line, newest first. `begun` tells where the tasks' branches began, as far as known.

    `others` are heads that landed by themselves: what a branch that is stacked on them holds is theirs.
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
        """The landings as units, newest first. Raises `unknown-landing` (exit 1) for what cannot be told."""
        found: list[LandedChange] = []
        together: Landings = {}
        for task, landing in landed.items():
            if landing.commit == landing.head and landing.commit in self._place:
                found.append(self._without_merge(task, landing))
            else:
                together.setdefault(self._bringing(landing.commit), []).append((task, landing.head))
        while together:
            found.append(self._unit(min(together, key=self._place.__getitem__), together))
        return self._apart(sorted(found, key=lambda unit: self._place[(*unit.commits, unit.start)[0]]))

    def _apart(self, found: Sequence[LandedChange]) -> list[LandedChange]:
        """Units that share commits become one: of equal work, a rebase lands what is missing only."""
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
        """What ended with `commit` of the base's line; all that it brought in is taken out of `landings`."""
        parents, tasks = self._parents[commit], landings.pop(commit)
        if len(parents) > 1 or (parents and self._names(commit)):
            return LandedChange(commits=(commit,), start=parents[0], tasks=tuple(tasks))
        commits = self._copies(commit, tasks, landings)
        start = self._parents[commits[-1]][0] if commits else commit
        return LandedChange(commits=commits, start=start, tasks=tuple(tasks))

    def _without_merge(self, task: TaskId, landing: Landing) -> LandedChange:
        """What was on the base's own line when it landed: it changed nothing, or somebody pushed it there."""
        commit = landing.commit
        marked = self._git.text("show", "--no-patch", "--format=%(trailers)", commit)
        merged = len(self._parents[commit]) != 1 or LANDED in marked or self._begun.get(task) == commit
        if merged or self._git.run("diff-tree", "--quiet", f"{commit}^", commit, ok=(0, 1)).code == 0:
            return LandedChange(commits=(), start=commit, tasks=((task, landing.head),))
        raise _unknown(task, f"{commit[:12]} went into the base without a merge")

    def _bringing(self, commit: Oid) -> Oid:
        """The oldest commit of the line that contains `commit`."""
        if commit in self._place:
            return commit
        above = set(self._git.lines("rev-list", "--ancestry-path", f"{commit}..{self._base}"))
        return next(one for one in reversed(self._parents) if one in above)

    def _names(self, commit: Oid) -> bool:
        """Whether a squash says that it landed tasks; the commits of a rebase are the branches' own."""
        return bool(values(LANDED, self._git.text("show", "--no-patch", "--format=%B", commit)))

    def _copies(self, commit: Oid, tasks: list[TaskHead], landings: Landings) -> tuple[Oid, ...]:
        """The commits of a rebase, newest first: those that look like the branches' own, without a gap.

        What is missing was left out, because the base had it already; or it lies below what others landed in
        the same rebase, which then joins `tasks`.
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
        # Else it is a squash that somebody made without gitcoord; or nothing was left to land, and the base
        # stayed where somebody else had brought it.
        return tuple(found) or ((commit,) if self._squashes(commit, tasks) else ())

    def _stamps(self, commit: Oid, tasks: Sequence[TaskHead]) -> Counter[str]:
        """What tells the branches' own commits apart, each as often as it is there."""
        for task, head in tasks:
            if not self._ancestry.existing({head}):
                raise _unknown(task, f"its commits ({head[:12]}) are not here any more")
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
        """The line from a commit on, as far as it has no merges."""
        line = islice(self._parents, self._place[commit], None)
        return takewhile(lambda one: len(self._parents[one]) == 1, line)


def _unknown(task: TaskId, why: str) -> GitcoordError:
    return answer_no(
        "unknown-landing",
        f"It cannot be told which commits brought task {task} in: {why}.",
        "Revert them by hand with `git revert`, or roll back without this level.",
    )
