"""The `dependencies` field of one raw task: the ids as they were meant, one text each.

Lists written as one text, texts that hold several ids and objects around an id are read, with a warning.
What cannot be an id stays in as it is shown, so that it is found dangling and not lost.
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
# Names of other fields that say the same elsewhere, without case and separators.
_ALIASES: Final = {
    *("dependencies", "dependency", "dependencyids", "dependson", "dependenton", "depends", "deps"),
    *("blockedby", "blockers", "waitsfor", "waitfor", "waitson", "dependsupon"),
}
# Words that are as often used for something else: what they hold counts where it is the id of a task.
_REMARKS: Final = {
    *("after", "needs", "need", "requires", "require", "requirements", "prerequisites", "prerequisite"),
    *("prereqs", "predecessors", "parents", "upstream", "upstreams"),
}
_NOTHING = {"", "none", "null", "n/a", "-"}


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """Another field that holds dependencies; `remark`: its name is as often used for something else."""

    field: str
    ids: tuple[str, ...]
    remark: bool


class WrittenDependencies(msgspec.Struct, frozen=True, kw_only=True):
    """Dependencies as written; `others` are other fields that hold some, with what they hold.

    `given` is whether there was a `dependencies` field at all.
    """

    ids: tuple[str, ...] = ()
    given: bool = False
    others: tuple[Alias, ...] = ()


def read_dependencies(raw: dict[str, Any], id: TaskId, findings: Findings | None) -> WrittenDependencies:
    """What the raw task `raw` depends on, before anybody knows whether those tasks exist."""
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
    """Those of the fields whose names say that they hold dependencies, with how."""
    return tuple((field, kind) for field in fields if (kind := _kind(field)))


def _kind(field: str) -> str:
    """Whether the field's name says that it holds dependencies."""
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
        _warn(findings, "dependencies-not-a-list", f"holds {quoted(value)} where a list belongs", id)
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
        findings.warn(code, f"`dependencies` of task {id} {what}; gitcoord reads it as meant.", id)
