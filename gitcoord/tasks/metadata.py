"""Reads gitcoord's own hints: `estimate`, `modifies`, `parallel_safe`, `conflicts_with`, `repo`.

They are in `metadata.gitcoord`, which TaskMaster keeps, or in the task itself; the former takes precedence. A
hint of the wrong type is ignored with a warning: hints improve a plan, and must not make a list unreadable.
"""

import posixpath
import re
from typing import Any

import msgspec

from gitcoord.tasks.coercion import id_text, number, one_line, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId

# Any other backslash is an escape, as in .gitignore: the next character loses its special meaning.
_BETWEEN_NAMES = r"(?<=[\w.-])\\+(?=[\w.])|(?<=[\w.-])\\+$|^\.\\+"
# `:12`, `:12-40`, `:L3-L9`, `#L3`, and the suffix of a pytest id: `::test_name`.
_LINES = r"(?<=[^/:])(?::L?\d+(?:[-:,]L?\d+)*:?|#L\d+(?:-L?\d+)?|(?<=\.py)(?:::[\w\[\]-]+)+)$"
_CODE = r"^`([^`]+)`$"
_OUTSIDE = r"\.\.(?:/|$)|~/|[A-Za-z]:[\\/]|[A-Za-z][\w+.-]*://|\$\{?[A-Z_]+\}?/"
_WILDCARDS = frozenset("*?[")
_MOST_MINUTES = 10_000_000
_KINDS = {
    "estimate": "a positive number of minutes",
    "modifies": "a list of globs",
    "parallel_safe": "true or false",
    "conflicts_with": "a list of task ids",
    "repo": "a name or a list of names",
}


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """The hints of a task. `conflicts_with` has ids as written.

    `marked_safe`: the task itself says that others may run in parallel with it.
    """

    estimate: float | None = None
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[str, ...] = ()
    repo: str | None = None


NO_HINTS = Hints()


def read_hints(raw: dict[str, Any], id: TaskId, findings: Findings) -> Hints:
    """Returns the hints of the raw task `raw`."""
    if "metadata" not in raw and _KINDS.keys().isdisjoint(raw):
        return NO_HINTS
    known: dict[str, Any] = {}
    for name, value in _given(raw, id, findings).items():
        if value is None:
            continue
        understood = _understood(name, value)
        if understood is None:
            findings.warn(
                "bad-hint",
                f"The hint `{name}` of task {id} is {quoted(value)}, not {_KINDS[name]}; it is ignored.",
                id,
            )
        else:
            known[name] = _paths(understood, id, findings) if name == "modifies" else understood
    return Hints(**known, marked_safe=known.get("parallel_safe") is True)


def _given(raw: dict[str, Any], id: TaskId, findings: Findings) -> dict[str, Any]:
    metadata = raw.get("metadata")
    own = metadata.get("gitcoord") if isinstance(metadata, dict) else None
    if own is not None and not isinstance(own, dict):
        findings.warn(
            "bad-hint",
            f"`metadata.gitcoord` of task {id} is {quoted(own)}, not an object; it is ignored.",
            id,
        )
        own = None
    own = own or {}
    for name in sorted(own.keys() - _KINDS.keys()):
        findings.warn(
            "bad-hint",
            f"Task {id} has the hint {quoted(name)}; gitcoord knows {', '.join(_KINDS)}.",
            id,
        )
    return {name: own.get(name, raw.get(name)) for name in _KINDS}


def _understood(name: str, value: Any) -> Any:
    """Returns the hint's value, or None if it has the wrong type."""
    match name:
        case "estimate":
            return number(value, above=0, most=_MOST_MINUTES)
        case "parallel_safe":
            return value if isinstance(value, bool) else None
        case "repo":
            names = (value,) if isinstance(value, str) else _texts(value)
            return None if names is None else ", ".join(filter(None, map(one_line, names))) or None
        case "modifies":
            return _texts(value)
        case _:
            return _ids(value)


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
        return None
    return tuple(dict.fromkeys(filter(None, map(one_line, value))))


def _paths(globs: tuple[str, ...], id: TaskId, findings: Findings) -> tuple[str, ...]:
    """Returns the globs without the additions of editors, test runners, Markdown and Windows around a path.

    Keeps a path outside the repository, which matches nothing, and reports it.
    """
    found = []
    for glob in globs:
        plain = _plain_path(glob)
        if re.match(_OUTSIDE, plain):
            findings.warn(
                "odd-path",
                f"`modifies` of task {id} has {quoted(glob)}, which is outside of the repository, so it "
                "matches nothing. Write it from the repository's top.",
                id,
            )
        elif plain != glob:
            findings.warn(
                "odd-path", f"`modifies` of task {id} has {quoted(glob)}; gitcoord reads {quoted(plain)}.", id
            )
        found.append(plain)
    return tuple(dict.fromkeys(found))


def _plain_path(glob: str) -> str:
    plain = re.sub(_LINES, "", re.sub(_BETWEEN_NAMES, "/", re.sub(_CODE, r"\1", glob)))
    if ".." in plain.split("/") and not _WILDCARDS.intersection(plain):
        plain = posixpath.normpath(plain) + ("/" if plain.endswith("/") else "")
    return plain or glob


def _ids(value: Any) -> tuple[str, ...] | None:
    ids = [id_text(id) for id in value] if isinstance(value, list) else [None]
    return tuple(dict.fromkeys(id for id in ids if id)) if None not in ids else None
