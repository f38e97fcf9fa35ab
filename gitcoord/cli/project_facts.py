"""Finds a repository's base, remote, task lists, checks and agents, for the first settings."""

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.open_forge import is_github
from gitcoord.errors import GitcoordError
from gitcoord.tasks.sources.kinds import TASKMASTER, find_lists
from gitcoord.worker.attempt.agent_presets import PRESETS

_TARGET = re.compile(rb"^(test|check)\s*:(?!=)", re.MULTILINE)
_NO_TEST = "no test specified"
"""The text that npm writes into a package without tests."""
_LOCKS = (("pnpm-lock.yaml", "pnpm test"), ("yarn.lock", "yarn test"), ("bun.lockb", "bun test"))
_MOST_BYTES = 1 << 20


class CheckFound(msgspec.Struct, frozen=True, kw_only=True):
    """A command that checks the project, and the file in which it was found."""

    command: str
    source: str


class ProjectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a repository, best first. `lists` are `KIND:PATH`; `base` is None without a branch."""

    base: str | None
    remote: str | None
    github: bool
    checks: tuple[CheckFound, ...]
    agents: tuple[str, ...]
    lists: tuple[str, ...]


def find_facts(context: Context, root: Path) -> ProjectFacts:
    """Reads the working tree, the remote's branches and PATH."""
    context.shared.refresh()
    lists = [*find_lists(root, (TASKMASTER,)), *find_lists(root)]
    try:
        base = context.base()
    except GitcoordError:
        base = None
    return ProjectFacts(
        base=base,
        remote=context.repository.remote,
        github=is_github(context.repository.remote_url),
        checks=tuple(_checks(root)),
        agents=tuple(name for name in PRESETS if shutil.which(name)),
        lists=tuple(f"{one.kind}:{one.path.relative_to(root)}" for one in lists),
    )


def _checks(root: Path) -> Iterator[CheckFound]:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if target := _TARGET.search(_read(root / name)):
            yield CheckFound(command=f"make {target[1].decode()}", source=name)
            break
    if (root / "scripts" / "test").is_file():
        yield CheckFound(command="scripts/test", source="scripts/test")
    scripts = _json(root / "package.json").get("scripts")
    if isinstance(scripts, dict) and _NO_TEST not in str(scripts.get("test", _NO_TEST)):
        manager = next((command for lock, command in _LOCKS if (root / lock).is_file()), "npm test")
        yield CheckFound(command=manager, source="package.json")
    if (root / "Cargo.toml").is_file():
        yield CheckFound(command="cargo test", source="Cargo.toml")
    if (root / "go.mod").is_file():
        yield CheckFound(command="go test ./...", source="go.mod")
    if (root / "tox.ini").is_file():
        yield CheckFound(command="tox", source="tox.ini")
    tools = _toml(root / "pyproject.toml").get("tool")
    configured = isinstance(tools, dict) and "pytest" in tools
    if configured or (root / "pytest.ini").is_file() or (root / "tests" / "conftest.py").is_file():
        yield CheckFound(command="pytest -q", source="pyproject.toml" if configured else "tests")


def _read(path: Path) -> bytes:
    """Returns the start of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(_read(path) or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(path).decode())
    except ValueError:  # not TOML, or not UTF-8
        return {}
