"""Adds rules to an existing settings file; keeps its comments and order."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitcoord.settings_file import PYPROJECT, find_settings, read_settings

if TYPE_CHECKING:
    from tomlkit.container import Container
    from tomlkit.items import Table

_NEW = "gitcoord.toml"


def add_rules(root: Path, rules: Mapping[str, Iterable[str] | Mapping[str, str]]) -> str:
    """Adds patterns, some with commands, to `[rules]`, and keeps the existing ones; returns the file's name.

    Raises `bad-settings` if the settings cannot be read.
    """
    import tomlkit  # here, because only this function needs it

    file = find_settings(root)
    read_settings(file)
    path = file.path or root / _NEW
    document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    table: Container | Table = document
    for name in (*(("tool", "gitcoord") if path.name == PYPROJECT else ()), "rules"):
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    for rule, patterns in rules.items():
        if rule not in table:
            table[rule] = tomlkit.table() if isinstance(patterns, Mapping) else tomlkit.array()
        if isinstance(patterns, Mapping):
            for pattern, command in patterns.items():
                table[rule].setdefault(pattern, command)
            continue
        known = list(table[rule])
        for pattern in patterns:
            if pattern not in known:
                table[rule].append(pattern)
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(tomlkit.dumps(document), encoding="utf-8")
    draft.replace(path)
    return path.name
