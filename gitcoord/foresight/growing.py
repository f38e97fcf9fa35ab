"""Directories to which changes add numbered files, such as migrations: two tasks may take the same number.
Pure.

No text names the file that a task will add there. But if the models expect that a task changes an existing
file there, it probably adds the next one instead.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

_NUMBERED: Final = re.compile(r"([VvUu]?)(\d+)(?:__|[_-])")
_DATED: Final = re.compile(r"(19|20)\d\d(\d\d){2}|(19|20)\d\d[._-]\d\d[._-]\d\d")
_FEWEST_FILES: Final = 4
_LEAST_DIFFERENT: Final = 0.8
"""The minimum share of a directory's numbered files with a unique number."""
_LEAST_RATE: Final = 0.5
_LEAST_CHANCE: Final = 0.01


class GrowingDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """A directory of numbered files. `next_file`: the file of the next change, with `*` for its words.

    `rate`: the share of the changes in the directory that add a file.
    """

    next_file: str
    files: tuple[str, ...]
    rate: float


def growing_directories(
    paths: Iterable[str], changes: Iterable[Iterable[str]]
) -> tuple[GrowingDirectory, ...]:
    """Finds growing directories among the tree's `paths`; `changes`: paths of past changes, oldest first."""
    numbered: dict[str, dict[str, re.Match[str]]] = {}
    for path in paths:
        directory, _, name = path.rpartition("/")
        if (found := _NUMBERED.match(name)) and not _DATED.match(name):
            numbered.setdefault(directory, {})[path] = found
    many = {directory: files for directory, files in numbered.items() if len(files) >= _FEWEST_FILES}
    if not many:
        return ()
    of = {path: directory for directory, files in many.items() for path in files}
    visits, additions, seen = dict.fromkeys(many, 0), dict.fromkeys(many, 0), set[str]()
    for change in changes:
        here = [path for path in change if path in of]
        for directory in {of[path] for path in here}:
            visits[directory] += 1
            additions[directory] += any(of[path] == directory and path not in seen for path in here)
        seen.update(here)
    found_ones = []
    for directory, files in sorted(many.items()):
        numbers = {(one[1].upper(), int(one[2])) for one in files.values()}
        rate = additions[directory] / visits[directory] if visits[directory] else 0.0
        if len(numbers) >= _LEAST_DIFFERENT * len(files) and rate >= _LEAST_RATE:
            last = max(files.values(), key=lambda one: int(one[2]))
            name = f"{last[1]}{int(last[2]) + 1:0{len(last[2])}}_*"
            place = f"{directory}/{name}" if directory else name
            found_ones.append(GrowingDirectory(next_file=place, files=tuple(files), rate=rate))
    return tuple(found_ones)


def next_file_chances(growing: Iterable[GrowingDirectory], chances: Mapping[str, float]) -> dict[str, float]:
    """Returns the next file of each directory with the chance that a task adds it, if that is 1 % or more.

    `chances`: how likely the task changes each existing file.
    """
    found = {}
    for one in growing:
        none = math.fsum(math.log1p(-min(0.99, chances.get(path, 0.0))) for path in one.files)
        chance = one.rate * (1 - math.exp(none))
        if chance >= _LEAST_CHANCE:
            found[one.next_file] = chance
    return found
