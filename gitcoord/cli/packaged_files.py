"""Files that the package holds: its documents and the start script of worker containers.

In a wheel they lie in `gitcoord/files/`; in a checkout where they are kept.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def packaged(name: str) -> Path:
    """The file or directory `name`, such as `docs` or `scripts/container-base.sh`."""
    inside = _PACKAGE / "files" / name
    return inside if inside.exists() else _PACKAGE.parent / name
