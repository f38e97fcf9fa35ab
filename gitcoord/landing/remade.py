"""Files that are not merged: their commands make them anew, once all else of what is to land is there."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gitcoord.checks.model import CheckResult
from gitcoord.conflicts.regenerated import Maker, makers
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import paths_between
from gitcoord.text_lists import some

_MOST_NAMED = 3


class FilesMaker(Protocol):
    """What runs commands that make files anew, in a checkout apart."""

    def make(self, tree: Oid, parent: Oid, due: Sequence[Maker]) -> CheckResult:
        """Run the commands that are `due` on `tree`, on top of `parent`; `made` is the tree that they give.

        It differs from `tree` in nothing but such files. A tree that was made is not made again.
        """

    def forget(self) -> None:
        """Time has passed: what failed may be tried again."""


class RemadeTree(msgspec.Struct, frozen=True, kw_only=True):
    """A tree in which files are as their commands make them; `problem` says why they could not be made.

    `paths` are the files that were due.
    """

    tree: Oid
    paths: tuple[str, ...] = ()
    problem: str = ""
    passing: bool = False
    """Whether the problem may pass by itself."""


def remade(git: Git, maker: FilesMaker | None, book: Rulebook, base: Oid, tree: Oid) -> RemadeTree:
    """What `tree`, onto which the base at `base` is to move, becomes once its files are made anew."""
    if maker is None or not book.commands:
        return RemadeTree(tree=tree)
    changed = paths_between(git, base, tree)
    listed = git.text("ls-tree", "-r", "-z", "--name-only", "--full-tree", tree) if changed else ""
    due = makers(book, changed, filter(None, listed.split("\0")))
    if not due:
        return RemadeTree(tree=tree)
    paths = tuple(path for one in due for path in one.paths)
    result = maker.make(tree, base, due)
    if result.outcome == "passed":
        return RemadeTree(tree=result.made, paths=paths)
    commands = some(list(dict.fromkeys(f"`{one.command}`" for one in due)), _MOST_NAMED)
    problem = f"{some(paths, _MOST_NAMED)} cannot be made anew by {commands}: {result.reason}"
    return RemadeTree(tree=tree, paths=paths, problem=problem, passing=result.outcome == "unclear")
