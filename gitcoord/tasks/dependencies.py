"""The `dependencies` field of one raw task: the ids as they were meant, one text each.

Lists written as one text, texts that hold several ids and objects around an id are read, with a warning.
What cannot be an id stays in as it is shown, so that it is found dangling and not lost.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gitcoord.tasks.findings import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.values import id_text, quoted

ALIASES = ("depends_on", "dependsOn", "blockedBy", "blocked_by")
_NOTHING = {"", "none", "null", "n/a", "-"}


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Dependencies as written. `alias` names another field that holds some, and `other` is what it holds.

    `given` is whether there was a `dependencies` field at all.
    """

    ids: tuple[str, ...] = ()
    given: bool = False
    alias: str = ""
    other: tuple[str, ...] = ()


def read_dependencies(raw: dict[str, Any], id: TaskId, findings: Findings) -> Written:
    """What the raw task `raw` depends on, before anybody knows whether those tasks exist."""
    value = raw.get("dependencies")
    ids = _ids(value, id, findings)
    for alias in ALIASES:
        other = _ids(raw.get(alias), id, None)
        if other:
            return Written(ids=ids, given=value is not None, alias=alias, other=other)
    return Written(ids=ids, given=value is not None)


def _ids(value: Any, id: TaskId, findings: Findings | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        if isinstance(value, str) and value.strip().lower() in _NOTHING:
            return ()
        _warn(findings, "dependencies-not-a-list", f"holds {quoted(value)} where a list belongs", id)
        value = [value]
    return tuple(dict.fromkeys(name for entry in value for name in _of_entry(entry, id, findings)))


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
