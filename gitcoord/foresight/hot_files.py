"""Finds hot files: lock files, and append-only lists that many changes touch. Pure.

So many changes touch them that they do not show which two tasks conflict, and no grouping of tasks keeps
those changes apart. They are left out of the risk of pairs; a merge rule prevents their conflicts.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

HotKind = Literal["append", "lock", "rule"]
"""`rule`: a rule in the settings prevents conflicts in the file."""

RECENT: Final = 100
"""The number of recent changes to look at."""
_SHARE, _FEWEST_TOUCHES, _FEWEST_CHANGES = 0.2, 5, 20
_INSERTED: Final = 0.8
_TEXT_ENDING: Final = r"\.(md|markdown|rst|txt|adoc|asciidoc|org|rdoc|textile)"
_TEXT: Final = re.compile(rf"{_TEXT_ENDING}$|(^|/)[A-Z]+$")
_CHANGELOG: Final = re.compile(
    r"(^|/)(changes|change[-_]?log|history|news|releases?|release[-_]?notes|what'?s[-_]?new|authors|contributors)"
    rf"([-_.]?v?\d[\d._x-]*)?({_TEXT_ENDING})?$",
    re.IGNORECASE,
)
"""The name of a changelog or a list of people, also one for a version such as `CHANGES-2.0.md`."""
_LOCKS: Final = frozenset(
    name
    for line in (
        "cargo.lock package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb",
        "uv.lock poetry.lock pdm.lock pipfile.lock composer.lock gemfile.lock go.sum mix.lock pubspec.lock",
        "podfile.lock packages.lock.json gradle.lockfile flake.lock package.resolved paket.lock deno.lock",
        "cartfile.resolved .terraform.lock.hcl",
    )
    for name in line.split()
)


class EditCount(msgspec.Struct, frozen=True):
    """The changes to a file: `inserting` of its `hunks` deleted no line."""

    inserting: int
    hunks: int


def is_lock(path: str) -> bool:
    """Whether a package manager writes the file."""
    return path.rpartition("/")[2].lower() in _LOCKS


def often_touched(recent: Iterable[Iterable[str]]) -> list[str]:
    """Returns the paths that a fifth of the `recent` changes touched, and at least five of them, sorted.

    Returns nothing if there are fewer than 20 changes.
    """
    counts: dict[str, int] = {}
    changes = 0
    for paths in recent:
        changes += 1
        for path in paths:
            counts[path] = counts.get(path, 0) + 1
    if changes < _FEWEST_CHANGES:
        return []
    least = max(_FEWEST_TOUCHES, _SHARE * changes)
    return sorted(path for path, count in counts.items() if count >= least)


def hot_files(paths: Iterable[str], edits: Mapping[str, EditCount]) -> dict[str, HotKind]:
    """Returns the hot files among `paths`, with their kind; `edits`: those of files that are often touched.

    Of those, only append-only lists are hot (`grows`). Any other one is a hub: two tasks that change it
    probably conflict. A lock file is hot even if it is rarely touched.
    """
    found: dict[str, HotKind] = {}
    for path in paths:
        if is_lock(path):
            found[path] = "lock"
    for path, count in edits.items():
        if path not in found and grows(path, count):
            found[path] = "append"
    return found


def is_changelog(path: str) -> bool:
    """Whether the file is, by its name, a text to which nearly every change adds an entry."""
    return _CHANGELOG.search(path) is not None


def is_text(path: str) -> bool:
    """Whether the file is, by its name, a text for people."""
    return is_changelog(path) or _TEXT.search(path) is not None


def grows(path: str, edits: EditCount | None) -> bool:
    """Whether the file is an append-only list: its name says so, or most of its hunks only insert."""
    if is_changelog(path):
        return True
    return edits is not None and edits.hunks > 0 and edits.inserting >= _INSERTED * edits.hunks
