"""Generates the JSON schemas of all documents from their types, and stores them as files in the package.

`python -m gitcoord.cli.documents.make_schemas` writes the files again. A document may get new keys; the keys
in its schema stay.
"""

import ast
import inspect
import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec

from gitcoord.cli.documents.files import SCHEMAS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document_schemas() -> dict[str, dict[str, Any]]:
    """Returns the schema of each document by its name: `plan` for `gitcoord.plan/1`."""
    from gitcoord.cli.documents.registry import DOCUMENTS

    classes = {one.__name__: one for one in _below(msgspec.Struct) if not one.__struct_config__.array_like}
    return {
        name: _schema(name, told.summary, told.shapes, classes) for name, told in sorted(DOCUMENTS.items())
    }


def _schema(
    name: str, summary: str, shapes: tuple[Any, ...], classes: dict[str, type[msgspec.Struct]]
) -> dict[str, Any]:
    tops, parts = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    # Default values may be structs: convert them to plain objects.
    tops, parts = msgspec.to_builtins((tops, parts), str_keys=True)
    for part, schema in parts.items():
        _always_there(schema, classes.get(part))
        _describe(schema, classes.get(part))
    label = f"gitcoord.{name}/1"
    wholes = [_whole(parts[head], label, sentence=name == "event") for top in tops for head in _heads(top)]
    about = {"$schema": _DIALECT, "title": label, "description": summary}
    schema = {**wholes[0], **about} if len(wholes) == 1 else {**about, "anyOf": wholes}
    used = json.dumps([wholes, parts])
    kept = {part: inner for part, inner in sorted(parts.items()) if f'"#/$defs/{part}"' in used}
    return {**about, **schema, **({"$defs": kept} if kept else {})}


def _whole(part: dict[str, Any], label: str, *, sentence: bool) -> dict[str, Any]:
    """Returns the schema of a top-level object: `part` with the key `schema` in front.

    `sentence` adds the key `sentence`.
    """
    more = {"sentence": {"type": "string"}} if sentence else {}
    return {
        **part,
        "properties": {"schema": {"const": label}, **part["properties"], **more},
        "required": ["schema", *part["required"], *more],
    }


def _heads(top: dict[str, Any]) -> Iterable[str]:
    """Yields the names of the objects that a document can be."""
    if "$ref" in top:
        yield top["$ref"].rpartition("/")[2]
    for one in top.get("anyOf", ()):
        yield from _heads(one)


def _always_there(schema: dict[str, Any], struct: type[msgspec.Struct] | None) -> None:
    """Removes defaults; also requires every field, unless the struct omits fields that have the default."""
    for value in schema.get("properties", {}).values():
        value.pop("default", None)
    if struct is not None and not struct.__struct_config__.omit_defaults and "properties" in schema:
        schema["required"] = list(schema["properties"])


def _describe(schema: dict[str, Any], struct: type[msgspec.Struct] | None) -> None:
    """Adds the docstrings of fields as descriptions."""
    for one in reversed(struct.__mro__) if struct is not None else ():
        for field, text in _field_texts(one).items():
            if field in schema.get("properties", {}):
                schema["properties"][field] = {**schema["properties"][field], "description": text}


def _field_texts(struct: type) -> dict[str, str]:
    """Returns the docstrings below the fields of a class."""
    try:
        source = inspect.getsource(struct)
    except (OSError, TypeError):
        return {}
    (definition,) = ast.parse(source).body
    found = {}
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for before, after in pairwise(body):
        told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and told:
            found[before.target.id] = inspect.cleandoc(str(after.value.value))  # type: ignore[attr-defined]
    return found


def _below(struct: type[msgspec.Struct]) -> Iterable[type[msgspec.Struct]]:
    for one in struct.__subclasses__():
        yield one
        yield from _below(one)


def write_schemas() -> None:
    """Writes the file of each document."""
    for name, schema in document_schemas().items():
        text = msgspec.json.format(msgspec.json.encode(schema), indent=2)
        (SCHEMAS / f"{name}.schema.json").write_bytes(text + b"\n")


if __name__ == "__main__":
    write_schemas()
