"""The JSON schema of the settings, for editors: generated from the types, and stored in the package.

`python -m gitcoord.settings_schema` writes the file again.
"""

from pathlib import Path
from typing import Any

import msgspec

from gitcoord.settings import Settings

SCHEMA = Path(__file__).with_name("settings.schema.json")
"""The file; `gitcoord config --schema` prints it."""


def settings_schema() -> dict[str, Any]:
    """Returns the schema of `gitcoord.toml` and of the table `[tool.gitcoord]`."""
    schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Settings)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "gitcoord settings", **schema}


if __name__ == "__main__":
    SCHEMA.write_bytes(msgspec.json.format(msgspec.json.encode(settings_schema()), indent=2) + b"\n")
