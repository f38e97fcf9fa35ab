"""`gitcoord config`: the settings that hold here, and where each is from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitcoord.cli.context import Context
    from gitcoord.settings_file import SettingsFile

_EPILOG = """\b
Examples:
  gitcoord config            every setting, its value, and where it is from
  gitcoord config --schema   the JSON schema of gitcoord.toml, for an editor
"""


@app.command("config", epilog=_EPILOG)
def config(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of the settings.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.config/1 document on stdout.")
    ] = False,
) -> None:
    """Show the settings that hold in this working tree, and where they are from.

    Options on the command line win over them; the saved plan keeps base and strategy that it was made with.
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
        say(f"warning: [tool.gitcoord] in {PYPROJECT} is not read: {file.path.name} is. [two-files]")
    told = {key: {"value": value, "source": source} for key, value, source in _rows(context, file)}
    if as_json:
        emit_json("config", {"file": str(file.path) if file.path else None, "settings": told})
        return
    _print(file, told)


def _rows(context: "Context | None", file: "SettingsFile") -> "Iterator[tuple[str, Any, str]]":
    """Key, value and source of every setting, those of tables as `table.key`."""
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


def _print(file: "SettingsFile", told: "dict[str, dict[str, Any]]") -> None:
    import json

    from gitcoord.cli.views.output import clean, plain, show
    from gitcoord.cli.views.styled_text import TextColumn, TextTable

    where = (
        str(file.path) if file.path else "No file: gitcoord.toml at the top of the repository would be read."
    )
    show(plain(clean(where)))
    columns = (TextColumn(name, folds=True) for name in ("setting", "value", "from"))
    table = TextTable(*columns, before=0, after=2)
    for key, one in told.items():
        value = "" if one["value"] is None else json.dumps(one["value"], ensure_ascii=False)
        source = file.path.name if one["source"] == "file" and file.path else one["source"]
        table.add_row(key, clean(value), source)
    show(table)
