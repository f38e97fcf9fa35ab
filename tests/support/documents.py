"""Holds every JSON document that a command prints in a test to its schema, down to the last key."""

import json
from functools import cache
from typing import Any

from gitcoord.cli.documents.files import schema_text

_NAME = b'"gitcoord.'


def require_known_documents(out: bytes) -> None:
    """Fails where stdout has a document, or lines of them, that says something that its schema does not.

    Schemas let readers pass over keys that they do not know; what is printed has none of those.
    """
    if not out.startswith(b"{") or _NAME not in out:
        return
    text = out.decode(errors="surrogateescape")
    try:
        found = [json.loads(text)]
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.startswith('{"schema":')]
    for document in found:
        name = str(document.get("schema", "")) if isinstance(document, dict) else ""
        if name.startswith("gitcoord.") and name.endswith("/1"):
            error = next(strict_validator(name[9:-2]).iter_errors(document), None)
            assert error is None, f"{name} is not as its schema says: {error}"


@cache
def strict_validator(name: str) -> Any:
    """What validates a document, and refuses keys that the schema does not have."""
    import jsonschema_rs

    return jsonschema_rs.validator_for(_closed(json.loads(schema_text(name))))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(closed.get("properties"), dict) else closed
