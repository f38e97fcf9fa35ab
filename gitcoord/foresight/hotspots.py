"""Finds files in which past changes would have conflicted, and remedies. Pure."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from gitcoord.foresight.hot_files import EditCount, grows, is_changelog, is_lock, is_text
from gitcoord.foresight.past_conflicts import PastPair

Remedy = Literal["union", "regenerate", "exclusive", "split"]
"""What prevents conflicts in a file: the rule of that name, or, for `split`, splitting the file.

`union` keeps the lines of both sides, `regenerate` runs a command that generates the file, and `exclusive`
lets only one task at a time change it.
"""
_NPM: Final = "npm install --package-lock-only --ignore-scripts --no-audit --no-fund"
_MADE_BY: Final = {
    "uv.lock": "uv lock",
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock --update-reuse",
    "package-lock.json": _NPM,
    "npm-shrinkwrap.json": _NPM,
    "pnpm-lock.yaml": "pnpm install --lockfile-only --ignore-scripts",
    "bun.lock": "bun install --lockfile-only",
    "Cargo.lock": "cargo update --workspace",
    "Gemfile.lock": "bundle lock",
    "go.sum": "go mod tidy",
    "flake.lock": "nix flake lock",
}
"""The command that regenerates a lock file and keeps the versions that still fit."""

_LEAST_CONFLICTS: Final = 2


class Hotspot(msgspec.Struct, frozen=True, kw_only=True):
    """A file in which changes conflicted.

    `shared` pairs of changes touched the file, `conflicts` pairs conflicted in it, and `alone` pairs
    conflicted in no other file.
    """

    path: str
    kind: Literal["append", "lock", "hub"]
    remedy: Remedy
    shared: int
    conflicts: int
    alone: int
    command: str = ""
    """The command that regenerates the file, if the remedy is `regenerate`."""


class HotspotReport(msgspec.Struct, frozen=True, kw_only=True):
    """The hotspots in the newest `changes` changes of the base.

    Of the `pairs` of changes that were close in time, `conflicts` conflicted. The suggested rules would have
    prevented `removed` of these.
    """

    changes: int
    pairs: int
    conflicts: int
    removed: int
    hotspots: tuple[Hotspot, ...] = ()

    def rules(self) -> dict[str, list[str] | dict[str, str]]:
        """Returns the patterns for each rule; for `regenerate`, with their commands."""
        found: dict[str, list[str] | dict[str, str]] = {}
        for remedy in ("union", "exclusive"):
            if patterns := [pattern_of(spot.path) for spot in self.hotspots if spot.remedy == remedy]:
                found[remedy] = patterns
        made = {pattern_of(spot.path): spot.command for spot in self.hotspots if spot.command}
        return {**found, "regenerate": made} if made else found


def without_paths_of_rules(pairs: Iterable[PastPair], ruled: Container[str]) -> list[PastPair]:
    """Removes the paths `ruled` from the pairs; a pair of which none remains no longer conflicts."""
    found = []
    for pair in pairs:
        left = frozenset(path for path in pair.paths if path not in ruled)
        conflict = pair.conflict and not (pair.paths and not left)
        found.append(
            PastPair(shared=pair.shared, conflict=conflict, paths=left, structural=pair.structural & left)
        )
    return found


def conflicting_paths(pairs: Iterable[PastPair]) -> list[str]:
    """Returns the paths with at least two conflicts, those with the most first.

    One conflict is enough in a lock file or a changelog: its name already says which rule helps.
    """
    counts: dict[str, int] = {}
    for pair in pairs:
        for path in pair.paths if pair.conflict else ():
            counts[path] = counts.get(path, 0) + 1
    worst = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [path for path, count in worst if count >= _LEAST_CONFLICTS or is_lock(path) or is_changelog(path)]


def find_hotspots(
    changes: int,
    compared: int,
    pairs: Sequence[PastPair],
    edits: Mapping[str, EditCount],
    has_program: Callable[[str], bool] = lambda name: True,
) -> HotspotReport:
    """Makes the report from `pairs`: of the `compared` pairs, those that share a file.

    `edits` counts the edits of each path in `conflicting_paths(pairs)`. `has_program` returns whether a
    program is installed.
    """
    found = []
    conflicts = [pair for pair in pairs if pair.conflict]
    for path in conflicting_paths(pairs):
        kind: Literal["append", "lock", "hub"] = "hub"
        if is_lock(path):
            kind = "lock"
        elif grows(path, edits.get(path)):
            kind = "append"
        command = _MADE_BY.get(path.rpartition("/")[2], "")
        command = command if command and has_program(command.split()[0]) else ""
        remedy = "regenerate" if command else _remedy(path, kind)
        count = sum(path in pair.paths for pair in conflicts)
        if remedy == "exclusive" and count < _LEAST_CONFLICTS:
            continue  # The rule would separate tasks at every change of the file, for a single conflict.
        found.append(
            Hotspot(
                path=path,
                kind=kind,
                remedy=remedy,
                command=command,
                shared=sum(path in pair.shared for pair in pairs),
                conflicts=count,
                alone=sum(pair.paths == {path} for pair in conflicts),
            )
        )
    merged = {spot.path for spot in found if spot.remedy in ("union", "regenerate")}
    apart = {spot.path for spot in found if spot.remedy == "exclusive"}
    return HotspotReport(
        changes=changes,
        pairs=compared,
        conflicts=len(conflicts),
        removed=sum(
            bool(pair.paths) and pair.paths <= (merged - pair.structural) | apart for pair in conflicts
        ),
        hotspots=tuple(found),
    )


def pattern_of(path: str) -> str:
    """Returns the pattern that matches only this path."""
    escaped = re.sub(r"([\\*?\[])", r"\\\1", path)
    return f"/{escaped}"


def _remedy(path: str, kind: str) -> Remedy:
    if kind == "lock":
        return "exclusive"
    # A union may put lines in any order: that is fine in a list for people, but not in code.
    return "union" if kind == "append" and is_text(path) else "split"
