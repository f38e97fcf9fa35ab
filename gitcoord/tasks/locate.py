"""Finds the file of a task list, and the files beside it in `.taskmaster`. Writes nothing."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.tasks.sources.kinds import (
    BACKLOG,
    GITHUB,
    STDIN,
    TASKMASTER,
    ListPlace,
    Origin,
    find_lists,
    in_folder,
    kind_of,
    parse_origin,
    usual_places,
)
from gitcoord.text_lists import some

PLACES = tuple(map(Path, usual_places(TASKMASTER)))


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A task list. `content` is empty if the list is a directory.

    `name` is its name in messages, `home` its `.taskmaster`, if any, `path` its path (None: standard input).
    """

    name: str
    content: bytes
    home: Path | None = None
    kind: str = TASKMASTER
    path: Path | None = None


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The list to read: the first field that is set, in this order.

    `origin` (`KIND[:PATH]`) or `tasks` (a path); `kept` (a path below the top, which must exist, or issues);
    `usual`, from the settings. `read_issues` asks GitHub for the issues that a filter names.
    """

    tasks: str | None = None
    origin: str | None = None
    kept: str = ""
    usual: str = ""
    read_issues: Callable[[str], bytes] | None = None


def read_source(root: Path | None, request: ListRequest) -> Source | list[ListPlace]:
    """Returns the requested list, else the one in the usual places of `root`.

    Returns all lists that are there if it is not clear which one is meant. Raises `usage`, `no-task-list` or
    `unreadable-task-list`.
    """
    if request.origin is not None or request.tasks is not None:
        origin = _asked(request)
        return _issues(origin, request) if origin.kind == GITHUB else _at_origin(root, origin, Path())
    if root is None:
        raise usage_error(
            "no-task-list",
            "There is no checkout of a git repository here to find a task list in.",
            "Change to the project's checkout (`git init` begins one), or name a list: `--tasks PATH`.",
        )
    if request.kept.startswith(f"{GITHUB}:"):
        return _issues(parse_origin(request.kept), request)
    # Everybody can write a plan: only its paths below the repository's top are accepted.
    kept = root / request.kept
    if request.kept and kept.exists() and kept.resolve().is_relative_to(root.resolve()):
        usual = _parsed(request.usual)
        same = usual is not None and usual.path and in_folder(usual.kind, root / usual.path) == kept
        told = usual.kind if usual and same else BACKLOG if kept.is_dir() else kind_of(kept)
        return source_at(root, ListPlace(told, kept))
    usual = _parsed(request.usual)
    if usual is not None:
        return _issues(usual, request) if usual.kind == GITHUB else _at_origin(root, usual, root)
    for place in PLACES:
        if (root / place).exists() or (root / place).is_symlink():
            return source_at(root, ListPlace(TASKMASTER, root / place))
    return _only(root, find_lists(root))


def source_at(root: Path | None, place: ListPlace) -> Source:
    """Reads the list at a place that was found."""
    name = _name(place.path, root)
    content = b"" if place.kind == BACKLOG else _read(place.path, name)
    return Source(
        name=name, content=content, home=_home(place.path, place.kind), kind=place.kind, path=place.path
    )


def several_lists(places: Iterable[ListPlace], root: Path | None) -> GitcoordError:
    """Makes the error for several lists with remaining tasks, of which none was chosen."""
    named = some([f"{place.kind}:{_name(place.path, root)}" for place in places], 12)
    return usage_error(
        "several-task-lists",
        f"There are several task lists with tasks left to do: {named}.",
        "Choose one: `--from KIND:PATH`, or `[tasks] from` in the settings.",
    )


def _asked(request: ListRequest) -> Origin:
    if request.origin is not None and request.tasks is not None:
        raise usage_error("usage", "--from and --tasks both name a list.", "Leave one of them out.")
    if request.origin is not None:
        return parse_origin(request.origin)
    tasks = request.tasks or ""
    return Origin(TASKMASTER if tasks == STDIN else kind_of(Path(tasks)), tasks)


def _issues(origin: Origin, request: ListRequest) -> Source:
    """Returns the issues that a filter names. Raises `usage`, `no-task-list`, or an error of GitHub."""
    if request.read_issues is None:
        raise usage_error(
            "no-task-list",
            "The tasks are issues on GitHub, which only `plan`, `run` and `predict` read.",
            "`gitcoord plan` reads their changes.",
        )
    content = request.read_issues(origin.path)
    return Source(name=f"{GITHUB}:{origin.path}", content=content, kind=GITHUB)


def _parsed(origin: str) -> Origin | None:
    return parse_origin(origin) if origin else None


def _at_origin(root: Path | None, origin: Origin, here: Path) -> Source | list[ListPlace]:
    if origin.path == STDIN:
        if origin.kind == BACKLOG:
            raise usage_error("usage", "Backlog.md's tasks are a directory.", "Write backlog:PATH.")
        home = root / ".taskmaster" if root and origin.kind == TASKMASTER else None
        return Source(name="standard input", content=_read_stdin(), home=home, kind=origin.kind)
    if origin.path:
        path = in_folder(origin.kind, here / origin.path)
        name = origin.path if here / origin.path == path else _name(path, here)
        content = b"" if origin.kind == BACKLOG and path.is_dir() else _read(path, name)
        return Source(name=name, content=content, home=_home(path, origin.kind), kind=origin.kind, path=path)
    if root is None:
        raise usage_error(
            "no-task-list",
            "There is no checkout of a git repository here to find a task list in.",
            f"Name the list: `--from {origin.kind}:PATH`.",
        )
    return _only(root, find_lists(root, [origin.kind]), origin.kind)


def _only(root: Path, found: list[ListPlace], kind: str = "") -> Source | list[ListPlace]:
    if len(found) == 1:
        return source_at(root, found[0])
    if found:
        return found
    places = " and no ".join(usual_places(kind or TASKMASTER))
    hint = (
        f"Name the list: `--from {kind}:PATH`."
        if kind
        else "Write one as `gitcoord help planning` shows, or name another: `--tasks PATH` (`-`: standard "
        "input), `--from KIND:PATH` (`gitcoord help sources`)."
    )
    raise usage_error("no-task-list", f"There is no {places} in {root}.", hint)


def _name(path: Path, root: Path | None) -> str:
    return str(path.relative_to(root)) if root is not None and path.is_relative_to(root) else str(path)


def _home(path: Path, kind: str) -> Path | None:
    folder = path.absolute().parent
    if kind != TASKMASTER or folder.name != "tasks":
        return None
    above = folder.parent
    return above if above.name == ".taskmaster" else above / ".taskmaster"


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise usage_error("no-task-list", f"There is no task list at {name}.", "Check the path.") from error
    except IsADirectoryError as error:
        raise usage_error(
            "unreadable-task-list", f"{name} is a directory, not a task list.", "Give the path of the file."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise usage_error(
            "unreadable-task-list", f"{name} cannot be read: {reason}.", "Check its permissions."
        ) from error


def _read_stdin() -> bytes:
    try:
        return sys.stdin.buffer.read()
    except (OSError, ValueError, AttributeError) as error:
        # Python sets a closed standard input to None.
        raise usage_error("unreadable-task-list", "Standard input cannot be read.") from error
