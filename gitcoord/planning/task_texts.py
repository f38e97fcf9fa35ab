"""The texts of tasks for workers, saved beside the plan: a worker's machine may not have the task list."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.tasks.model import Subtask, Task, TaskId

MOST_EACH = 32_000
"""The maximum length of one task with its subtasks, in characters: beyond it, the longest texts are cut."""
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
    sizes = [_size(task) for task in entries]
    each = MOST_EACH if sum(sizes) <= MOST_OF_ALL else min(MOST_EACH, _fair_share(sizes, MOST_OF_ALL))
    return {task.id: _texts(task, each) for task in entries}


def texts_digest(texts: Texts) -> str:
    """A digest of all texts, for the plan; empty if there are none."""
    import hashlib

    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:16] if texts else ""


def _texts(task: Task, most: int) -> TaskTexts:
    own, parts = _words(task), [_words(part) for part in task.subtasks]
    if not parts:
        return _without_subtasks(own, most)
    lengths = [len(text) for words in parts for text in words]
    whole, share, rest = sum(map(len, own)), most, most
    if whole + sum(lengths) > most:
        # The worker of a subtask needs all of its texts, but only the beginning of the whole task's.
        beginning = 0 if sum(lengths) <= most else min(whole, most // 10)
        share = _fair_share(lengths, most - beginning)
        rest = _fair_share(map(len, own), most - sum([min(length, share) for length in lengths]))
    title, description, details, test_strategy = _shortened(own, rest)
    return TaskTexts(
        title=title,
        description=description,
        details=details,
        test_strategy=test_strategy,
        subtasks=tuple(
            [
                _part(part.id, *_shortened(words, share))
                for part, words in zip(task.subtasks, parts, strict=True)
            ]
        ),
        cut=max(map(len, own)) > rest or max(lengths, default=0) > share,
    )


def _without_subtasks(own: tuple[str, str, str, str], most: int) -> TaskTexts:
    title, description, details, test_strategy = own
    lengths = [len(title), len(description), len(details), len(test_strategy)]
    cut = sum(lengths) > most
    if cut:
        title, description, details, test_strategy = _shortened(own, _fair_share(lengths, most))
    return TaskTexts(
        title=title, description=description, details=details, test_strategy=test_strategy, cut=cut
    )


def _part(id: TaskId, title: str, description: str, details: str, test_strategy: str) -> SubtaskTexts:
    return SubtaskTexts(
        id=id, title=title, description=description, details=details, test_strategy=test_strategy
    )


def _words(entry: Task | Subtask) -> tuple[str, str, str, str]:
    words = (entry.title, entry.description, entry.details, entry.test_strategy)
    if all(map(str.isascii, words)):
        return words
    title, description, details, test_strategy = map(_writable, words)
    return title, description, details, test_strategy


def _writable(text: str) -> str:
    """Returns `text` without lone surrogates, which JSON may contain and which cannot be written."""
    return text.encode("utf-8", "replace").decode()


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


def _shortened(words: Iterable[str], most: int) -> list[str]:
    return [text if len(text) <= most else f"{text[:most]}{CUT}" if most > 0 else "" for text in words]


def _size(task: Task) -> int:
    """The size of the task's texts, limited for each task; a lone surrogate is replaced by one character."""
    entries: tuple[Task | Subtask, ...] = (task, *task.subtasks) if task.subtasks else (task,)
    size = 0
    for one in entries:
        size += len(one.title) + len(one.description) + len(one.details) + len(one.test_strategy)
    return min(size, MOST_EACH)
