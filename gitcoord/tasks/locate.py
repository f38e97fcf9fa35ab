"""Where a task list is read from, and what lies beside it in `.taskmaster`. Nothing is ever written."""

import sys
from pathlib import Path

import msgspec

from gitcoord.errors import usage_error

PLACES = (Path(".taskmaster/tasks/tasks.json"), Path("tasks/tasks.json"))
STDIN = "-"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of a task list. `name` is what messages call it, `home` its `.taskmaster`, if it has one."""

    name: str
    content: bytes
    home: Path | None = None


def read_source(root: Path | None, tasks: str | None, kept: str = "") -> Source:
    """The task list at `tasks` (`-`: standard input), else the one at `kept` or its usual places in `root`.

    Raises `no-task-list` or `unreadable-task-list`.
    """
    if tasks == STDIN:
        return Source(name="standard input", content=_read_stdin(), home=root and root / ".taskmaster")
    path = Path(tasks) if tasks is not None else _find(root, kept)
    name = _name(path, root) if tasks is None else str(path)
    return Source(name=name, content=_read(path, name), home=_home(path))


def _find(root: Path | None, kept: str) -> Path:
    if root is None:
        raise usage_error(
            "no-task-list",
            "There is no checkout of a git repository here to find a task list in.",
            "Change to the project's checkout (`git init` begins one), or name a list: `--tasks PATH`.",
        )
    # A plan is everybody's to write: what it names counts below the repository's top alone.
    if kept and (root / kept).is_file() and (root / kept).resolve().is_relative_to(root.resolve()):
        return root / kept
    for place in PLACES:
        if (root / place).exists() or (root / place).is_symlink():
            return root / place
    places = " and no ".join(map(str, PLACES))
    raise usage_error(
        "no-task-list",
        f"There is no {places} in {root}.",
        "Write one as `gitcoord help planning` shows, or name another: `--tasks PATH` (`-`: standard input).",
    )


def _name(path: Path, root: Path | None) -> str:
    return str(path.relative_to(root)) if root is not None and path.is_relative_to(root) else str(path)


def _home(path: Path) -> Path | None:
    folder = path.absolute().parent
    if folder.name != "tasks":
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
        # A closed standard input is None in Python.
        raise usage_error("unreadable-task-list", "Standard input cannot be read.") from error
