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
_LOCKS = (
    ("pnpm-lock.yaml", "pnpm test"),
    ("yarn.lock", "yarn test"),
    ("bun.lock", "bun test"),
    ("bun.lockb", "bun test"),
)
_KINDS = (
    (("Cargo.toml",), "cargo test"),
    (("go.mod",), "go test ./..."),
    (("mvnw",), "./mvnw --quiet test"),
    (("pom.xml",), "mvn --quiet test"),
    (("gradlew",), "./gradlew test"),
    (("build.gradle", "build.gradle.kts"), "gradle test"),
    (("*.sln", "*.slnx"), "dotnet test"),
    (("mix.exs",), "mix test"),
    (("Package.swift",), "swift test"),
    (("build.zig",), "zig build test"),
    (("deno.json", "deno.jsonc"), "deno test"),
    (("MODULE.bazel", "WORKSPACE.bazel"), "bazel test //..."),
    ((".rspec",), "bundle exec rspec"),
    (("tox.ini",), "tox"),
    (("noxfile.py",), "nox"),
)
"""Files at the top of a project, each with its test command; a wrapper is before the tool that it wraps."""
_WRAPPED = {"mvn --quiet test": "mvnw", "gradle test": "gradlew"}
_RECIPE = re.compile(rb"^@?(test|check)\b[^:=\n]*:(?!=)", re.MULTILINE)
_SETUPS = (
    ("package-lock.json", "npm ci"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    ("yarn.lock", "yarn install --frozen-lockfile"),
    ("bun.lock", "bun install --frozen-lockfile"),
    ("uv.lock", "uv sync"),
    ("poetry.lock", "poetry install"),
    ("Gemfile.lock", "bundle install"),
    ("composer.lock", "composer install"),
)
_RUNNERS = (("uv.lock", "uv run "), ("poetry.lock", "poetry run "), ("pdm.lock", "pdm run "))
_MOST_BYTES = 1 << 20


class CommandFound(msgspec.Struct, frozen=True, kw_only=True):
    """A command that checks or prepares the project, and the file in which it was found."""

    command: str
    source: str


class ProjectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a repository; each tuple has the best choice first.

    `lists` has the form `KIND:PATH`; `base` is None if no base branch was found.
    """

    base: str | None
    remote: str | None
    github: bool
    checks: tuple[CommandFound, ...]
    agents: tuple[str, ...]
    lists: tuple[str, ...]
    setups: tuple[CommandFound, ...] = ()
    """The commands that install the dependencies of a new checkout."""
    problem: str = ""
    """Why the remote was not read; the facts then come from this clone."""


def find_facts(context: Context, root: Path) -> ProjectFacts:
    """Reads the working tree, the remote's branches and PATH."""
    problem = ""
    try:
        context.shared.refresh()
    except GitcoordError as error:
        problem = error.message
    lists = [*find_lists(root, (TASKMASTER,)), *find_lists(root)]
    base: str | None
    try:
        base = context.base()
    except GitcoordError:
        base = _own_base(context) if problem else None
    return ProjectFacts(
        base=base,
        remote=context.repository.remote,
        github=is_github(context.repository.remote_url),
        checks=tuple(_checks(root)),
        agents=tuple(name for name in PRESETS if shutil.which(name)),
        lists=tuple(f"{one.kind}:{one.path.relative_to(root)}" for one in lists),
        setups=tuple(
            CommandFound(command=command, source=name) for name, command in _SETUPS if (root / name).is_file()
        ),
        problem=problem,
    )


def _own_base(context: Context) -> str | None:
    """Returns the remote's default branch as this clone knows it, else the branch that is checked out."""
    prefix = f"refs/remotes/{context.repository.remote}/"
    known = context.repository.git.probe("symbolic-ref", "--quiet", f"{prefix}HEAD")
    return (known or "").removeprefix(prefix) or context.repository.current_branch()


def _checks(root: Path) -> Iterator[CommandFound]:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        if target := _TARGET.search(_read(root / name)):
            yield CommandFound(command=f"make {target[1].decode()}", source=name)
            break
    for name in ("justfile", "Justfile", ".justfile"):
        if target := _RECIPE.search(_read(root / name)):
            yield CommandFound(command=f"just {target[1].decode()}", source=name)
            break
    if (root / "scripts" / "test").is_file():
        yield CommandFound(command="scripts/test", source="scripts/test")
    scripts = _json(root / "package.json").get("scripts")
    if isinstance(scripts, dict) and _NO_TEST not in str(scripts.get("test", _NO_TEST)):
        manager = next((command for lock, command in _LOCKS if (root / lock).is_file()), "npm test")
        yield CommandFound(command=manager, source="package.json")
    for names, command in _KINDS:
        found = next((name for pattern in names for name in _names(root, pattern)), None)
        wrapper = _WRAPPED.get(command)
        if found is not None and not (wrapper and (root / wrapper).is_file()):
            yield CommandFound(command=command, source=found)
    tools = _toml(root / "pyproject.toml").get("tool")
    configured = isinstance(tools, dict) and "pytest" in tools
    if configured or (root / "pytest.ini").is_file() or (root / "tests" / "conftest.py").is_file():
        runner = next((words for lock, words in _RUNNERS if (root / lock).is_file()), "")
        yield CommandFound(command=f"{runner}pytest -q", source="pyproject.toml" if configured else "tests")


def _names(root: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in root.glob(pattern) if path.is_file())


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
