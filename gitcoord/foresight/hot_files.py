"""Files that nearly every change touches: lists that grow, and what tools generate. Pure.

They say nothing about which two changes conflict, and no order of tasks keeps changes to them apart. They are
left out of the risk of pairs, and are mended for good by a merge rule.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

HotKind = Literal["append", "lock", "rule"]

RECENT: Final = 100
"""Changes that are looked at."""
_SHARE, _FEWEST_TOUCHES, _FEWEST_CHANGES = 0.2, 5, 20
_INSERTED: Final = 0.8
_CHANGELOG: Final = re.compile(
    r"(^|/)(changes|changelog|history|news|releases?|release[-_]notes|authors|contributors)(\.[a-z]+)?$",
    re.IGNORECASE,
)
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
    """How the changes to a file looked: `inserting` of `hunks` took no line away."""

    inserting: int
    hunks: int


def is_lock(path: str) -> bool:
    """Whether a package manager writes the file."""
    return path.rpartition("/")[2].lower() in _LOCKS


def often_touched(recent: Iterable[Iterable[str]]) -> list[str]:
    """The paths that at least a fifth of the `recent` changes touched, sorted; none of a short history."""
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
    """Those of `paths` that are of no use for telling pairs apart; `edits` are of those often touched.

    A file that is often touched is a list that grows by its name, or since its hunks only insert. Any other
    one is a hub: two tasks that change it may well conflict.
    """
    found: dict[str, HotKind] = {}
    for path in paths:
        if is_lock(path):
            found[path] = "lock"
    for path, count in edits.items():
        if path not in found and grows(path, count):
            found[path] = "append"
    return found


def grows(path: str, edits: EditCount | None) -> bool:
    """Whether the file is a list that grows: by its name, or since its hunks only insert."""
    if _CHANGELOG.search(path):
        return True
    return edits is not None and edits.hunks > 0 and edits.inserting >= _INSERTED * edits.hunks
