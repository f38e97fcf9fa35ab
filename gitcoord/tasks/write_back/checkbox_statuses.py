"""Finds the checkboxes of a Markdown list in its text."""

from collections.abc import Iterator, Mapping

from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.sources.checkboxes import LINE_END, read_checklist
from gitcoord.tasks.sources.checklist import STATUSES, ChecklistTask, checklist_tasks
from gitcoord.tasks.write_back.splices import DONE, Splice, Wish


def checkbox_splices(text: str, wishes: Mapping[str, Wish]) -> list[Splice]:
    """Returns the splices that tick or clear the boxes of `wishes`."""
    starts = [0, *(end.end() for end in LINE_END.finditer(text))]
    left, splices = dict(wishes), []
    for task in _all(checklist_tasks(read_checklist(text), Findings(""))):
        wish = left.pop(task.id, None)
        if wish is None or STATUSES.get(task.box.mark) == wish:
            continue
        # Only marks of lists and quotations precede a checkbox, and none of these is a bracket.
        mark = text.index("[", starts[task.box.line]) + 1
        splices.append(Splice(mark, mark + 1, "x" if wish == DONE else " "))
    return splices


def _all(tasks: list[ChecklistTask]) -> Iterator[ChecklistTask]:
    for task in tasks:
        yield task
        yield from _all(task.parts)
