"""The identity of a task, stored with plan and journal, because another task list may use the same id."""

import msgspec


class TaskIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A task's title, and a digest of title and details (empty: not known)."""

    title: str
    digest: str = ""
