"""Finds files of the package: its docs and the start script of worker containers.

In a wheel they are in `gitcoord/files/`, in a checkout in their own directories.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def packaged(name: str) -> Path:
    """Returns the path of the file or directory `name`, such as `docs` or `scripts/container-base.sh`."""
    inside = _PACKAGE / "files" / name
    return inside if inside.exists() else _PACKAGE.parent / name
