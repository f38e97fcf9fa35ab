"""The errors that a check of a workflow file finds."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import msgspec


class ExportFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One error in a workflow: `where` is a path in the document, such as `spec.templates[0].dag`."""

    where: str
    message: str


@cache
def fields(engine: str, kind: str) -> frozenset[str]:
    """Returns the field names of one kind of mapping of an engine, from `fields.toml`."""
    import tomllib

    text = Path(__file__).with_name("fields.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)[engine][kind])


def mapping(value: object) -> Mapping[str, Any]:
    """Returns `value` if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> Sequence[Any]:
    """Returns `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: object) -> Iterator[str]:
    """Yields every string in a document, except keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def unknown_keys(value: object, known: Collection[str], where: str) -> Iterator[ExportFinding]:
    """Yields an error for each key that the engine does not know and would silently drop."""
    for key in mapping(value):
        if key not in known:
            yield ExportFinding(where=where, message=f"has no field {key!r}")


def needs_faults(needs: Mapping[str, Collection[str]], where: str) -> Iterator[ExportFinding]:
    """Yields an error for each unknown name in `needs`, and for a cycle."""
    for name, wanted in needs.items():
        for one in wanted:
            if one not in needs:
                yield ExportFinding(where=where, message=f"{name} depends on {one}, which does not exist")
    known = {name: [one for one in wanted if one in needs] for name, wanted in needs.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        yield ExportFinding(where=where, message=f"these wait for each other: {' -> '.join(error.args[1])}")
