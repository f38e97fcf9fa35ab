"""Generated files: when and where to run their commands, and changes that touch no other files. Pure."""

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
"""The sources of well-known generated files, by name. A source in any directory counts, as in workspaces."""
_WILD = frozenset("*?[")


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """A command that generates `paths`, in `directory` (empty: the top)."""

    command: str
    directory: str
    paths: tuple[str, ...]


def makers(book: Rulebook, changed: Collection[str], present: Iterable[str]) -> tuple[Maker, ...]:
    """Returns the commands to run after changes in `changed` paths, for the files that are `present`.

    A well-known file is generated again if it or one of its sources changed; any other after every change.
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
    """Returns the generated files of a change that touches nothing else.

    Somebody ran the command with other arguments, which no file records: generating again would lose the
    change.
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
    """Returns the directory in which to run the command: the file's own, or the top."""
    if path.rpartition("/")[2] in _MADE_FROM:
        return path.rpartition("/")[0]
    above, _, name = pattern.rstrip("/").rpartition("/")
    is_one_name = pattern == pattern.rstrip("/") and _WILD.isdisjoint(name)
    anywhere = not above if "/" not in pattern else not _WILD.isdisjoint(above)
    return path.rpartition("/")[0] if is_one_name and anywhere else ""
