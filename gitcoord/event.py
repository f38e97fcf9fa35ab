"""The base class of all events."""

from typing import Literal

import msgspec

from gitcoord.task_identity import TaskIdentity


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """The fields of every event. `at` is UTC in ISO 8601, `by` the worker or person, `task` a task's id.

    `identity` says which task that is, if the journal does not have it yet.
    """

    at: str
    by: str
    task: str | None = None
    identity: TaskIdentity | None = None

    def sentence(self) -> str:
        """Returns the event as a sentence, for commit subjects and the log."""
        raise NotImplementedError


CheckOutcome = Literal["passed", "failed", "unclear"]
"""The outcome of a check; `unclear`: it did not run to its end, which says nothing about the work."""
