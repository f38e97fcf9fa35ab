"""Finds the exact location of conflicts: the base's lines that each side changed, and the commits."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from gitcoord.conflicts.changes import Changes, Edit
from gitcoord.conflicts.fork_points import Fork
from gitcoord.conflicts.hunks import Hunks, hunks_of
from gitcoord.conflicts.model import PathConflict, Side
from gitcoord.conflicts.pair_verdict import PairVerdict
from gitcoord.conflicts.path_overlap import Pair
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.git.git_cli import Git, Oid
from gitcoord.tasks.model import TaskId

_PATHS = ("diff-tree", "--stdin", "-r", "-c", "-z", "--root", "--no-renames", "--raw", "--no-abbrev")


class ConflictLocations:
    """Finds lines and commits of all conflicts in `judged`; `changes` has the changes of each tip to the
    base.
    """

    def __init__(
        self,
        context: MergeContext,
        tips: Sequence[Oid],
        changes: Mapping[Oid, Changes],
        judged: Mapping[Pair, PairVerdict],
        known: Mapping[Edit, Hunks],
    ) -> None:
        self._tips = tips
        self._changes = changes
        sides = {
            (tips[place], path): self._origin(tips[place], tips[other], path)
            for (one, two), judgement in judged.items()
            for path in judgement.paths
            for place, other in ((one, two), (two, one))
        }
        edits = dict.fromkeys((was, edit) for was, edit in sides.values() if edit is not None)
        missing = [(path, edit) for path, edit in edits if edit not in known]
        self._hunks = {**known, **hunks_of(context.git, context.writer, missing)}
        at = {(tip, name) for (tip, path), (was, _) in sides.items() for name in (path, was)}
        self._commits = _commits(context.git, {tip: context.forks[tip] for tip, _ in at}, at)

    def of(self, pair: Pair, judged: PairVerdict) -> tuple[PathConflict, ...]:
        """The conflicts of a pair, one for each path. The ids of the tasks are empty: `named` sets them."""
        if not judged.path_kinds:
            return ()
        return tuple(self._conflict(pair, path, kind) for path, kind in judged.path_kinds)

    def _conflict(self, pair: Pair, path: str, kind: str) -> PathConflict:
        one, other = (self._tips[place] for place in pair)
        origins = self._origin(one, other, path), self._origin(other, one, path)
        left, right = (self._hunks.get(edit, ()) if edit else () for _, edit in origins)
        meeting = _touching(left, right), _touching(right, left)
        # If no two hunks overlap, for example because one side removed the file, report all hunks.
        lines = meeting if all(meeting) else (left, right)
        sides = [
            Side(
                task=TaskId(""),
                lines=tuple((hunk.start + 1, hunk.end) for hunk in hunks),
                commits=self._by(tip, path, was),
                path=was if was != path else "",
            )
            for tip, hunks, (was, _) in zip((one, other), lines, origins, strict=True)
        ]
        return PathConflict(path=path, kind=kind, sides=(sides[0], sides[1]))

    def _by(self, tip: Oid, *names: str) -> tuple[Oid, ...]:
        return tuple(dict.fromkeys(commit for name in names for commit in self._commits.get((tip, name), ())))

    def _origin(self, tip: Oid, other: Oid, path: str) -> tuple[str, Edit | None]:
        """The base's name of the file `path` in a conflict, and the edit of `tip` to it (or None)."""
        mine, theirs = self._changes[tip], self._changes[other]
        if path in mine.edits:
            return path, mine.edits[path]
        if path in mine.contents:
            # Renamed here, edited on the other side: that edit has the original path.
            was = _moved(path, theirs.edits.keys() & (mine.paths - mine.present))
            if was is not None:
                edit = theirs.edits[was]
                return was, Edit(edit.mode, edit.old, mine.contents[path])
        elif path not in mine.paths:
            was = _moved(path, mine.edits.keys() & (theirs.paths - theirs.present))
            if was is not None:
                return was, mine.edits[was]
            return _near(path, mine.paths), None
        return path, None


def _moved(path: str, candidates: Collection[str]) -> str | None:
    """The one of `candidates` that was renamed to `path`; None if there is none, or several are possible."""
    if len(candidates) > 1:
        name = path.rpartition("/")[2]
        candidates = [one for one in candidates if one.rpartition("/")[2] == name]
    return next(iter(candidates)) if len(candidates) == 1 else None


def _near(path: str, paths: Collection[str]) -> str:
    """The changed path of a branch that explains a conflict in `path`, which the branch does not change."""
    folder, _, name = path.rpartition("/")
    inside = [one for one in paths if one.startswith(path + "/")]
    alike = [one for one in paths if one.rpartition("/")[2] == name]
    beside = [one for one in paths if folder and one.startswith(folder + "/")]
    return min(inside or alike or beside, default=path)


def named(conflicts: tuple[PathConflict, ...], one: TaskId, other: TaskId) -> tuple[PathConflict, ...]:
    """Returns the conflicts with the ids of the two tasks."""
    if not conflicts:
        return ()
    change = msgspec.structs.replace
    return tuple(
        change(conflict, sides=(change(conflict.sides[0], task=one), change(conflict.sides[1], task=other)))
        for conflict in conflicts
    )


def _touching(hunks: Hunks, others: Hunks) -> Hunks:
    return tuple(h for h in hunks if any(h.start <= o.end and o.start <= h.end for o in others))


def _commits(
    git: Git, forks: Mapping[Oid, Fork], wanted: Iterable[tuple[Oid, str]]
) -> dict[tuple[Oid, str], tuple[Oid, ...]]:
    """The branch's own commits that changed each path, in the order of `Fork.commits`."""
    every = dict.fromkeys(commit for fork in forks.values() for commit in fork.commits)
    if not every:
        return {}
    ended = git.run(*_PATHS, input="".join(f"{commit}\n" for commit in every).encode())
    touched = {commit: set(paths) for commit, paths in _parse(os.fsdecode(ended.stdout))}
    return {
        (tip, path): tuple(c for c in forks[tip].commits if path in touched.get(c, ()))
        for tip, path in wanted
    }


def _parse(output: str) -> Iterator[tuple[Oid, list[str]]]:
    fields = iter(output.split("\0"))
    current: tuple[Oid, list[str]] | None = None
    for field in fields:
        if field.startswith(":"):
            path = next(fields)
            if current is not None:
                current[1].append(path)
        elif field:
            if current is not None:
                yield current
            current = field, []
    if current is not None:
        yield current
