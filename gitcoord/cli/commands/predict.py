"""`gitcoord predict`: predicts which files tasks will change and which tasks will conflict."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.planning.list_options import ListOrigin

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.cli.foresight.calibrate import Calibration
    from gitcoord.cli.views.predict import ConflictPrediction
    from gitcoord.foresight.foresee import Foresight
    from gitcoord.planning.risks import PairRisk
    from gitcoord.tasks.model import Task, TaskList

_EPILOG = """\b
Examples:
  gitcoord predict 3 7          # how likely 3 and 7 conflict, and where
  gitcoord predict --files 3    # the files that task 3 will probably change
  gitcoord predict              # the riskiest pairs of the whole list
  gitcoord predict --calibrate  # fit the constants to the past
  gitcoord predict --json 3 7 | jq '.pairs[0].conflict'

\b
Risk: low below 5 %, medium below 20 %, else high.
"""

_Tasks = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TASK]...",
        autocompletion=complete_task,
        help="Tasks to predict (default: the first 200 unfinished tasks).",
        show_default=False,
    ),
]
_Files = Annotated[bool, typer.Option("--files", help="Show the files of each task, not the pairs.")]
_Most = Annotated[
    int,
    typer.Option(
        "--most", min=1, metavar="N", help="Maximum number of files of a task, and, without TASK, of pairs."
    ),
]
_List = Annotated[
    str | None, typer.Option("--tasks", metavar="PATH", help="The task list; `-` reads standard input.")
]
_Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag of the list.")]
_Base = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="The branch whose history is used.")
]
_Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Learn from this repository's history how often tasks conflict.")
]
_Changes = Annotated[
    int,
    typer.Option("--changes", min=100, metavar="N", help="With --calibrate: number of past changes to use."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="With --calibrate: do not save the result.")]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.predict/1 document on stdout.")]


@app.command("predict", epilog=_EPILOG)
def predict(
    tasks: _Tasks = None,
    files: _Files = False,
    most: _Most = 10,
    list_path: _List = None,
    origin: ListOrigin = None,
    tag: _Tag = None,
    base: _Base = None,
    calibrate: _Calibrate = False,
    changes: _Changes = 400,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Predict which tasks conflict and which files they change, from the repository's history.

    Compares titles and texts of tasks with past changes and with the content of files; uses a task's
    `modifies`, too. Without --calibrate, saves nothing but an index under the git directory.
    """
    from gitcoord.cli.across.each_repository import places_of_list, show_name, together, whole_plan
    from gitcoord.cli.views.output import emit_json
    from gitcoord.cli.views.predict import print_files, print_pairs

    if calibrate:
        _check_calibration(tasks, files=files)
        _calibrate(base, changes, dry_run=dry_run, as_json=as_json)
        return
    context = whole_plan(reads=True)
    listed = _listed(context, list_path, origin, tag)
    chosen = _chosen(listed, tasks or [])
    found = []
    for place, own in places_of_list(context, listed):
        some = [task for task in chosen if task.id in own]
        if some or not place.name:
            prediction = _predicted(place.context, some, base, most, files=files, named=bool(tasks))
            found.append((place, some, prediction))
    if as_json:
        emit_json("predict", together([(place, prediction) for place, _, prediction in found]))
        return
    for place, some, prediction in found:
        show_name(place)
        if not files and len(some) != 1:
            print_pairs(prediction, some)
        else:
            print_files(prediction, some)


def _predicted(
    context: "Context", chosen: "list[Task]", base: str | None, most: int, *, files: bool, named: bool
) -> "ConflictPrediction":
    """Predicts the files and pairs of the chosen tasks in one repository, from its history."""
    from gitcoord.cli.views.predict import ConflictPrediction
    from gitcoord.foresight.plan_risks import likely_files

    branch, foresight = _foresight(context, base)
    with_pairs = not files and len(chosen) != 1
    limit = None if named else most
    return ConflictPrediction(
        base=branch,
        changes=foresight.change_count,
        files={task.id: likely_files(foresight, task, most) for task in chosen if files or len(chosen) <= 2},
        pairs=tuple(_pairs(foresight, chosen)[:limit]) if with_pairs else (),
        left_out=_left_out(foresight, chosen) if with_pairs else (),
    )


