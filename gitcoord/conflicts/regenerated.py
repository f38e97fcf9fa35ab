"""Files that a command makes anew: when that is due, where it runs, and who changed nothing else. Pure."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from gitcoord.conflicts.changes import Changes
from gitcoord.conflicts.rules import Rulebook

_PYTHON = ("pyproject.toml", "setup.py", "setup.cfg")
_MADE_FROM: Final = {
    "uv.lock": (*_PYTHON, "uv.toml"),
    "poetry.lock": _PYTHON,
    "pdm.lock": _PYTHON,
    "Pipfile.lock": ("Pipfile",),
    "package-lock.json": ("package.json", ".npmrc"),
    "npm-shrinkwrap.json": ("package.json", ".npmrc"),
    "pnpm-lock.yaml": ("package.json", "pnpm-workspace.yaml", ".npmrc"),
    "yarn.lock": ("package.json", ".yarnrc.yml"),
    "bun.lock": ("package.json",),
    "Cargo.lock": ("Cargo.toml",),
    "go.sum": ("go.mod", "*.go"),
    "Gemfile.lock": ("Gemfile", "*.gemspec"),
    "composer.lock": ("composer.json",),
}
"""What well-known files are made from, by name, wherever that lies: all of a workspace counts."""
_WILD = frozenset("*?[")


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """A command that makes `paths` anew, in `directory` (empty: the top)."""

    command: str
    directory: str
    paths: tuple[str, ...]


def makers(book: Rulebook, changed: Collection[str], present: Iterable[str]) -> tuple[Maker, ...]:
    """The commands that are due once `changed` paths have changed, of files that are `present`.

    A well-known file is due when it changed or one that it is made from; any other with every change.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(book.by("regenerate", present)):
        rule = book.decide(path)
        if rule is not None and _is_due(path, changed):
            place = _directory(rule.pattern, path)
            found.setdefault((book.commands[rule.pattern], place), []).append(path)
    order = list(book.commands.values())
    return tuple(
        Maker(command=command, directory=directory, paths=tuple(paths))
        for (command, directory), paths in sorted(found.items(), key=lambda one: order.index(one[0][0]))
    )


def changed_alone(book: Rulebook, changes: Changes) -> frozenset[str]:
    """The files to be made anew of a change that touches nothing else.

    What the command was told then is in no other file: made anew from another one, they would lose it.
    """
    if "regenerate" not in book.patterns or not changes.paths:
        return frozenset()
    own = book.by("regenerate", changes.paths)
    return frozenset(own) if len(own) == len(changes.paths) else frozenset()


def _is_due(path: str, changed: Collection[str]) -> bool:
    made_from = _MADE_FROM.get(path.rpartition("/")[2])
    if made_from is None or path in changed:
        return bool(changed)
    names = {other.rpartition("/")[2] for other in changed}
    return any(fnmatchcase(name, pattern) for name in names for pattern in made_from)


def _directory(pattern: str, path: str) -> str:
    """Where a command runs: beside a well-known file, or one that its pattern names in any directory."""
    if path.rpartition("/")[2] in _MADE_FROM:
        return path.rpartition("/")[0]
    above, _, name = pattern.rstrip("/").rpartition("/")
    is_one_name = pattern == pattern.rstrip("/") and _WILD.isdisjoint(name)
    anywhere = not above if "/" not in pattern else not _WILD.isdisjoint(above)
    return path.rpartition("/")[0] if is_one_name and anywhere else ""
