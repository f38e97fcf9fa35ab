"""Parses bytes as strict JSON; an error is one sentence, with the position if it is known."""

import json
import re
from collections.abc import Iterable
from typing import Any

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.tasks.coercion import Decimal, quoted
from gitcoord.tasks.diagnostics import Findings

CONFLICT = r"(?m)^(?:<{7}|>{7})(?:[ \r]|$)"
"""A line that git writes around a conflict."""
# Python refuses to convert thousands of digits to an int; as text, such a number is still an unusable id.
_DIGITS = 300


class _UnknownConstantError(ValueError):
    pass


def parse(content: bytes, findings: Findings) -> Any:
    """Returns the JSON value in `content`; skips a byte order mark. Numbers keep their spelling.

    Raises `empty-task-list`, `conflict-markers` or `not-json`; warns about a repeated key.
    """
    name = findings.source
    document = _text(content, name)
    if not document.strip():
        raise usage_error(
            "empty-task-list", f"{name} is empty.", "Restore the task list, for example from git."
        )
    repeated: list[str] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            repeated.extend(_twice(key for key, _ in pairs))
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=as_object, parse_float=Decimal, parse_int=_whole, parse_constant=_refuse
    )
    try:
        value = decoder.decode(document)
    except json.JSONDecodeError as error:
        raise _broken(name, document, error) from error
    except _UnknownConstantError as error:
        raise usage_error(
            "not-json", f"{name} is not JSON: it holds {error}, which JSON does not know.", "Write null."
        ) from error
    except RecursionError as error:
        raise usage_error(
            "not-json", f"{name} is nested too deeply to be a task list.", "Check the program that wrote it."
        ) from error
    for key in dict.fromkeys(repeated):
        findings.warn(
            "repeated-key", f"{name} has an object with two keys {quoted(key)}; the last one counts."
        )
    return value


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise usage_error(
            "not-json", f"{name} is not UTF-8 text: line {line} has other bytes.", "Save it as UTF-8."
        ) from error


def _broken(name: str, document: str, error: json.JSONDecodeError) -> GitcoordError:
    marker = re.search(CONFLICT, document)
    if marker:
        line = document.count("\n", 0, marker.start()) + 1
        return usage_error(
            "conflict-markers",
            f"{name} has a git conflict marker at line {line}.",
            "Resolve the conflict in the file, then try again.",
        )
    place = f"{error.lineno}:{error.colno}"
    return usage_error(
        "not-json", f"{name}:{place} is not JSON: {error.msg[:1].lower()}{error.msg[1:]}.", _way_out(error)
    )


def _way_out(error: json.JSONDecodeError) -> str:
    if "ontrol character" in error.msg:
        return "A string there has a raw line break or control character; JSON needs an escape such as \\n."
    if error.doc[: error.pos].rstrip().endswith(","):
        return "Remove the comma before that place."
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return "The file ends too early; it may have been cut off while it was written."
    if error.msg == "Extra data":
        return "The JSON value ends before that place; remove what follows it."
    return "Correct the file there."


def _whole(written: str) -> int | str:
    return int(written) if len(written) <= _DIGITS else written


def _refuse(constant: str) -> Any:
    raise _UnknownConstantError(constant)


def _twice(keys: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [key for key in keys if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
