"""`gitcoord init`: writes a commented `gitcoord.toml` for this repository, and lists the next commands."""

from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun

_EPILOG = """\b
Examples:
  gitcoord init            # writes gitcoord.toml, lists the next commands
  gitcoord init --dry-run  # prints the file, writes nothing
"""


@app.command("init", epilog=_EPILOG)
def init(
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.init/1 document on stdout.")] = False,
) -> None:
    """Write a commented gitcoord.toml with the base, remote, task list, check and agent of this repository.

    Finds them in the repository, its remote, the project's build files and the agents on PATH. Never
    overwrites existing settings.
    """
    import msgspec

    from gitcoord.cli.context import open_context
    from gitcoord.cli.setup.first_settings import next_commands, settings_text
    from gitcoord.cli.setup.project_facts import find_facts
    from gitcoord.cli.views.output import clean, emit, emit_json, emit_text, say, warn
    from gitcoord.errors import usage_error
    from gitcoord.settings_file import SETTINGS_FILES, find_settings
    from gitcoord.tasks.model import Finding

    context = open_context(reads=dry_run, several=True)
    root = context.repository.require_working_tree()
    known = find_settings(root)
    if known.path is not None and not dry_run:
        raise usage_error(
            "settings-there",
            f"{known.path.name} already has settings; nothing was changed.",
            "`gitcoord config` shows the settings in effect, `gitcoord init --dry-run` the file that would "
            "be written.",
        )
    facts = find_facts(context, root)
    text, path = settings_text(facts), root / SETTINGS_FILES[0]
    if not dry_run:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    if facts.problem:
        message = f"{facts.problem} The settings are based on this clone."
        warn([Finding(code="unreachable", message=message)])
    steps = next_commands(facts)
    if as_json:
        written = None if dry_run else str(path)
        also = {"text": text, "next": [command for command, _ in steps]}
        emit_json("init", {"written": written, "found": msgspec.to_builtins(facts)}, also)
        return
    emit_text(text)
    if not dry_run:
        say(f"Written to {clean(str(path))}. Next:")
        width = max(len(command) for command, _ in steps)
        for command, meaning in steps:
            emit(f"  {command:{width}}  # {meaning}")
