"""Writes and reads workflow files: YAML that people read and change."""

from typing import Any

import yaml

from gitcoord.export.model import Document


class _BlockDumper(yaml.SafeDumper):
    """Writes strings of several lines as blocks, and repeats values instead of using aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _written)


def dump(document: Document) -> str:
    """Returns the document as YAML, with the keys in their order."""
    return yaml.dump(document, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=110)


def load(text: str) -> list[Any]:
    """Returns every document of a YAML or JSON file. Raises yaml.YAMLError."""
    return list(yaml.safe_load_all(text))
