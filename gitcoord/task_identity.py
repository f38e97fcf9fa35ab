"""Which task an id is: kept with plan and journal, because ids come back in other task lists."""

import msgspec


class TaskIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A task's title, and a digest of title and details (empty: not known)."""

    title: str
    digest: str = ""
