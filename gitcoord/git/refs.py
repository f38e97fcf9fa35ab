"""Refs read by their exact names: no revision syntax, no guessing, and broken ones told from missing ones."""

from collections.abc import Mapping

import msgspec

from gitcoord.git.failures import broken_refs
from gitcoord.git.git_cli import Git, Oid


class Refs(msgspec.Struct, frozen=True):
    """Where refs point, by their full names; `broken` names those whose target git cannot even read."""

    targets: dict[str, Oid]
    broken: tuple[str, ...]

    def moved(self, moves: Mapping[str, Oid | None]) -> "Refs":
        """The refs after some have moved; to None is away."""
        targets = {**self.targets, **moves}
        return Refs({ref: oid for ref, oid in targets.items() if oid is not None}, self.broken)


def read_refs(git: Git, *names: str) -> Refs:
    """The refs `names` and every ref under them."""
    patterns = (name.rstrip("/") for name in names)
    ended = git.run("for-each-ref", "--format=%(objectname) %(refname)", "--", *patterns)
    pairs = (line.split(" ", 1) for line in ended.text.split("\n") if line)
    return Refs({ref: oid for oid, ref in pairs}, broken_refs(ended.stderr))
