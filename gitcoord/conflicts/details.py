"""Where exactly two branches conflict: which lines of the base each side changed, in which commits."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gitcoord.conflicts.changes import Changes, Edit
from gitcoord.conflicts.history import Fork
from gitcoord.conflicts.lines import Hunks, hunks_of
from gitcoord.conflicts.model import PathConflict, Side
from gitcoord.conflicts.onto import Workbench
from gitcoord.conflicts.overlap import Pair
from gitcoord.conflicts.verdicts import Judgement
from gitcoord.git.run import Git, Oid
from gitcoord.tasks.model import TaskId

_PATHS = ("diff-tree", "--stdin", "-r", "-c", "-z", "--root", "--no-renames", "--raw", "--no-abbrev")


class Details:
    """Knows the lines and commits of every conflict among `judged`; `changes` are those to the base."""

    def __init__(
        self,
        bench: Workbench,
        tips: Sequence[Oid],
        changes: Mapping[Oid, Changes],
        judged: Mapping[Pair, Judgement],
        known: Mapping[Edit, Hunks],
    ) -> None:
        self._tips = tips
        self._changes = changes
        failing = {pair: judgement for pair, judgement in judged.items() if judgement.paths}
        at = {
            (tips[place], path) for pair, found in failing.items() for place in pair for path in found.paths
        }
        edits = {(path, edit): None for tip, path in at if (edit := changes[tip].edits.get(path))}
        missing = [(path, edit) for path, edit in edits if edit not in known]
        self._hunks = {**known, **hunks_of(bench.git, bench.writer, missing)}
        self._commits = _commits(bench.git, {tip: bench.forks[tip] for tip, _ in at}, at)

    def of(self, pair: Pair, judged: Judgement) -> tuple[PathConflict, ...]:
        """The conflicts of a pair, a path each, the tasks not `named` yet."""
        return tuple(self._conflict(pair, path, kind) for path, kind in judged.path_kinds)

    def _conflict(self, pair: Pair, path: str, kind: str) -> PathConflict:
        one, other = (self._tips[place] for place in pair)
        left, right = self._lines(one, path), self._lines(other, path)
        meeting = _touching(left, right), _touching(right, left)
        # Where no two hunks meet, as when one side removed the file, all of them tell.
        lines = meeting if all(meeting) else (left, right)
        sides = [
            Side(
                task=TaskId(""),
                lines=tuple((hunk.start + 1, hunk.end) for hunk in hunks),
                commits=self._commits.get((tip, path), ()),
            )
            for tip, hunks in zip((one, other), lines, strict=True)
        ]
        return PathConflict(path=path, kind=kind, sides=(sides[0], sides[1]))

    def _lines(self, tip: Oid, path: str) -> Hunks:
        edit = self._changes[tip].edits.get(path)
        return self._hunks.get(edit, ()) if edit else ()


def named(conflicts: tuple[PathConflict, ...], one: TaskId, other: TaskId) -> tuple[PathConflict, ...]:
    """The same conflicts with the tasks whose branches they are about."""
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
    """The branch's own commits that changed a path, the newest first."""
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
