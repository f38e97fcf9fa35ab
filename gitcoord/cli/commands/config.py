"""`gitcoord config`: the settings in effect, and the source of each."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitcoord.cli.context import Context
    from gitcoord.settings_file import SettingsFile

_EPILOG = """\b
Examples:
  gitcoord config           # every setting, its value and its source
  gitcoord config --schema  # the JSON schema of gitcoord.toml, for an editor
"""


@app.command("config", epilog=_EPILOG)
def config(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of the settings.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.config/1 document on stdout.")
    ] = False,
) -> None:
    """Show the settings in effect in this working tree, and their sources.

    Command-line options override the settings. A saved plan keeps its own base and strategy.
    """
    from gitcoord.cli.context import maybe_context
    from gitcoord.cli.views.output import emit, emit_json, say
    from gitcoord.settings_file import PYPROJECT, find_settings, pyproject_table

    if schema:
        from gitcoord.settings_schema import SCHEMA

        emit(SCHEMA.read_text(encoding="utf-8").rstrip("\n"))
        return
    context = maybe_context(reads=True, several=True)
    root = context.repository.root if context else None
    file = find_settings(root)
    if root and file.path and file.path.name != PYPROJECT and pyproject_table(root) is not None:
        say(f"warning: [tool.gitcoord] in {PYPROJECT} is ignored: {file.path.name} exists. [two-files]")
    rows = {key: {"value": value, "source": source} for key, value, source in _rows(context, file)}
    if as_json:
        emit_json("config", {"file": str(file.path) if file.path else None, "settings": rows})
        return
    _print(file, rows)


def _rows(context: "Context | None", file: "SettingsFile") -> "Iterator[tuple[str, Any, str]]":
    """Yields key, value and source of every setting; a setting in a table has the key `table.key`."""
    import os

    import msgspec

    from gitcoord.errors import GitcoordError
    from gitcoord.settings_file import read_settings

    prefix = os.environ.get("GITCOORD_STATE_PREFIX")
    for key, value in msgspec.to_builtins(read_settings(file)).items():
        given = file.table.get(key, {})
        if isinstance(value, dict):
            for inner, one in value.items():
                yield f"{key}.{inner}", one, "file" if inner in given else "default"
        elif key == "state-prefix" and prefix:
            yield key, prefix, "GITCOORD_STATE_PREFIX"
        elif key == "base" and value is None and context is not None:
            try:
                yield key, context.base(), "repository"
            except GitcoordError:
                yield key, None, "default"
        else:
            yield key, value, "file" if key in file.table else "default"


def _print(file: "SettingsFile", rows: "dict[str, dict[str, Any]]") -> None:
    import json

    from gitcoord.cli.views.output import clean, plain, show
    from gitcoord.cli.views.styled_text import TextColumn, TextTable

    missing = "No settings file. gitcoord reads gitcoord.toml at the top of the repository."
    show(plain(clean(str(file.path) if file.path else missing)))
    columns = (TextColumn(name, folds=True) for name in ("setting", "from", "value"))
    table = TextTable(*columns, before=0, after=2)
    for key, row in rows.items():
        value = "" if row["value"] is None else json.dumps(row["value"], ensure_ascii=False)
        source = file.path.name if row["source"] == "file" and file.path else row["source"]
        table.add_row(key, source, clean(value))
    show(table)