def _check_calibration(tasks: list[str] | None, *, files: bool) -> None:
    from gitcoord.errors import usage_error

    if tasks or files:
        message = "--calibrate cannot be used with TASK or --files."
        raise usage_error("usage", message, "Leave them out.")


def _calibrate(base: str | None, changes: int, *, dry_run: bool, as_json: bool) -> None:
    from gitcoord.cli.across.each_repository import all_places, ask_each, show_name, together
    from gitcoord.cli.foresight.calibrate import calibrate_here, print_calibration
    from gitcoord.cli.views.output import emit_json

    def calibrated(place: "TaskPlace") -> "Calibration":
        context = place.context
        saved = context.store.plan()
        branch = context.base(base or (saved.base if saved is not None else None))
        return calibrate_here(context, branch, changes, dry_run=dry_run)

    found = ask_each(all_places(reads=dry_run), calibrated)
    if as_json:
        emit_json("calibration", together(found))
        return
    for place, one in found:
        show_name(place)
        print_calibration(one)


def _listed(context: "Context", path: str | None, origin: str | None, tag: str | None) -> "TaskList":
    from gitcoord.cli.planning.issue_lists import issue_reader
    from gitcoord.tasks.reader import read_task_list

    saved = context.store.plan()
    kept = saved.tag if saved is not None else None
    return read_task_list(
        root=context.repository.root,
        tasks=path,
        origin=origin,
        usual=context.settings.tasks.origin,
        in_order=context.settings.tasks.in_order,
        tag=tag,
        kept_tag=kept,
        kept_list=saved.source if saved is not None else "",
        read_issues=issue_reader(context),
    )


def _chosen(listed: "TaskList", names: Sequence[str]) -> "list[Task]":
    """Returns the tasks called `names`, or all unfinished ones. Raises `no-such-task` (exit 2)."""
    from gitcoord.errors import usage_error
    from gitcoord.foresight.plan_risks import MOST_TASKS
    from gitcoord.natural_order import natural_key
    from gitcoord.tasks.model import ListedStatus

    if not names:
        over = (ListedStatus.DONE, ListedStatus.CANCELLED)
        return [task for task in listed.tasks if task.status not in over][:MOST_TASKS]
    by_id = {str(task.id): task for task in listed.tasks}
    for name in names:
        if name not in by_id:
            known = ", ".join(sorted(by_id, key=natural_key)[:12]) + (" …" if len(by_id) > 12 else "")
            raise usage_error("no-such-task", f"The task list has no task {name!r}.", f"Its tasks: {known}.")
    return [by_id[name] for name in dict.fromkeys(names)]


def _foresight(context: "Context", base: str | None) -> "tuple[str, Foresight]":
    from gitcoord.cli.foresight.open_foresight import open_for
    from gitcoord.git.base_branch import no_such_base

    saved = context.store.plan()
    branch = context.base(base or (saved.base if saved is not None else None))
    found = open_for(context, branch)
    if found is None:
        raise no_such_base(context.shared, branch)
    return branch, found


def _pairs(foresight: "Foresight", tasks: "Sequence[Task]") -> "list[PairRisk]":
    from itertools import combinations

    from gitcoord.foresight.plan_risks import pair_risk

    found = [pair_risk(foresight, one, other) for one, other in combinations(tasks, 2)]
    return sorted(found, key=lambda risk: -risk.conflict)


def _left_out(foresight: "Foresight", tasks: "Sequence[Task]") -> tuple[tuple[str, str], ...]:
    """Returns the files, with their kind, that the tasks probably change but that are left out of the risk.

    Such files are lists, lock files and files with a rule.
    """
    from gitcoord.foresight.plan_risks import task_text
    from gitcoord.planning.risks import MEDIUM

    likely = {
        path
        for task in tasks
        for path, chance in foresight.chances(task_text(task)).items()
        if chance >= MEDIUM
    }
    return tuple(sorted((path, kind) for path, kind in foresight.hot.items() if path in likely))
