"""The words of tasks as a worker needs them, kept beside the plan: its machine may not have the task list."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.tasks.model import Subtask, Task, TaskId

MOST_EACH = 32_000
"""Characters of one task with its subtasks; longer texts are cut at the end."""
MOST_OF_ALL = 4_000_000
CUT = "\n… (cut here: the task list has the whole text)"


class SubtaskTexts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words of a subtask."""

    id: TaskId
    title: str
    description: str = ""
    details: str = ""
    test_strategy: str = ""


class TaskTexts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words of a task. `cut`: some of them were too long to be kept whole."""

    title: str
    description: str = ""
    details: str = ""
    test_strategy: str = ""
    subtasks: tuple[SubtaskTexts, ...] = ()
    cut: bool = False

    def task(self, id: TaskId) -> Task:
        """The task with these words, and nothing else of it."""
        return Task(
            id=id,
            title=self.title,
            description=self.description,
            details=self.details,
            test_strategy=self.test_strategy,
            subtasks=tuple(
                Subtask(
                    id=part.id,
                    title=part.title,
                    description=part.description,
                    details=part.details,
                    test_strategy=part.test_strategy,
                )
                for part in self.subtasks
            ),
        )


Texts = Mapping[TaskId, TaskTexts]


def task_texts(tasks: Iterable[Task]) -> dict[TaskId, TaskTexts]:
    """The words of `tasks`, within bounds: for each, and less for each where they are very many."""
    entries = list(tasks)
    whole = {task.id: _texts(task, MOST_EACH) for task in entries}
    if sum(map(_size, whole.values())) <= MOST_OF_ALL:
        return whole
    each = MOST_OF_ALL // len(entries)
    return {task.id: _texts(task, each) for task in entries}


def texts_digest(texts: Texts) -> str:
    """A digest of all words, for the plan; empty where there are none."""
    import hashlib

    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:16] if texts else ""


def _texts(task: Task, most: int) -> TaskTexts:
    whole = task.title + task.description + task.details + task.test_strategy
    if not task.subtasks and len(whole) <= most and whole.isascii():
        # Most tasks: a list may have a hundred thousand of them.
        return TaskTexts(
            title=task.title,
            description=task.description,
            details=task.details,
            test_strategy=task.test_strategy,
        )
    left = _CharacterBudget(most)
    return TaskTexts(
        title=left.take(task.title),
        # Whoever does a subtask needs all of its words, and of the whole task only the beginning.
        subtasks=tuple(
            SubtaskTexts(
                id=part.id,
                title=left.take(part.title),
                details=left.take(part.details),
                description=left.take(part.description),
                test_strategy=left.take(part.test_strategy),
            )
            for part in task.subtasks
        ),
        details=left.take(task.details),
        description=left.take(task.description),
        test_strategy=left.take(task.test_strategy),
        cut=left.cut,
    )


class _CharacterBudget:
    """How many characters may still be kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.cut = False

    def take(self, text: str) -> str:
        # Half of a surrogate pair, which JSON may hold, cannot be written.
        text = text.encode("utf-8", "replace").decode() if not text.isascii() else text
        if len(text) <= self._most:
            self._most -= len(text)
            return text
        kept, self._most, self.cut = text[: self._most], 0, True
        return f"{kept}{CUT}" if kept else ""


def _size(texts: TaskTexts) -> int:
    entries: list[TaskTexts | SubtaskTexts] = [texts, *texts.subtasks]
    return sum(
        len(one.title) + len(one.description) + len(one.details) + len(one.test_strategy) for one in entries
    )
