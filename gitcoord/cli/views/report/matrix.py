"""The conflict matrix of a report: the pairs of tasks that were predicted to clash, and those that did."""

from collections.abc import Mapping

import msgspec

from gitcoord.cli.views.output import count_of
from gitcoord.natural_order import natural_key
from gitcoord.progress.conflicts import Conflicts, Pair
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some

MOST_TASKS = 40


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks: `kind` is `self`, `both`, `found`, `predicted` or empty."""

    kind: str = ""
    mark: str = ""
    tip: str = ""


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task against all others."""

    name: str
    title: str
    cells: tuple[Cell, ...]


class MatrixConflict(msgspec.Struct, frozen=True, kw_only=True):
    """A found conflict, as text."""

    tasks: str
    paths: str


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The matrix of the tasks with a clash, in the order of ids."""

    sentence: str
    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    found: tuple[MatrixConflict, ...]


def clash_place(pair: Pair) -> str:
    """Returns the place of a clash, to append to a verb: ` in` files or ` in the check`; empty if unknown."""
    if pair.paths:
        return f" in {some(pair.paths, 3)}"
    return " in the check" if pair.by_check else ""


def matrix_of(conflicts: Conflicts, titles: Mapping[TaskId, str]) -> Matrix:
    """Returns the matrix of at most `MOST_TASKS` tasks; prefers those with found clashes."""
    pairs = {frozenset(pair.tasks): pair for pair in conflicts.pairs}
    ranked = [
        task for found in (True, False) for p in conflicts.pairs if p.found is found for task in p.tasks
    ]
    kept = set(list(dict.fromkeys(ranked))[:MOST_TASKS])
    names = sorted(kept, key=natural_key)

    def cell(one: TaskId, other: TaskId) -> Cell:
        pair = pairs.get(frozenset((one, other)))
        if one == other:
            return Cell(kind="self")
        if pair is None:
            return Cell()
        tip = f"{pair.tasks[0]} and {pair.tasks[1]}"
        if pair.found:
            return Cell(
                kind="both" if pair.predicted else "found", mark="✗", tip=f"{tip} clash{clash_place(pair)}"
            )
        return Cell(kind="predicted", mark="○", tip=f"{tip} were predicted to clash")

    return Matrix(
        sentence=conflict_sentence(conflicts),
        names=tuple(names),
        rows=tuple(
            MatrixRow(name=one, title=titles.get(one, ""), cells=tuple(cell(one, other) for other in names))
            for one in names
        ),
        found=tuple(
            MatrixConflict(
                tasks=f"{pair.tasks[0]} and {pair.tasks[1]}",
                paths=some(pair.paths, 8) if pair.paths else clash_place(pair).strip(),
            )
            for pair in conflicts.pairs
            if pair.found
        ),
    )


def conflict_sentence(conflicts: Conflicts) -> str:
    """Returns the number of found and predicted clashes as a sentence."""
    beside = f"{count_of(conflicts.side_by_side, 'pair')} of tasks ran in parallel"
    if not conflicts.found and not conflicts.predicted:
        return f"None predicted and none found; {beside}."
    clashes = "clash" if conflicts.found == 1 else "clashes"
    told = f"{conflicts.found} {clashes} found, {conflicts.predicted} predicted"
    if conflicts.found and conflicts.predicted:
        told += f", {conflicts.both} of them both"
    return f"{told}; {beside}."
