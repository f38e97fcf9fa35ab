"""`gitcoord --version --json`: prints the installed versions, for bug reports."""

import platform
import re
import subprocess
import sys
from importlib import metadata

from gitcoord import __version__
from gitcoord.cli.views.output import emit_json

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def print_versions() -> None:
    """Prints one document `gitcoord.version/1`."""
    packages = {name: _version(name) for name in ("gitcoord", *_needed())}
    packages["gitcoord"] = packages["gitcoord"] or __version__
    emit_json(
        "version",
        {
            "version": __version__,
            "python": platform.python_version(),
            "executable": sys.executable,
            "platform": platform.platform(),
            "git": _git(),
            "packages": packages,
        },
    )


def _needed() -> list[str]:
    """Returns the names of the packages that gitcoord needs, with those of the extra `mcp`."""
    try:
        wanted = metadata.requires("gitcoord") or []
    except metadata.PackageNotFoundError:  # it runs from its sources
        return []
    parts = [one.partition(";") for one in wanted]
    own = [name for name, _, condition in parts if "extra" not in condition or "mcp" in condition]
    return sorted({found[0] for name in own if (found := _NAME.match(name))})


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git() -> str | None:
    try:
        ended = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ended.stdout.removeprefix("git version ").strip()
