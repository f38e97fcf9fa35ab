"""Finds the statuses of a JSON task list in its text. The standard library reads every token."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gitcoord.tasks.coercion import id_text, status_of
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import unwrap
from gitcoord.tasks.json_parser import parse
from gitcoord.tasks.write_back.splices import NewStatus, Splice

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
Span = tuple[int, int]


class Member(msgspec.Struct, frozen=True):
    """A member of an object: the start of its key, and the span of its value."""

    key: str
    start: int
    value: Span


def json_splices(text: str, tag: str, wanted: Mapping[str, NewStatus]) -> list[Splice]:
    """Returns the splices that set the statuses of the tag's tasks and subtasks to `wanted`, by full id.

    A task without a status gets one after its id, with the same white space before it.
    """
    document = parse(text.encode("utf-8", "surrogatepass"), Findings(""))
    tasks = unwrap(document, Findings(""))[tag]
    path = _path_to(document, tasks)
    if path is None:
        return []
    start = _skip(text, 0)
    for key in path:
        start = next(member.value[0] for member in reversed(list(_members(text, start))) if member.key == key)
    return list(_of_tasks(text, start, tasks, "", dict(wanted)))


def _path_to(value: Any, wanted: Any) -> Sequence[str] | None:
    """Returns the keys that lead to the object `wanted` itself; None if it is not in `value`."""
    if value is wanted:
        return ()
    if isinstance(value, dict):
        for key, part in value.items():
            below = _path_to(part, wanted)
            if below is not None:
                return (key, *below)
    return None


def _of_tasks(
    text: str, start: int, tasks: list[Any], above: str, wanted: dict[str, NewStatus]
) -> Iterator[Splice]:
    for span, task in zip(_elements(text, start), tasks, strict=True):
        own = id_text(task.get("id")) if isinstance(task, dict) else None
        if own is None:
            continue
        full = own if not above or own.startswith(f"{above}.") else f"{above}.{own}"
        members = {member.key: member for member in _members(text, span[0])}
        # Of tasks that share an id, the first one counts.
        new_status = wanted.pop(full, None)
        if new_status is not None and str(status_of(task.get("status"))[0]) != new_status:
            yield _status(text, span[0], members, new_status)
        parts = task.get("subtasks")
        if not above and isinstance(parts, list):
            yield from _of_tasks(text, members["subtasks"].value[0], parts, full, wanted)


def _status(text: str, start: int, members: Mapping[str, Member], new_status: NewStatus) -> Splice:
    if "status" in members:
        return Splice(*members["status"].value, f'"{new_status}"')
    id = members["id"]
    before = max((one.value[1] for one in members.values() if one.value[1] < id.start), default=start) + 1
    space = text[before : id.start].lstrip(",")
    return Splice(id.value[1], id.value[1], f',{space}"status": "{new_status}"')


def _members(text: str, start: int) -> Iterator[Member]:
    """Yields the members of the object that begins at `start`."""
    here = _skip(text, start + 1)
    while text[here] != "}":
        key, after = _DECODER.raw_decode(text, here)
        value = _skip(text, _skip(text, after) + 1)
        end = _DECODER.raw_decode(text, value)[1]
        yield Member(key, here, (value, end))
        here = _next(text, end)


def _elements(text: str, start: int) -> Iterator[Span]:
    """Yields the spans of the elements of the list that begins at `start`."""
    here = _skip(text, start + 1)
    while text[here] != "]":
        end = _DECODER.raw_decode(text, here)[1]
        yield here, end
        here = _next(text, end)


def _next(text: str, end: int) -> int:
    after = _skip(text, end)
    return _skip(text, after + 1) if text[after] == "," else after


def _skip(text: str, here: int) -> int:
    match = _SPACE.match(text, here)
    return match.end() if match is not None else here
