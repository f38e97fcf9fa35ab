"""gitcoord's own hints about a task: `estimate`, `modifies`, `parallel_safe`, `conflicts_with`, `repo`.

They stand under `metadata.gitcoord`, which TaskMaster keeps, or at the task itself; the former counts more.
A hint of the wrong kind is ignored with a warning: hints help a plan, and a list must not fail on them.
"""

import posixpath
import re
from typing import Any

import msgspec

from gitcoord.tasks.coercion import id_text, number, one_line, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId

# A backslash before anything else is the one that .gitignore knows: it takes the meaning of what follows.
_BETWEEN_NAMES = r"(?<=[\w.-])\\+(?=[\w.])|(?<=[\w.-])\\+$|^\.\\+"
# `:12`, `:12-40`, `:L3-L9`, `#L3`, and what pytest puts behind a file: `::test_name`.
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
    "repo": "a name",
}


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What a task says to gitcoord. `conflicts_with` holds ids as written.

    `marked_safe`: it says itself that others may run beside it.
    """

    estimate: float | None = None
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[str, ...] = ()
    repo: str | None = None


_NONE = Hints()


def read_hints(raw: dict[str, Any], id: TaskId, findings: Findings) -> Hints:
    """The hints of the raw task `raw`."""
    if "metadata" not in raw and _KINDS.keys().isdisjoint(raw):
        return _NONE
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
    """The hint's value, or None when it is of the wrong kind."""
    match name:
        case "estimate":
            return number(value, above=0, most=_MOST_MINUTES)
        case "parallel_safe":
            return value if isinstance(value, bool) else None
        case "repo":
            return (one_line(value) or None) if isinstance(value, str) else None
        case "modifies":
            return _texts(value)
        case _:
            return _ids(value)


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
        return None
    return tuple(dict.fromkeys(filter(None, map(one_line, value))))


def _paths(globs: tuple[str, ...], id: TaskId, findings: Findings) -> tuple[str, ...]:
    """The globs without what editors, test runners, Markdown and Windows write around a path.

    What leads out of the repository stays as it is, and is named: it meets nothing.
    """
    found = []
    for glob in globs:
        plain = _plain_path(glob)
        if re.match(_OUTSIDE, plain):
            findings.warn(
                "odd-path",
                f"`modifies` of task {id} has {quoted(glob)}, which is outside of the repository: it counts "
                "for nothing. Write it from the repository's top.",
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
