"""How predictions look: pairs by their risk, with the files that make it; the likely files of tasks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from gitcoord.cli.views.output import (
    RISK_STYLES,
    clean,
    count_of,
    emit,
    percent,
    plain,
    say,
    stdout_console,
)
from gitcoord.planning.risks import PairRisk, RiskyFile
from gitcoord.tasks.model import Task, TaskId

if TYPE_CHECKING:
    from rich.table import Table


class ConflictPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """The document `gitcoord.predict/1`. `left_out`: paths that say nothing about pairs, and why."""

    base: str
    changes: int
    files: Mapping[TaskId, Sequence[RiskyFile]] = {}
    pairs: Sequence[PairRisk] = ()
    left_out: Sequence[tuple[str, str]] = ()


def print_pairs(prediction: ConflictPrediction, tasks: Iterable[Task]) -> None:
    """The pairs, the riskiest first, and where each would conflict."""
    titles = {task.id: task.title for task in tasks}
    if not prediction.pairs:
        emit("There are no two tasks to compare.")
    for risk in prediction.pairs:
        one, other = risk.tasks
        line = plain(f"{clean(one)} and {clean(other)}: ", "bold")
        line.append(f"{risk.band}, {percent(risk.conflict)} to conflict", RISK_STYLES[risk.band])
        line.append(f", {percent(risk.share)} to change a file in common", "dim")
        console = stdout_console()
        console.print(line)
        for task in risk.tasks:
            console.print(plain(f"  {clean(task)}  {clean(titles[task])}", "dim"))
        if risk.files:
            console.print(plain(f"  in {', '.join(clean(file.path) for file in risk.files)}"))
        if risk.asserted:
            console.print(plain("  The task list says parallel_safe: they may run together.", "dim"))
    _say_source(prediction)


def print_files(prediction: ConflictPrediction, tasks: Iterable[Task]) -> None:
    """The likely files of each task."""
    console = stdout_console()
    for task in tasks:
        console.print(plain(f"{clean(task.id)}  {clean(task.title)}", "bold"))
        console.print(_file_table(prediction.files.get(task.id, ())))
    _say_source(prediction)


def _file_table(files: Iterable[RiskyFile]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(justify="right", width=6)
    table.add_column(overflow="fold")
    for file in files:
        table.add_row(percent(file.probability), plain(clean(file.path)))
    return table


def _say_source(prediction: ConflictPrediction) -> None:
    """Where the numbers come from."""
    learned = f"Learned from {count_of(prediction.changes, 'change')} of {clean(prediction.base)}"
    lists = [path for path, kind in prediction.left_out if kind == "append"]
    if lists:
        learned += (
            f"; nearly every change touches {', '.join(map(clean, lists[:3]))}, which counts for no pair"
        )
    say(f"{learned}.")
