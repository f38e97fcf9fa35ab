"""The values of foresight: files and changes of a repository, and the texts of tasks."""

import msgspec

from gitcoord.tasks.model import TaskId


class TrackedFile(msgspec.Struct, frozen=True):
    """A file of the tree."""

    path: str
    oid: str


class RawChange(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the base's first-parent line, as git prints it. `renames`: pairs of old and new path."""

    commit: str
    parent: str
    author: str
    message: str
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class MinedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the base's first-parent line: terms and scope of its message, paths that it changed."""

    commit: str
    terms: dict[str, int]
    scope: str
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class KnownChange(msgspec.Struct, frozen=True):
    """A change in the index: its number, size and scope of its message, and the paths that it changed.

    `length` is the number of terms in the message; `spread` counts a repeated term only twice.
    """

    number: int
    length: int
    spread: int
    scope: str
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


class TaskText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a task, and the files that it declares (`modifies`: globs)."""

    id: TaskId
    title: str
    body: str = ""
    modifies: tuple[str, ...] = ()
