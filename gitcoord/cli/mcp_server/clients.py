"""The files in which clients look for servers: what gitcoord adds to them. Nothing else in them changes."""

import json
from pathlib import Path
from typing import Any

from gitcoord.cli.hook_files import Change
from gitcoord.errors import usage_error

CLIENTS = {"claude": ".mcp.json", "cursor": ".cursor/mcp.json", "vscode": ".vscode/mcp.json"}
"""Files of a project, relative to the repository's top."""
_TABLES = {"claude": "mcpServers", "cursor": "mcpServers", "vscode": "servers"}


def client_change(client: str, root: Path, *, allow_landing: bool) -> Change:
    """What has to change so that the client starts `gitcoord mcp` in this project.

    Raises `bad-hooks-file` (exit 2) for a file that cannot be read as it should be.
    """
    path = root / CLIENTS[client]
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        document: Any = json.loads(before) if before and before.strip() else {}
    except ValueError as error:
        raise usage_error("bad-hooks-file", f"{path} is no JSON: {error}.", "Correct or move it.") from error
    if not isinstance(document, dict) or not isinstance(document.get(_TABLES[client], {}), dict):
        raise usage_error("bad-hooks-file", f"{path} has no table {_TABLES[client]}.", "Correct or move it.")
    arguments = ["mcp", *(["--allow-landing"] if allow_landing else [])]
    server = {"command": "gitcoord", "args": arguments}
    if client == "vscode":
        server = {"type": "stdio", **server}
    servers = {**document.get(_TABLES[client], {}), "gitcoord": server}
    text = json.dumps({**document, _TABLES[client]: servers}, indent=2, ensure_ascii=False) + "\n"
    return Change(path=path, before=before, after=text)


def require_sdk() -> None:
    """Raises `usage` (exit 2) where the SDK is not installed."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        message = "The Model Context Protocol needs a package that is not installed here."
        raise usage_error("usage", message, "Install it: pip install 'gitcoord[mcp]'.")
