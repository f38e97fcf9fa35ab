"""Appends events to the record of a task, which is a ref of its own in the journal."""

from collections.abc import Sequence

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.planning.model import Plan
from gitcoord.state.journal import write_entry
from gitcoord.state.journal_reader import JournalReader
from gitcoord.state.saved_plan import foreign, newer
from gitcoord.state.task_history import PENDING, Progress, replay
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import TaskId


def recorded_progress(reader: JournalReader, ref: str, tip: Oid | None, task: TaskId) -> Progress:
    """Returns the progress of `task` according to its record, whose newest commit is `tip`.

    Raises `foreign-state` if gitcoord did not write the record, `newer-state` if a newer version wrote it.
    """
    events: list[AnyEvent] = []
    if tip is not None:
        entries = reader.read_one(tip)
        events = [entry.event for entry in entries if entry.event is not None]
        if any(entry.newer for entry in entries):
            raise newer(ref)
        if not events or len(events) < len(entries):
            raise foreign(ref, tip)
    return replay(events).get(task, PENDING)


def append(
    repository: Repository,
    reader: JournalReader,
    tip: Oid | None,
    events: Sequence[AnyEvent],
    identity: TaskIdentity | None,
) -> Oid | None:
    """Writes `events` on top of `tip`, the first one with the task's identity; moves no ref."""
    for number, event in enumerate(events):
        first = number == 0 and identity is not None
        named = msgspec.structs.replace(event, identity=identity) if first else event
        document = write_entry(repository, named, tip)
        reader.remember(document)
        tip = document.commit
    return tip


class PlannedIdentities:
    """The identities of a plan's tasks, computed once for each plan."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._known: dict[TaskId, TaskIdentity] = {}

    def of(self, plan: Plan, task: TaskId) -> TaskIdentity | None:
        """Returns the identity of `task`, or None if the plan does not contain it."""
        if self._plan is not plan:
            self._plan, self._known = plan, plan.identities()
        return self._known.get(task)
