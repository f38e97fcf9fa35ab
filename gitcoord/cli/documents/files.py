"""Where the schemas of documents lie."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).parent / "schemas"


def schema_names() -> list[str]:
    """The documents that have a schema, `plan` for `gitcoord.plan/1`."""
    return sorted(file.name.removesuffix(".schema.json") for file in SCHEMAS.glob("*.schema.json"))


def schema_text(name: str) -> str:
    """The schema of a document as it lies in the package."""
    return (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")


def schema_summary(name: str) -> str:
    """The sentence that says what the document is."""
    return str(json.loads(schema_text(name))["description"])
