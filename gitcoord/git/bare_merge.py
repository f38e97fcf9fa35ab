"""Merges as a server does: without a working tree, and without a clone's attributes and merge drivers."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import TreeMerge, merge_tree, merge_trees
from gitcoord.git.object_quarantine import scratch_directory

_SHA1_LENGTH = 40
_CONFIG = f"[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tattributesFile = {os.devnull}\n"
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


def merge_on_server(git: Git, ours: Oid, theirs: Oid) -> TreeMerge:
    """Merges one pair of commits of the repository; keeps no objects."""
    with _bare_beside(git, ours) as server:
        return merge_tree(server, ours, theirs)


def merge_all_on_server(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[TreeMerge]:
    """Merges each pair `(ours, theirs)`, in the order of `pairs`; keeps no objects."""
    if not pairs:
        return []
    with _bare_beside(git, pairs[0][0]) as server:
        return merge_trees(server, pairs)


def differs_on_server(git: Git, ours: Oid, theirs: Oid, tree: Oid) -> bool:
    """Whether a server's merge of the two commits gives a conflict, or a tree other than `tree`.

    False if git cannot merge them at all.
    """
    there = merge_on_server(git, ours, theirs)
    return there.clean is False or (there.clean is True and there.tree != tree)


@contextmanager
def _bare_beside(git: Git, like: Oid) -> Iterator[Git]:
    """Yields a git in an empty bare repository that also finds the objects of `git`."""
    with scratch_directory() as scratch:
        place = Path(scratch)
        for name in ("objects", "refs"):
            (place / name).mkdir()
        (place / "HEAD").write_text("ref: refs/heads/none\n")
        (place / "config").write_text(_CONFIG + ("" if len(like) == _SHA1_LENGTH else _SHA256))
        environment = {
            "GIT_DIR": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(git.object_places()),
            "GIT_ATTR_NOSYSTEM": "1",
        }
        yield Git(place, environment)
