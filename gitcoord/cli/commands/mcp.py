"""`gitcoord mcp`: serves the commands as tools of the Model Context Protocol, and adds itself to clients."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun

_AllowLanding = Annotated[
    bool, typer.Option("--allow-landing", help="Offer merge_level, land and rollback, too.")
]
_Directory = Annotated[
    Path, typer.Option("--directory", metavar="DIR", help="The repository (default: the current directory).")
]

_EPILOG = """\b
Examples:
  gitcoord mcp install claude  # .mcp.json: Claude Code starts the server
  gitcoord mcp install codex   # print the command that adds it to Codex
  gitcoord mcp                 # serve on stdin and stdout
"""

mcp = typer.Typer(
    name="mcp",
    help="Serve the commands as tools of the Model Context Protocol, on stdin and stdout.",
    short_help="Serve the commands to agents (Model Context Protocol).",
    epilog=_EPILOG,
    rich_markup_mode=None,
)
app.add_typer(mcp)


@mcp.callback(invoke_without_command=True)
def serve(
    context: typer.Context, directory: _Directory = Path(), allow_landing: _AllowLanding = False
) -> None:
    """Serve the commands as tools of the Model Context Protocol, on stdin and stdout.

    The results are the documented JSON documents. Without --allow-landing no tool lands work or rolls it
    back.
    """
    if context.invoked_subcommand is not None:
        return
    from gitcoord.cli.mcp_server.clients import require_sdk
    from gitcoord.errors import usage_error

    require_sdk()
    if not directory.is_dir():
        raise usage_error("usage", f"{directory} is not a directory.", "Give the repository's directory.")
    from gitcoord.cli.mcp_server.server import make_server

    make_server(directory.absolute(), allow_landing=allow_landing).run("stdio")


@mcp.command("install", epilog=_EPILOG)
def install(
    client: Annotated[
        Literal["claude", "codex", "cursor", "vscode"],
        typer.Argument(help="The program that uses the server."),
    ],
    allow_landing: _AllowLanding = False,
    dry_run: DryRun = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.mcp-install/1 document on stdout.")
    ] = False,
) -> None:
    """Add the server to a client's configuration in this project. Keeps everything else in the file.

    For Codex, which keeps servers in the user's configuration, only prints the command that adds the server.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.mcp_server.clients import client_change, require_sdk
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.errors import usage_error

    require_sdk()
    words = ["gitcoord", "mcp", *(["--allow-landing"] if allow_landing else [])]
    if client == "codex":
        command = " ".join(["codex mcp add gitcoord --", *words])
        if as_json:
            emit_json("mcp-install", {"client": client, "command": command})
        else:
            emit(command)
        return
    root = open_context(reads=dry_run, several=True).repository.root
    if root is None:
        message = "A bare repository has no configuration for a client."
        raise usage_error("usage", message, "Run it in a working tree.")
    change = client_change(client, root, allow_landing=allow_landing)
    changed = change.before != change.after
    if changed and not dry_run:
        change.make()
    if as_json:
        emit_json("mcp-install", {"client": client, "file": str(change.path), "changed": changed})
    elif not changed:
        emit(clean(f"{change.path} already names the server."))
    else:
        emit(clean(f"{change.path} {'would name' if dry_run else 'names'} the server: {' '.join(words)}"))
        if not dry_run:
            emit("Commit the file, so that every clone and every task's branch has it.")
