"""The engines of each repository of a plan: its own, else those of the home repository's settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.cli.context import Context
from gitcoord.settings import Settings
from gitcoord.settings_file import SettingsFile, find_settings, load_settings

ENGINES_FROM = "GITCOORD_ENGINES_FROM"
"""The variable with the home repository's top directory, for a run that gitcoord starts in another one."""


def use_engines_of(home: Settings, top: Path | None, context: Context, file: SettingsFile) -> None:
    """Gives `context` the engines of the home repository at `top`; `file` is the settings file of `context`.

    Keeps each table [engines.NAME] that `file` has, and its `engine` under [run].
    """
    engines, run = _table(file.table, "engines"), _table(file.table, "run")
    own, settings = [name for name in home.engines.__struct_fields__ if name in engines], context.settings
    chosen = settings.run.engine if "engine" in run else home.run.engine
    context.settings = msgspec.structs.replace(
        settings,
        engines=msgspec.structs.replace(
            home.engines, **{name: getattr(settings.engines, name) for name in own}
        ),
        run=msgspec.structs.replace(settings.run, engine=chosen),
    )
    others = [name for name in home.engines.__struct_fields__ if name not in own]
    context.engine_directories = {} if top is None else dict.fromkeys(others, top)


def use_given_engines(context: Context) -> None:
    """Gives `context` the engines of the home repository if a run of that repository started this run."""
    given = context.environ.get(ENGINES_FROM)
    if given:
        top = Path(given)
        use_engines_of(load_settings(top), top, context, find_settings(context.repository.root))


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = table.get(name, {})
    return found
