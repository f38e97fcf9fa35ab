"""Workflow files as text: YAML that people read and change."""

from typing import Any

import yaml

from gitcoord.export.model import Document


class _BlockDumper(yaml.SafeDumper):
    """Writes strings of several lines as they are, and repeats values in place of naming them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _written)


def dump(document: Document) -> str:
    """The document as YAML, keys in its own order."""
    return yaml.dump(document, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=110)


def load(text: str) -> list[Any]:
    """Every document of a file of YAML or JSON. Raises yaml.YAMLError."""
    return list(yaml.safe_load_all(text))
