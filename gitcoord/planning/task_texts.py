"""The texts of tasks for workers, saved beside the plan: a worker's machine may not have the task list."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.tasks.model import Subtask, Task, TaskId

MOST_EACH = 32_000
"""The most characters of one task with its subtasks; if it has more, its longest texts are cut."""
MOST_OF_ALL = 4_000_000
CUT = "\n… (cut here: the task list has the whole text)"


class SubtaskTexts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of a subtask."""

    id: TaskId
    title: str
    description: str = ""
    details: str = ""
    test_strategy: str = ""


class TaskTexts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of a task. `cut`: some were too long and were shortened."""

    title: str
    description: str = ""
    details: str = ""
    test_strategy: str = ""
    subtasks: tuple[SubtaskTexts, ...] = ()
    cut: bool = False

    def task(self, id: TaskId) -> Task:
        """Makes a task that has only these texts."""
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
    """Collects the texts of `tasks`, limited for each task and in total."""
    entries = list(tasks)
    whole = {task.id: _texts(task, MOST_EACH) for task in entries}
    sizes = [_size(texts) for texts in whole.values()]
    if sum(sizes) <= MOST_OF_ALL:
        return whole
    each = _fair_share(sizes, MOST_OF_ALL)
    return {task.id: _texts(task, each) for task in entries}


def texts_digest(texts: Texts) -> str:
    """A digest of all texts, for the plan; empty if there are none."""
    import hashlib

    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:16] if texts else ""


def _texts(task: Task, most: int) -> TaskTexts:
    whole = task.title + task.description + task.details + task.test_strategy
    of_parts = "".join(p.title + p.description + p.details + p.test_strategy for p in task.subtasks)
    if len(whole) + len(of_parts) <= most and whole.isascii() and of_parts.isascii():
        # The usual case: a list may have a hundred thousand tasks.
        return TaskTexts(
            title=task.title,
            description=task.description,
            details=task.details,
            test_strategy=task.test_strategy,
            subtasks=tuple(
                SubtaskTexts(
                    id=part.id,
                    title=part.title,
                    description=part.description,
                    details=part.details,
                    test_strategy=part.test_strategy,
                )
                for part in task.subtasks
            ),
        )
    parts = [_words(part) for part in task.subtasks]
    # The worker of a subtask needs all of its texts, but only the beginning of the whole task's.
    lengths = [len(text) for words in parts for text in words.values()]
    beginning = 0 if sum(lengths) <= most else min(len(whole), most // 10)
    share = _fair_share(lengths, most - beginning)
    kept = [{name: _shortened(text, share) for name, text in words.items()} for words in parts]
    left = most - sum(min(len(text), share) for words in parts for text in words.values())
    own = _words(task)
    rest = _fair_share([len(text) for text in own.values()], left)
    return TaskTexts(
        **{name: _shortened(text, rest) for name, text in own.items()},
        subtasks=tuple(
            SubtaskTexts(id=part.id, **words) for part, words in zip(task.subtasks, kept, strict=True)
        ),
        cut=any(len(text) > share for words in parts for text in words.values())
        or any(len(text) > rest for text in own.values()),
    )


def _words(entry: Task | Subtask) -> dict[str, str]:
    # A lone surrogate, which JSON may contain, cannot be written.
    words = {
        "title": entry.title,
        "description": entry.description,
        "details": entry.details,
        "test_strategy": entry.test_strategy,
    }
    return {name: text.encode("utf-8", "replace").decode() for name, text in words.items()}


def _fair_share(lengths: Iterable[int], most: int) -> int:
    """The length to which texts have to be cut to have at most `most` characters in total.

    Cuts only the longest: https://en.wikipedia.org/wiki/Max-min_fairness.
    """
    ordered = sorted(lengths)
    left = most
    for place, length in enumerate(ordered):
        texts = len(ordered) - place
        if length * texts > left:
            return left // texts
        left -= length
    return most


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}{CUT}" if most > 0 else ""


def _size(texts: TaskTexts) -> int:
    entries: list[TaskTexts | SubtaskTexts] = [texts, *texts.subtasks]
    return sum(
        len(one.title) + len(one.description) + len(one.details) + len(one.test_strategy) for one in entries
    )
