"""Pages of the site that are made from the code."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitcoord.cli.documents.files import schema_names, schema_text
from scripts.reference.commands import CommandPage

MADE = "<!-- Made by `python -m scripts.reference`. -->"
_CALLS = {"GitcoordError": None, "usage_error": 2, "answer_no": 2}
_ROW = re.compile(r"^\| `([a-z-]+)` \| ([0-9, ]+) \| ([^|]*?) \|(?: (.*?) \|)?$", re.MULTILINE)
_MOST_HINTS = 2


def commands_page(pages: list[CommandPage]) -> str:
    """`docs/commands.md`."""
    parts = [
        "# Commands",
        "Every command with its options, as `gitcoord COMMAND --help` prints them.",
        MADE,
    ]
    parts += ["| command | meaning |\n|---|---|\n" + "\n".join(map(_row, pages))]
    for page in pages:
        parts += [f"## {page.name}", f"```text\n{page.usage}\n```", *map(escaped, page.paragraphs)]
        for title, rows in (("argument", page.arguments), ("option", page.options)):
            if rows:
                told = "\n".join(f"| `{as_cell(name)}` | {as_cell(escaped(text))} |" for name, text in rows)
                parts += [f"| {title} | meaning |\n|---|---|\n{told}"]
        if page.examples:
            parts += ["```sh\n" + "\n".join(page.examples) + "\n```"]
        parts += map(escaped, page.remarks)
    return "\n\n".join(parts) + "\n"


def _row(page: CommandPage) -> str:
    return f"| [`{page.name}`](#{page.name.replace(' ', '-')}) | {as_cell(escaped(page.summary))} |"


def documents_page() -> str:
    """`docs/documents.md`."""
    parts = [
        "# JSON documents",
        "The documents that `--json` prints, key by key, made from their JSON schemas.",
        MADE,
        "`gitcoord schema` lists the documents, and `gitcoord schema status` prints the JSON schema of\n"
        "`gitcoord.status/1`. A later version may add keys. It removes none, and changes none in meaning,\n"
        "without another number after the name.",
    ]
    for name in schema_names():
        schema = json.loads(schema_text(name))
        parts += [f"## {schema['title']}", escaped(schema["description"])]
        wholes = {one["title"]: one for one in schema.get("anyOf", ())}
        if wholes:
            parts += ["One of " + ", ".join(f"*{title}*" for title in wholes) + "."]
        else:
            parts += [_table(schema)]
        for part, inner in [*wholes.items(), *schema.get("$defs", {}).items()]:
            parts += [
                f"**{part}** — {escaped(inner['description'])}" if "description" in inner else f"**{part}**"
            ]
            parts += [_table(inner) if "properties" in inner else type_words(inner)]
    return "\n\n".join(parts) + "\n"


def _table(schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = []
    for key, value in schema.get("properties", {}).items():
        text = as_cell(escaped(value.get("description", "")))
        rows.append(
            f"| `{key}`{'' if key in needed else ' (not always)'} | {as_cell(type_words(value))} | {text} |"
        )
    return "| key | type | meaning |\n|---|---|---|\n" + "\n".join(rows)


def type_words(schema: Mapping[str, Any]) -> str:
    """The type of a value in words."""
    if "$ref" in schema:
        return f"*{_last(schema['$ref'])}*"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one is not None)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(type_words, schema["anyOf"])))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(map(type_words, schema['prefixItems']))}]"
        case "array":
            return f"list of {type_words(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {type_words(schema['additionalProperties'])}"
        case None:
            return "anything"
        case told:
            return str(told)


def errors_page(page: str, package: Path) -> str:
    """`docs/errors.md` with the way out of each error as the code has it; what it has not stays as it is."""
    hints = _hints(package)

    def row(found: "re.Match[str]") -> str:
        code, exits, meaning, kept = found.groups()
        way = " / ".join(hints.get(code, [])[:_MOST_HINTS])
        return f"| `{code}` | {exits} | {meaning} | {as_cell(escaped(way)) or kept or ''} |"

    page = _ROW.sub(row, page)
    return page.replace(
        "| code | exit | meaning |\n|---|---|---|\n",
        "| code | exit | meaning | way out |\n|---|---|---|---|\n",
    )


def _hints(package: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _CALLS:
                for code, hint in _told(call, _CALLS[call.func.id]):
                    if hint not in found.setdefault(code, []):
                        found[code].append(hint)
    return found


def _told(call: ast.Call, place: int | None) -> Iterator[tuple[str, str]]:
    """The code and the hint of an error where it is made; nothing where they are not written there."""
    first = call.args[0] if call.args else None
    hint = next((word.value for word in call.keywords if word.arg == "hint"), None)
    if hint is None and place is not None and len(call.args) > place:
        hint = call.args[place]
    text = _text(hint)
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and text:
        yield first.value, text


def _text(hint: ast.expr | None) -> str:
    """A text as it is written, with `…` for what is put in."""
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
        return hint.value
    if isinstance(hint, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in hint.values)
    return ""


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


def escaped(text: str) -> str:
    """Text for Markdown: no tags, on one line; what stands in backticks stays."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([\[\]*])", r"\\\1", part).replace("<", "&lt;")
        for part in parts
    )


def as_cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")
