"""Reads Markdown checklists: plain ones, and `tasks.md` of Spec-Kit, Kiro and OpenSpec.

One reader serves all, since the ids show the format: `T001`, `1.1`, or none (then positions are the ids).
Only explicit dependencies count, and Spec-Kit's order: a task without `[P]` waits for the tasks before it,
adjacent tasks with `[P]` run in parallel, and a section waits for the previous one. Sources:
https://github.com/github/spec-kit (templates/tasks-template.md, templates/commands/implement.md),
https://kiro.dev/docs/specs, https://github.com/Fission-AI/OpenSpec.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from gitcoord.tasks.coercion import listed, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.sources.checkboxes import Checkbox, Checklist, Heading, read_checklist
from gitcoord.tasks.sources.task_notes import Notes, read_body_notes, read_title_notes

_SPEC_KIT_ID = re.compile(r"T-?\d+[a-z]?(?:\.\d+)*")
_ID = re.compile(
    r"[*_`~]*(?P<id>T-?\d+[a-z]?(?:\.\d+)*|\d+(?:\.\d+)+|\d+(?=[.):])|[A-Z]+-\d+(?=[*_`]*:))"
    r"[*_`~]*[.):]*[*_`~]*(?:\s+|$)"
)
_LABEL = re.compile(r"[*`]*\[(?P<label>[^\[\]]{1,30})\][*`]*(?!\()\s*")
STATUSES: Final[Mapping[str, str]] = {
    " ": "pending",
    "x": "done",
    "X": "done",
    # Kiro: in progress and queued. Obsidian and others: half done.
    "-": "in-progress",
    "/": "in-progress",
    "~": "pending",
}
"""The meaning of the marks in checkboxes."""
_PARALLEL = "P"
_LONGEST_TITLE = 120
_ORDERED_SECTION = re.compile(r"phase\b", re.IGNORECASE)


class ChecklistTask(msgspec.Struct, kw_only=True):
    """A checkbox that is a task. `id` is the full id, `words` the title without id, labels and notes."""

    id: str
    box: Checkbox
    labels: tuple[str, ...]
    words: str
    notes: Notes
    body: str = ""
    parts: list["ChecklistTask"] = []


class _TitleStart(msgspec.Struct, frozen=True):
    """A title in parts: an id (empty: none), labels in brackets, and the remaining words."""

    id: str
    labels: tuple[str, ...]
    words: str


def read_checklist_tasks(document: str, findings: Findings) -> list[dict[str, Any]]:
    """Returns the raw tasks of a Markdown document."""
    checklist = read_checklist(document)
    tasks = checklist_tasks(checklist, findings)
    every = list(_all(tasks))
    ids = [task.id for task in every]
    for task in every:
        task.body = _body(task, every, checklist)
        _read_notes(task, ids, findings)
    ordered = any(_SPEC_KIT_ID.fullmatch(task.id) or _PARALLEL in task.labels for task in tasks)
    waits = _in_order(tasks, checklist.headings) if ordered else {}
    raw = [_raw(task, waits) for task in tasks]
    _tell_optional(every, findings)
    _tell_unread_sections(checklist, ids, findings)
    if not ordered:
        _tell_independent(every, findings)
    return raw


def checklist_tasks(checklist: Checklist, findings: Findings) -> list[ChecklistTask]:
    """Returns the tasks of a checklist, parts below their task; does not read their notes."""
    boxes = list(_all_boxes(checklist.boxes))
    names = {id(box): _names(box.text) for box in boxes}
    with_id = [name.id for name in names.values() if name.id]
    # A number before only one of many titles (`0.0.0.0 means any address`) is part of that title.
    if len(set(with_id)) < 2 and 2 * len(with_id) < len(boxes):
        if with_id:
            names = {id(box): _TitleStart("", (), box.text) for box in boxes}
        numbers = [box.number for box in checklist.boxes]
        own = all(numbers) and len(set(numbers)) == len(numbers)
        return _by_place(checklist.boxes, names, "", numbers if own else [])
    tasks: list[ChecklistTask] = []
    by_id: dict[str, ChecklistTask] = {}
    outside = [box for box in checklist.boxes if not names[id(box)].id]
    if outside:
        findings.warn(
            "unnumbered",
            f"{_count(len(outside), 'checkbox', 'checkboxes')} of {findings.source} "
            f"{'has' if len(outside) == 1 else 'have'} no id, although others have one; gitcoord does not "
            f"read {'it' if len(outside) == 1 else 'them'} (line "
            f"{listed(str(box.line + 1) for box in outside)}).",
        )
    for box in boxes:
        name = names[id(box)]
        if not name.id:
            continue
        task = ChecklistTask(
            id=name.id, box=box, labels=name.labels, words=name.words, notes=Notes(), parts=[]
        )
        above = _above(name.id, by_id)
        (above.parts if above is not None else tasks).append(task)
        by_id.setdefault(name.id, task)
    return tasks


def _by_place(
    boxes: list[Checkbox], names: Mapping[int, _TitleStart], above: str, numbers: list[str]
) -> list[ChecklistTask]:
    return [
        ChecklistTask(
            id=f"{above}{number}",
            box=box,
            labels=names[id(box)].labels,
            words=names[id(box)].words,
            notes=Notes(),
            parts=_by_place(box.below, names, f"{above}{number}.", []),
        )
        for number, box in zip(numbers or map(str, range(1, len(boxes) + 1)), boxes, strict=True)
    ]


def _names(text: str) -> _TitleStart:
    found, labels, rest = "", [], text
    while True:
        label = _LABEL.match(rest)
        if label is not None:
            named = _ID.fullmatch(label["label"])
            if named is not None and not found:
                found = named["id"]
            else:
                labels.append(label["label"].strip())
            rest = rest[label.end() :]
            continue
        named = None if found else _ID.match(rest)
        if named is None:
            return _TitleStart(found, tuple(labels), rest)
        found, rest = named["id"], rest[named.end() :]


def _above(id: str, by_id: Mapping[str, ChecklistTask]) -> ChecklistTask | None:
    """Returns the task of which `1.2.3` is a part: `1.2`, else `1`, else None."""
    while "." in id:
        id = id.rpartition(".")[0]
        if id in by_id:
            return by_id[id]
    return None


def _read_notes(task: ChecklistTask, ids: list[str], findings: Findings) -> None:
    about = TaskId(task.id)
    title, words = read_title_notes(task.words, ids, about, findings)
    body = read_body_notes(task.body, ids, about, findings)
    task.words, task.notes = words, title.with_(body)


def _in_order(tasks: list[ChecklistTask], headings: list[Heading]) -> dict[str, list[str]]:
    """Returns the tasks that each task waits for because of its position."""
    deepest = next((one.level for one in headings if _ORDERED_SECTION.match(one.text)), 0)
    waits: dict[str, list[str]] = {}
    before: list[str] = []
    now: list[str] = []
    together, section = False, -1
    for task in tasks:
        here = max((one.line for one in task.box.headings if one.level <= deepest), default=-1)
        parallel = _PARALLEL in task.labels
        if not (parallel and together and here == section):
            before, now = now, []
        now.append(task.id)
        waits[task.id] = before
        together, section = parallel, here
    return waits


def _raw(task: ChecklistTask, waits: Mapping[str, list[str]]) -> dict[str, Any]:
    title, body = task.words, task.body
    if len(title) > _LONGEST_TITLE:
        body = f"{title}\n\n{body}".strip()
        title = textwrap.shorten(title, _LONGEST_TITLE, placeholder=" …")
    raw: dict[str, Any] = {
        "id": task.id,
        "title": title,
        "status": STATUSES.get(task.box.mark, f"[{task.box.mark}]"),
        "description": " / ".join(heading.text for heading in task.box.headings if heading.level > 1),
        "details": body,
        "dependencies": list(dict.fromkeys((*waits.get(task.id, ()), *task.notes.depends_on))),
    }
    if task.notes.modifies:
        raw["modifies"] = list(task.notes.modifies)
    if task.notes.conflicts_with:
        raw["conflicts_with"] = list(task.notes.conflicts_with)
    if task.notes.estimate is not None:
        raw["estimate"] = task.notes.estimate
    if task.parts:
        raw["subtasks"] = [_raw(part, {}) for part in task.parts]
    return raw


def _body(task: ChecklistTask, tasks: list[ChecklistTask], checklist: Checklist) -> str:
    """Returns the lines below the title, without those of other tasks."""
    box = task.box
    inside = [one.box for one in tasks if box.below_line <= one.box.line < box.end]
    taken = {line for one in inside for line in range(one.line, one.end)}
    lines = [checklist.lines[line] for line in range(box.below_line, box.end) if line not in taken]
    return textwrap.dedent("\n".join(lines)).strip("\n").rstrip()


def _tell_optional(tasks: list[ChecklistTask], findings: Findings) -> None:
    for task in tasks:
        if task.box.starred and task.box.mark == " ":
            findings.gather(
                "optional-task", "`*` says that it is optional; gitcoord plans it", TaskId(task.id)
            )


def _tell_unread_sections(checklist: Checklist, ids: list[str], findings: Findings) -> None:
    """Warns about a section on dependencies: gitcoord does not interpret prose."""
    known = {id for id in ids if not id.isdigit()}
    starts = [heading.line for heading in checklist.headings] + [len(checklist.lines)]
    holding = {task.line for task in _all_boxes(checklist.boxes)}
    for place, heading in enumerate(checklist.headings):
        if "depend" not in heading.text.lower() or any(
            heading.line < line < starts[place + 1] for line in holding
        ):
            continue
        end = next(
            (one.line for one in checklist.headings[place + 1 :] if one.level <= heading.level), starts[-1]
        )
        text = "\n".join(checklist.lines[heading.line : end])
        named = [word for word in dict.fromkeys(re.findall(r"[\w.-]+\w", text)) if word in known]
        if named:
            findings.warn(
                "unread-section",
                f"{findings.source} has a section {quoted(heading.text)} (line {heading.line + 1}) that "
                f"names {listed(named, 3)}; gitcoord reads dependencies at the tasks only.",
            )


def _tell_independent(tasks: list[ChecklistTask], findings: Findings) -> None:
    left = [task for task in tasks if task.box.mark not in "xX" and not task.parts]
    if len(left) > 1 and not any(task.notes.depends_on for task in tasks):
        findings.warn(
            "no-dependencies",
            f"{findings.source} names no dependency of any of its {len(left)} tasks, so all of them can "
            f"start at once. Where that is wrong, write `(depends on: {left[0].id})` after a title, or set "
            "`in-order = true` under [tasks]: then each task waits for the one before it.",
        )


def _all(tasks: list[ChecklistTask]) -> Iterator[ChecklistTask]:
    for task in tasks:
        yield task
        yield from _all(task.parts)


def _all_boxes(boxes: list[Checkbox]) -> Iterator[Checkbox]:
    for box in boxes:
        yield box
        yield from _all_boxes(box.below)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
