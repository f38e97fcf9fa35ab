"""Adds gitcoord's server to a client's configuration file. Keeps everything else in the file."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from gitcoord.cli.setup.hook_files import Change
from gitcoord.errors import usage_error

SDK = "mcp>=2.3,<3"
"""The requirement of the extra `mcp` in pyproject.toml."""
CLIENTS = {"claude": ".mcp.json", "cursor": ".cursor/mcp.json", "vscode": ".vscode/mcp.json"}
"""The configuration file of each client, relative to the repository's top."""
_TABLES = {"claude": "mcpServers", "cursor": "mcpServers", "vscode": "servers"}


def client_change(client: str, root: Path, *, allow_landing: bool) -> Change:
    """Returns the change that makes the client start `gitcoord mcp` in this project.

    Raises `bad-hooks-file` (exit 2) if the file is not a JSON object, or its table of servers is not one.
    """
    path = root / CLIENTS[client]
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        document: Any = json.loads(before) if before and before.strip() else {}
    except ValueError as error:
        raise usage_error("bad-hooks-file", f"{path} is not JSON: {error}.", "Correct or move it.") from error
    if not isinstance(document, dict) or not isinstance(document.get(_TABLES[client], {}), dict):
        message = f"{path} is not a JSON object in which {_TABLES[client]} is an object."
        raise usage_error("bad-hooks-file", message, "Correct or move it.")
    arguments = ["mcp", *(["--allow-landing"] if allow_landing else [])]
    server = {"command": "gitcoord", "args": arguments}
    if client == "vscode":
        server = {"type": "stdio", **server}
    servers = {**document.get(_TABLES[client], {}), "gitcoord": server}
    text = json.dumps({**document, _TABLES[client]: servers}, indent=2, ensure_ascii=False) + "\n"
    return Change(path=path, before=before, after=text)


def require_sdk() -> None:
    """Raises `usage` (exit 2) if the SDK is not installed."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        message = "The Model Context Protocol needs the package `mcp`, which is not installed here."
        raise usage_error("usage", message, f"Install it: `{install_command(sys.prefix, sys.executable)}`.")


def install_command(prefix: str, python: str) -> str:
    """Returns the command that installs the SDK: with pipx, uv or pip, whichever installed gitcoord."""
    parts = Path(prefix).parts
    if "pipx" in parts:
        return f"pipx inject gitcoord '{SDK}'"
    if "uv" in parts and "tools" in parts:
        return f"uv tool install --with '{SDK}' gitcoord"
    return f"{shlex.quote(python)} -m pip install '{SDK}'"
