"""Lists paths by a pattern, in directories that others may remove meanwhile."""

import glob
from pathlib import Path


def matching_paths(directory: Path, pattern: str) -> list[Path]:
    """Returns the paths under `directory` that match `pattern`, in any order.

    `**` in the pattern stands for any directories, also none.
    Leaves out a directory that is missing or cannot be read. Before Python 3.13, `Path.glob` raises
    FileNotFoundError if a directory disappears while it is listed.
    Source: https://docs.python.org/3/library/pathlib.html#pathlib.Path.glob
    """
    found = glob.glob(pattern, root_dir=directory, recursive=True, include_hidden=True)  # noqa: PTH207
    return [directory / name for name in found]
