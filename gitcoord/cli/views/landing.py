"""Renders the report of a landing."""

from gitcoord.cli.views.output import clean, plain, show
from gitcoord.cli.views.styled_text import TextColumn, TextTable
from gitcoord.landing.report import Report
from gitcoord.text_lists import named_tasks

ONLY_TEXT = "Git merged everything cleanly, but no check was run. To run one, use --check 'COMMAND'."

WAIT = "Run merge-level again later, or with --wait 30m to wait until it has landed."


def show_report(report: Report, *, adopted: bool = False, repository: str = "") -> None:
    """Prints the landed, deferred and waiting tasks, with reasons; `adopted`: without a task list.

    `repository`: the name of the report's repository if the level has tasks in several.
    """
    head = plain(f"{report.level} onto {clean(report.base)}", "bold")
    show(head.append(f"  {report.strategy}", "not bold dim"))
    narrow = [TextColumn(name) for name in ("task", "state", "pull", "commit")]
    table = TextTable(*narrow, TextColumn("note", folds=True))
    for landed in report.landed:
        pull = "" if landed.pull is None else f"#{landed.pull}"
        why = f"wave {landed.wave}"
        table.add_row(clean(landed.task), plain("landed", "green"), pull, landed.commit[:12], why)
    for deferred in report.deferred:
        pull = "" if deferred.pull is None else f"#{deferred.pull}"
        table.add_row(clean(deferred.task), plain("deferred", "red"), pull, "", clean(deferred.reason))
    for waiting in report.waiting:
        pull = "" if waiting.pull is None else f"#{waiting.pull}"
        table.add_row(clean(waiting.task), plain("waiting", "yellow"), pull, "", clean(waiting.reason))
    if table.rows:
        show(table)
    for unlanded in report.unlanded:
        branch, task = clean(unlanded.branch), clean(unlanded.task)
        told = f"{branch} has commits ({unlanded.tip[:12]}) that were pushed after task {task} landed"
        show(plain(f"{told}; `gitcoord submit {task}` submits them."), soft_wrap=True)
    if report.deleted:
        show(plain(f"Deleted: {', '.join(map(clean, report.deleted))}"), soft_wrap=True)
    if report.complete:
        where = f"in {clean(repository)}, " if repository else ""
        at = f"on {report.base} at {report.base_commit[:12]}"
        show(plain(f"{report.level} has landed {where}{at}."), soft_wrap=True)
    elif adopted:
        show(plain(_way_of_heads(report)), soft_wrap=True)
    elif report.deferred:
        tasks = [clean(deferred.task) for deferred in report.deferred]
        each = "" if len(tasks) == 1 else f" each of tasks {', '.join(tasks)}"
        name = tasks[0] if len(tasks) == 1 else "TASK"
        way = f"gitcoord checkout {name}, edit, gitcoord submit"
        show(plain(f"To resolve{each}: {way}, then merge-level again."), soft_wrap=True)
    elif report.waiting and not (repository and is_temporary(report)):
        show(plain(_way_on(report)), soft_wrap=True)


def _way_of_heads(report: Report) -> str:
    """Returns the next step for adopted heads that have not landed."""
    if report.deferred:
        base = clean(report.base)
        return f"To resolve: merge {base} into a deferred branch, push it, then run the same command again."
    if any(waiting.needs == "time" for waiting in report.waiting):
        return "Run the same command again later, or with --wait 30m to wait until they have landed."
    return "Follow the notes, then run the same command again."


def is_temporary(report: Report) -> bool:
    """Whether a waiting task may land later without further work."""
    return any(waiting.needs == "time" for waiting in report.waiting)


def _way_on(report: Report) -> str:
    """Returns the next step for a waiting level: wait, or do the named work."""
    if is_temporary(report):
        return WAIT
    idle = [clean(waiting.task) for waiting in report.waiting if waiting.needs == "work"]
    if not idle:
        return "Land what they wait for first, then merge-level again."
    held = [clean(waiting.task) for waiting in report.waiting if waiting.needs == "work" and waiting.pull]
    if held:
        notes = "its note" if len(held) == 1 else "their notes"
        return f"To land {named_tasks(held, 8)}, follow {notes}, then merge-level again."
    name = idle[0] if len(idle) == 1 else "TASK"
    way = f"gitcoord checkout {name}, edit, gitcoord submit, then merge-level again"
    return f"Nobody works on {named_tasks(idle, 8)}: {way}."
