"""Finds processes that work in a directory, which must then not be removed."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil


def users_of(directories: Collection[Path]) -> dict[Path, str]:
    """Returns the directories in which a process works or has open files, each with one such process.

    A process is named as in `vim (1234)`. The system may hide processes of other users.
    """
    wanted = {Path(os.path.realpath(directory)): directory for directory in directories}
    found: dict[Path, str] = {}
    for process in psutil.process_iter(["pid", "name"]) if wanted else ():
        for place in _places(process):
            for above in (Path(place), *Path(place).parents):
                if above in wanted:
                    found.setdefault(wanted[above], f"{process.info['name']} ({process.info['pid']})")
    return found


def _places(process: psutil.Process) -> Iterator[str]:
    try:
        yield process.cwd()
        yield from (file.path for file in process.open_files())
    except (psutil.Error, OSError):
        return
