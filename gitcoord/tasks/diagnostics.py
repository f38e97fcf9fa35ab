"""Collects the problems of a task list: errors, which make the list unusable, and warnings."""

from collections.abc import Mapping

from gitcoord.error_codes import ErrorCode
from gitcoord.errors import Exit, GitcoordError
from gitcoord.tasks.coercion import listed
from gitcoord.tasks.model import Finding, TaskId

_SHOWN = 3

_HINTS: Mapping[ErrorCode, str] = {
    "cycle": "Remove one of the dependencies in the cycle.",
    "subtask-deadlock": "A task lands as a whole, so its subtasks cannot wait for work that waits for the "
    "task. Remove one of the dependencies, or make the subtask a task of its own.",
    "dangling-dependency": "Remove the dependency, or add the task that it names to this list (ids count "
    "within one tag).",
    "self-dependency": "Remove the dependency.",
    "duplicate-id": "Give each of them its own id, and check the dependencies that name the shared one.",
    "depends-on-alias": "Rename the field to `dependencies`; TaskMaster and gitcoord read no other name.",
    "unusable-id": "An id becomes part of branch names: letters, digits, `_`, `-` and single dots, "
    "at most 100 characters, beginning with a letter, a digit or `_`.",
}


class Findings:
    """Collects the problems of one task list. `source` is the name of the list in messages."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.errors: list[Finding] = []
        self._first: ErrorCode | None = None
        self.warnings: list[Finding] = []
        self._gathered: dict[tuple[str, str], list[TaskId]] = {}

    def warn(self, code: str, message: str, task: TaskId | None = None) -> None:
        """Adds a warning about a problem that does not stop reading."""
        self.warnings.append(Finding(code=code, message=message, task=task))

    def fault(self, code: ErrorCode, message: str, task: TaskId | None, *, blocks: bool = True) -> None:
        """Adds an error of `task`; without `blocks` only a warning, because no remaining task is affected."""
        if blocks:
            self._first = self._first or code
            self.errors.append(Finding(code=code, message=message, task=task))
        else:
            self.warn(code, message, task)

    def gather(self, code: str, message: str, task: TaskId) -> None:
        """Collects a harmless problem of many tasks for one common warning; see `flush`."""
        self._gathered.setdefault((code, message), []).append(task)

    def flush(self) -> None:
        """Adds the collected problems to the warnings, each with its tasks."""
        for (code, message), tasks in self._gathered.items():
            only = tasks[0] if len(tasks) == 1 else None
            word = "task" if only else "tasks"
            self.warn(code, f"{message} ({word} {listed(tasks)}).", only)
        self._gathered.clear()

    def raise_errors(self) -> None:
        """Raises one error that has the first few errors in its text and all in its data.

        Does nothing without errors.
        """
        if self._first is None:
            return
        raise GitcoordError(
            self._first,
            self._message(),
            hint=_HINTS.get(self._first, ""),
            exit=Exit.USAGE,
            findings=self.errors,
        )

    def _message(self) -> str:
        if len(self.errors) == 1:
            return f"{self.source}: {self.errors[0].message}"
        told = "".join(f"\n- {error.message}" for error in self.errors[:_SHOWN])
        left = len(self.errors) - _SHOWN
        more = f"\n- and {left} more (`--json` lists them all)" if left > 0 else ""
        return f"{self.source} has {len(self.errors)} errors:{told}{more}"
