"""`docs/settings.md`: every setting with its type and its built-in value, from the types."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gitcoord.settings_schema import settings_schema
from scripts.reference.markdown import MADE, as_cell, escaped, type_words


def settings_page() -> str:
    """The page; tables of the file are sections, and name the table that they belong to."""
    schema = settings_schema()
    parts = [
        "# Every setting",
        "The keys of `gitcoord.toml`, table by table, with types and built-in values.",
        MADE,
        "[Settings and variables](reference.md#settings) says where they are read, and explains most of\n"
        "them. `gitcoord config` shows those that hold here; `gitcoord config --schema` prints the JSON\n"
        "schema for editors.",
    ]
    for table, struct in _tables(schema["$defs"], "Settings", ""):
        parts += [f"## {table or 'At the top'}", escaped(_in_the_file(struct.get("description", "")))]
        rows = [
            f"| `{key}` | {as_cell(_words(value))} | {as_cell(_default(value))} |"
            for key, value in struct["properties"].items()
        ]
        parts += ["| key | type | built-in value |\n|---|---|---|\n" + "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _tables(parts: Mapping[str, Any], name: str, table: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    struct = parts[name]
    yield (f"[{table}]" if table else ""), struct
    for key, value in struct["properties"].items():
        inner = value if "$ref" in value else value.get("additionalProperties")
        for one in (inner, *(inner.get("anyOf", ()) if isinstance(inner, dict) else ())):
            if isinstance(one, dict) and "$ref" in one:
                place = f"{table}.{key}" if table else key
                own = place if inner is value else f"{place}.NAME"
                yield from _tables(parts, one["$ref"].rpartition("/")[2], own)


def _words(value: Mapping[str, Any]) -> str:
    return "table" if "$ref" in value else re.sub(r"\*\w+Settings\*", "table", type_words(value))


def _default(value: Mapping[str, Any]) -> str:
    if "$ref" in value or value.get("default") is None:
        return ""
    return f"`{json.dumps(value['default'], ensure_ascii=False)}`"


def _in_the_file(text: str) -> str:
    """A docstring's names as the file has them: with hyphens."""
    parts = text.split("`")
    parts[1::2] = [part.replace("_", "-") for part in parts[1::2]]
    return "`".join(parts)
