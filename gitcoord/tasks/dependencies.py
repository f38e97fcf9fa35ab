"""Reads the `dependencies` field of one raw task: one id per dependency.

Accepts, with a warning, a list that is written as one text, a text with several ids, and objects around an
id. Keeps values that cannot be ids in their printed form, so they are reported as missing instead of being
lost.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from gitcoord.tasks.coercion import id_text, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId

_OWN: Final = "dependencies"
# Other tools' names for the same field, without case and separators.
_ALIASES: Final = {
    *("dependencies", "dependency", "dependencyids", "dependson", "dependenton", "depends", "deps"),
    *("blockedby", "blockers", "waitsfor", "waitfor", "waitson", "dependsupon"),
}
# These names often have another meaning: their values count only if they are ids of tasks.
_REMARKS: Final = {
    *("after", "needs", "need", "requires", "require", "requirements", "prerequisites", "prerequisite"),
    *("prereqs", "predecessors", "parents", "upstream", "upstreams"),
}
_NOTHING = {"", "none", "null", "n/a", "-"}


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """Another field that holds dependencies; `remark`: its name often has another meaning."""

    field: str
    ids: tuple[str, ...]
    remark: bool


class WrittenDependencies(msgspec.Struct, frozen=True, kw_only=True):
    """Dependencies as written; `others` are other fields that hold some, with their values.

    `given`: whether there is a `dependencies` field.
    """

    ids: tuple[str, ...] = ()
    given: bool = False
    others: tuple[Alias, ...] = ()


def read_dependencies(raw: dict[str, Any], id: TaskId, findings: Findings | None) -> WrittenDependencies:
    """Returns the dependencies of the raw task `raw`, before it is known whether those tasks exist."""
    value = raw.get(_OWN)
    ids = _ids(value, id, findings)
    # Nearly all tasks of a list have the same fields.
    others = _kinds(tuple(raw))
    return WrittenDependencies(
        ids=ids, given=value is not None, others=_others(raw, id, others) if others else ()
    )


def _others(raw: dict[str, Any], id: TaskId, kinds: Iterable[tuple[str, str]]) -> tuple[Alias, ...]:
    found = []
    for field, kind in kinds:
        value = raw[field]
        if value:
            ids = _ids(value, id, None)
            if ids:
                found.append(Alias(field=field, ids=ids, remark=kind == "remark"))
    return tuple(found)


@lru_cache(maxsize=256)
def _kinds(fields: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Returns those of the fields whose names mean dependencies, with the kind."""
    return tuple((field, kind) for field in fields if (kind := _kind(field)))


def _kind(field: str) -> str:
    """Returns the kind of dependency field that the name means; empty if none."""
    plain = re.sub(r"[\s_-]+", "", field.lower())
    if field == _OWN or not plain:
        return ""
    return "alias" if plain in _ALIASES else "remark" if plain in _REMARKS else ""


def _ids(value: Any, id: TaskId, findings: Findings | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        if isinstance(value, str) and value.strip().lower() in _NOTHING:
            return ()
        _warn(findings, "dependencies-not-a-list", f"holds {quoted(value)} instead of a list", id)
        value = [value]
    names: dict[str, None] = {}
    for entry in value:
        if type(entry) is int:
            names[str(entry)] = None
        else:
            names.update(dict.fromkeys(_of_entry(entry, id, findings)))
    return tuple(names)


def _of_entry(entry: Any, id: TaskId, findings: Findings | None) -> Iterator[str]:
    if isinstance(entry, dict):
        named = next((entry[key] for key in ("taskId", "id") if id_text(entry.get(key))), None)
        if named is not None:
            _warn(findings, "object-dependency", f"names {quoted(named)} inside an object", id)
            entry = named
    name = id_text(entry)
    if name is None:
        if entry is not None:
            yield f"({quoted(entry)})"
        return
    names = [part.strip() for part in re.split("[,;]", name)]
    if names != [name]:
        _warn(findings, "split-dependency", f"holds several ids in one text, {quoted(name)}", id)
    yield from filter(None, names)


def _warn(findings: Findings | None, code: str, what: str, id: TaskId) -> None:
    if findings is not None:
        findings.warn(code, f"`dependencies` of task {id} {what}; gitcoord reads it anyway.", id)
