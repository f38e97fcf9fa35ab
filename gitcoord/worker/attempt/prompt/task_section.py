"""The task in a prompt: its own text; for a subtask also its siblings and the whole task."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from gitcoord.tasks.model import Subtask, Task, TaskId
from gitcoord.worker.unit import WorkUnit

_MOST_SIBLINGS = 40
_CONTEXT = 3000
"""The maximum number of characters of the whole task's text in a subtask's prompt."""


SiblingState = Literal["done", "at work", "to come"]


class Sibling(msgspec.Struct, frozen=True, kw_only=True):
    """Another subtask of the same task; `modifies` are the globs that it is expected to change."""

    id: TaskId
    title: str
    state: SiblingState
    modifies: tuple[str, ...] = ()


def own_work(unit: WorkUnit, task: Task | None) -> list[str]:
    """The work to do, in the words of the list, and the files that it is expected to change."""
    only = []
    if unit.subtask is not None:
        whole = f"task {unit.task.id} ({' '.join(unit.task.title.split())})"
        only = [f"Do only this part of {whole}. Other agents do the other parts, on branches of their own."]
    entry = _entry(unit, task)
    words = _words(entry) if entry is not None else []
    return [*only, *(text for both in words for text in both), *_where(unit)]


def siblings_section(unit: WorkUnit, siblings: Sequence[Sibling]) -> list[str]:
    """The other subtasks of the task, by state."""
    if not siblings:
        return []
    headings: dict[SiblingState, str] = {
        "done": "Done, and in your working copy:",
        "at work": "Other agents are working on these now. Do not do their work, and do not wait for it:",
        "to come": "Not done yet. Other agents do these; leave them alone:",
    }
    texts = [f"## The other parts of task {unit.task.id}"]
    for state, heading in headings.items():
        lines = [_sibling(one) for one in siblings if one.state == state]
        more = len(lines) - _MOST_SIBLINGS
        lines[_MOST_SIBLINGS:] = [f"- and {more} more"] if more > 0 else []
        texts += [heading + "\n\n" + "\n".join(lines)] if lines else []
    return texts


def whole_task(unit: WorkUnit, task: Task | None) -> list[str]:
    """The shortened text of the whole task, as context for a subtask."""
    if task is None or unit.subtask is None or not (task.description or task.details or task.test_strategy):
        return []
    left, texts = _CONTEXT, []
    for heading, text in _words(task):
        if kept := shortened(text, left):
            texts += [heading, kept]
        left = max(0, left - len(text))
    first = f"## The whole task {task.id}: {' '.join(task.title.split())}"
    return [first, "This is only to help you understand your part.", *texts]


def shortened(text: str, most: int) -> str:
    """Cuts `text` after at most `most` characters, at the end of a line or word; empty if no word fits.

    Closes a code block that was cut, and adds a note.
    """
    text = text.strip()
    if len(text) <= most:
        return text
    kept = text[:most].rpartition("\n" if "\n" in text[most // 2 : most] else " ")[0].rstrip()
    if not kept:
        return ""
    fences = sum(line.lstrip().startswith("```") for line in kept.splitlines())
    return f"{kept}{chr(10) + '```' if fences % 2 else ''}\n\n… (shortened)"


def _entry(unit: WorkUnit, task: Task | None) -> Task | Subtask | None:
    if task is None or unit.subtask is None:
        return task
    return next((part for part in task.subtasks if part.id == unit.id), None)


def _words(entry: Task | Subtask) -> list[tuple[str, str]]:
    """The texts of the entry in the list, each with its heading."""
    texts = [
        ("", entry.description),
        ("### Details", entry.details),
        ("### How it is tested", entry.test_strategy),
    ]
    return [(heading, text) for heading, text in texts if text.strip()]


def _where(unit: WorkUnit) -> list[str]:
    part = unit.subtask
    if part is not None and part.modifies:
        return ["### Where", f"This part is expected to change only {_globs(part.modifies)}. {_ELSEWHERE}"]
    if not unit.task.modifies:
        return []
    whose = "The task" if part is None else f"All of task {unit.task.id}"
    return ["### Where", f"{whose} is expected to change only {_globs(unit.task.modifies)}. {_ELSEWHERE}"]


_ELSEWHERE = "Change other files only if you have to."


def _globs(globs: Iterable[str]) -> str:
    return ", ".join(f"`{glob}`" for glob in globs)


def _sibling(one: Sibling) -> str:
    where = f" ({_globs(one.modifies)})" if one.modifies else ""
    return f"- {one.id}: {' '.join(one.title.split())}{where}"
