"""Finds the checkboxes of a Markdown list in its text."""

from collections.abc import Iterator, Mapping

from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.sources.checkboxes import LINE_END, read_checklist
from gitcoord.tasks.sources.checklist import STATUSES, ChecklistTask, checklist_tasks
from gitcoord.tasks.write_back.splices import DONE, NewStatus, Splice


def checkbox_splices(text: str, wanted: Mapping[str, NewStatus]) -> list[Splice]:
    """Returns the splices that tick or clear the boxes of `wanted`."""
    starts = [0, *(end.end() for end in LINE_END.finditer(text))]
    left, splices = dict(wanted), []
    for task in _all(checklist_tasks(read_checklist(text), Findings(""))):
        new_status = left.pop(task.id, None)
        if new_status is None or STATUSES.get(task.box.mark) == new_status:
            continue
        # Only marks of lists and quotations precede a checkbox, and none of these is a bracket.
        mark = text.index("[", starts[task.box.line]) + 1
        splices.append(Splice(mark, mark + 1, "x" if new_status == DONE else " "))
    return splices


def _all(tasks: list[ChecklistTask]) -> Iterator[ChecklistTask]:
    for task in tasks:
        yield task
        yield from _all(task.parts)
