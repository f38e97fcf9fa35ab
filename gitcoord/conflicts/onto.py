"""Bringing every branch onto the base as it is now, in memory: the question that landing asks.

The merges keep their real history. It matters: where a branch and the base made the same change, git
sees two changes and not none.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gitcoord.conflicts.history import Fork
from gitcoord.git.merges import merge_trees
from gitcoord.git.run import Git, Oid

UNRELATED = "it has no commit in common with the base"


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A branch on the base: `commit` is what the base would be if only this branch landed.

    None when it does not merge with the base; `paths` then says where, or `problem` why git could not try.
    """

    commit: Oid | None = None
    paths: tuple[str, ...] = ()
    problem: str = ""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A commit to write."""

    tree: Oid
    parents: tuple[Oid, ...]


def bring_onto(git: Git, base: Oid, forks: Mapping[Oid, Fork]) -> dict[Oid, Brought]:
    """Every tip of `forks` that the base lacks, brought onto it. `git` writes objects: a quarantine."""
    brought: dict[Oid, Brought] = {}
    behind: list[Oid] = []
    for tip, fork in forks.items():
        if fork.inside:
            continue
        if fork.merge_bases == (base,):
            brought[tip] = Brought(commit=tip)
        elif not fork.merge_bases:
            brought[tip] = Brought(problem=UNRELATED)
        else:
            behind.append(tip)
    merges = dict(zip(behind, merge_trees(git, [(base, tip) for tip in behind]), strict=True))
    specs: dict[Oid, Spec] = {}
    for tip, merge in merges.items():
        if merge.clean:
            specs[tip] = Spec(tree=merge.tree, parents=(base, tip))
        else:
            brought[tip] = Brought(paths=plain_paths(merge.paths, (base, tip)), problem=merge.problem)
    for tip, commit in zip(specs, write_commits(git, list(specs.values())), strict=True):
        brought[tip] = Brought(commit=commit)
    return brought


def write_commits(git: Git, specs: Sequence[Spec]) -> list[Oid]:
    """Writes many commits in one process; same order as `specs`."""
    if not specs:
        return []
    who = f"gitcoord <gitcoord@localhost> {int(time.time())} +0000"
    with tempfile.TemporaryDirectory(prefix="gitcoord-commits-") as scratch:
        paths = []
        for number, spec in enumerate(specs):
            parents = "".join(f"parent {parent}\n" for parent in spec.parents)
            path = Path(scratch, str(number))
            path.write_text(f"tree {spec.tree}\n{parents}author {who}\ncommitter {who}\n\nsynthetic\n")
            paths.append(f"{path}\n")
        request = "".join(paths).encode()
        return git.text("hash-object", "-t", "commit", "-w", "--stdin-paths", input=request).splitlines()


def plain_paths(paths: Sequence[str], merged: tuple[Oid, Oid]) -> tuple[str, ...]:
    """Paths as the branches know them: git marks a file that is in a directory's way with a commit's id."""
    plain: dict[str, None] = {}
    for path in paths:
        stem, tilde, mark = path.rpartition("~")
        plain[stem if tilde and mark.startswith(merged) else path] = None
    return tuple(plain)
