"""Renders predictions: pairs by their risk, with the files that cause it; the likely files of tasks."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gitcoord.cli.views.output import (
    RISK_STYLES,
    clean,
    count_of,
    emit,
    percent,
    plain,
    say,
    show,
)
from gitcoord.cli.views.styled_text import TextColumn, TextTable
from gitcoord.planning.risks import PairRisk, RiskyFile
from gitcoord.tasks.model import Task, TaskId


class ConflictPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """The document `gitcoord.predict/1`. `left_out`: paths that are left out of the risk, with their kind."""

    base: str
    changes: int
    files: Mapping[TaskId, Sequence[RiskyFile]] = {}
    pairs: Sequence[PairRisk] = ()
    left_out: Sequence[tuple[str, str]] = ()


def print_pairs(prediction: ConflictPrediction, tasks: Iterable[Task]) -> None:
    """Prints the pairs, the riskiest first, with the files in which each would conflict."""
    titles = {task.id: task.title for task in tasks}
    if not prediction.pairs:
        emit("There are no two tasks to compare.")
    for risk in prediction.pairs:
        one, other = risk.tasks
        line = plain(f"{clean(one)} and {clean(other)}: ", "bold")
        line.append(f"{risk.band}, {percent(risk.conflict)} to conflict", RISK_STYLES[risk.band])
        line.append(f", {percent(risk.share)} to change a file in common", "dim")
        show(line)
        for task in risk.tasks:
            show(plain(f"  {clean(task)}  {clean(titles[task])}", "dim"))
        if risk.files:
            show(plain(f"  in {', '.join(clean(file.path) for file in risk.files)}"))
        if risk.asserted:
            show(plain("  The task list says parallel_safe: they may run together.", "dim"))
    _say_source(prediction)


def print_files(prediction: ConflictPrediction, tasks: Iterable[Task]) -> None:
    """Prints the likely files of each task."""
    for task in tasks:
        show(plain(f"{clean(task.id)}  {clean(task.title)}", "bold"))
        show(_file_table(prediction.files.get(task.id, ())))
    _say_source(prediction)


def _file_table(files: Iterable[RiskyFile]) -> TextTable:
    columns = (TextColumn("probability", right=True, width=6), TextColumn("file", folds=True))
    table = TextTable(*columns, headed=False)
    for file in files:
        table.add_row(percent(file.probability), plain(clean(file.path)))
    return table


def _say_source(prediction: ConflictPrediction) -> None:
    """Prints the number of changes that the prediction was learned from, and the lists that it leaves out."""
    learned = f"Learned from {count_of(prediction.changes, 'change')} of {clean(prediction.base)}"
    lists = [path for path, kind in prediction.left_out if kind == "append"]
    if lists:
        learned += f"; left out {', '.join(map(clean, lists[:3]))}, which nearly every change touches"
    say(f"{learned}.")
