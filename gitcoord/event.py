"""The base of all events: what each of them knows."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What every event knows. `at` is UTC in ISO 8601, `by` the worker or person, `task` a task's id."""

    at: str
    by: str
    task: str | None = None

    def sentence(self) -> str:
        """The event in words, for commit subjects and the log."""
        raise NotImplementedError
