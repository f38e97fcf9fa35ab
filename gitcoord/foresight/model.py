"""The values of foresight: what history and tree hold, what tasks say, and what is foretold of them."""

import msgspec

from gitcoord.tasks.model import TaskId


class TrackedFile(msgspec.Struct, frozen=True):
    """A file of the tree that predictions are about."""

    path: str
    oid: str


class RawChange(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the base's own line as git tells it. `renames` are pairs of former and new path."""

    commit: str
    parent: str
    author: str
    message: str
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class MinedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the base's own line: its message as terms, and the paths that it changed."""

    commit: str
    terms: dict[str, int]
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class KnownChange(msgspec.Struct, frozen=True):
    """A change in the index: its number there, what its message weighs, and the paths that it changed.

    `length` counts every term, `spread` each term once, or twice where it occurs again.
    """

    number: int
    length: int
    spread: int
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class TaskText(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a task, and what it says about the files that it changes (`modifies`: globs)."""

    id: TaskId
    title: str
    body: str = ""
    modifies: tuple[str, ...] = ()
