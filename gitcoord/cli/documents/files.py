"""Reads the JSON schemas of documents from files in the package."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).parent / "schemas"


def schema_names() -> list[str]:
    """Returns the names of the documents with a schema: `plan` for `gitcoord.plan/1`."""
    return sorted(file.name.removesuffix(".schema.json") for file in SCHEMAS.glob("*.schema.json"))


def schema_text(name: str) -> str:
    """Returns the text of a document's schema file."""
    return (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")


def schema_summary(name: str) -> str:
    """Returns the one-sentence description of a document."""
    return str(json.loads(schema_text(name))["description"])
