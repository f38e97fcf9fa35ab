"""Reads refs by their exact names, without revision syntax, and distinguishes broken refs from missing ones.

Also finds names that exclude each other: git stores refs like files, so a ref cannot be another's directory.
"""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.git.failures import broken_refs
from gitcoord.git.git_cli import Git, Oid


class Refs(msgspec.Struct, frozen=True):
    """The commits of refs, by full name; `broken` are refs that git cannot read."""

    targets: dict[str, Oid]
    broken: tuple[str, ...]

    def moved(self, moves: Mapping[str, Oid | None]) -> "Refs":
        """Returns the refs after the `moves`; None deletes a ref."""
        targets = {**self.targets, **moves}
        return Refs({ref: oid for ref, oid in targets.items() if oid is not None}, self.broken)


def read_refs(git: Git, *names: str) -> Refs:
    """Returns the refs `names` and all refs under them."""
    patterns = (name.rstrip("/") for name in names)
    ended = git.run("for-each-ref", "--format=%(objectname) %(refname)", "--", *patterns)
    pairs = (line.split(" ", 1) for line in ended.text.split("\n") if line)
    return Refs({ref: oid for oid, ref in pairs}, broken_refs(ended.stderr))


def unreadable_refs(git: Git) -> tuple[str, ...]:
    """Returns the refs of this repository that are broken, or whose objects are missing."""
    refs = read_refs(git, "refs/")
    asked = "".join(f"{oid}\n" for oid in refs.targets.values()).encode()
    told = git.run("cat-file", "--batch-check", input=asked, ok=()).text.split("\n") if asked else []
    missing = [ref for ref, line in zip(refs.targets, told, strict=False) if line.endswith(" missing")]
    return (*missing, *refs.broken)


def name_clashes(wanted: Iterable[str], known: Iterable[str], *, ignore_case: bool = False) -> dict[str, str]:
    """Returns each of the `wanted` refs that cannot be made, with the one of the `known` refs in its way.

    `ignore_case`: the file system does not distinguish case in names (`core.ignorecase`).
    """
    names = {_key(name, ignore_case): name for name in known}
    below: dict[str, str] = {}
    for key, name in names.items():
        below.update(dict.fromkeys(_directories(key), name))
    refs = list(wanted)
    keys = [ref.casefold() for ref in refs] if ignore_case else refs
    above = _names_above(keys, names)
    if not above and names.keys().isdisjoint(keys) and below.keys().isdisjoint(keys):
        return {}
    found: dict[str, str] = {}
    for ref, key in zip(refs, keys, strict=True):
        other: str | None = names.get(key, ref)
        if other == ref:
            other = below.get(key)
        if other is None:
            other = above.get(key.rpartition("/")[0])
        if other is not None:
            found[ref] = other
    return found


def _names_above(keys: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """Returns, for each directory of `keys`, the first of the `names` that is that directory or above it."""
    found: dict[str, str] = {}
    for place in {key.rpartition("/")[0] for key in keys}:  # Many refs are in the same directory.
        above = next((names[one] for one in _directories(f"{place}/") if one in names), None)
        if above is not None:
            found[place] = above
    return found


def _key(name: str, ignore_case: bool) -> str:
    return name.casefold() if ignore_case else name


def _directories(name: str) -> list[str]:
    """Returns the directories that a ref needs, below `refs/heads`."""
    parts = name.split("/")
    return ["/".join(parts[:length]) for length in range(3, len(parts))]
