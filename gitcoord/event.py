"""The base of all events: what each of them knows."""

from typing import Literal

import msgspec

from gitcoord.task_identity import TaskIdentity


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What every event knows. `at` is UTC in ISO 8601, `by` the worker or person, `task` a task's id.

    `identity` is which task that is, where the journal has not said so yet.
    """

    at: str
    by: str
    task: str | None = None
    identity: TaskIdentity | None = None

    def sentence(self) -> str:
        """The event in words, for commit subjects and the log."""
        raise NotImplementedError


CheckOutcome = Literal["passed", "failed", "unclear"]
"""How a check came out; `unclear`: it could not be run to its end, which says nothing of the work."""
