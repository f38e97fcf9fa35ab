"""Merges in memory with merge-ort, the engine that GitHub uses as well; checks nothing out."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.parallel_calls import in_parts
from gitcoord.git.write_commits import commit_tree

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MERGE = (
    # User settings that newer versions of git read and GitHub ignores.
    *("-c", "diff.algorithm=histogram", "-c", "merge.renormalize=false"),
    # Objects are temporary.
    *("-c", "core.looseCompression=0", "-c", "core.fsync=none"),
    # By default git maps whole packs: they would count as memory of each process.
    *("-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=32m"),
    *("merge-tree", "--write-tree", "-z", "--name-only", "--stdin"),
)
STAMP = "%ae%x1f%at%x1f%s"
"""The format of the data of a commit that a rebase keeps: email and date of the author, and the subject."""
_CALM = frozenset({"Auto-merging"})
_NOT_MERGED = _CALM | {"CONFLICT (binary)", "CONFLICT (contents)"}
"""Git's messages on a file that differs on both sides and is not merged as text."""
_MERGES_IN_A_PART = 250
"""The maximum number of merges for one process, which keeps all objects until it ends: some tens of MB."""


class MergeMessage(msgspec.Struct, frozen=True):
    """A conflict message of merge-ort: its kind such as `CONFLICT (contents)`, paths, and a sentence."""

    kind: str
    paths: tuple[str, ...]
    text: str

    @property
    def said(self) -> str:
        """The kind as `text` has it, which distinguishes `add/add` from `content`."""
        found = re.match(r"CONFLICT \(([^)]*)\)", self.text)
        return found[1] if found else self.short

    @property
    def short(self) -> str:
        """The kind without `CONFLICT ()`."""
        return self.kind.removeprefix("CONFLICT (").removesuffix(")")


class TreeMerge(msgspec.Struct, frozen=True):
    """The result of merging two commits in memory.

    `clean` is None if git could not merge at all (unrelated histories, a missing object); `problem` then says
    why. `tree` is the merged tree; after conflicts, text files in `paths` have conflict markers there.
    """

    clean: bool | None
    tree: Oid = ""
    paths: tuple[str, ...] = ()
    messages: tuple[MergeMessage, ...] = ()
    problem: str = ""

    def structural_paths(self) -> frozenset[str]:
        """Returns the paths that conflict because one side deleted or renamed the file, not by content."""
        return frozenset(
            path for message in self.messages if message.kind not in _NOT_MERGED for path in message.paths
        )


def merge_trees(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[TreeMerge]:
    """Merges each pair `(ours, theirs)` of commits, with a git process per core; in the order of `pairs`."""
    return list(iter_merges(git, pairs))


def iter_merges(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> Iterator[TreeMerge]:
    """Yields the merges one by one, to save memory; on all cores."""
    return in_parts(lambda part: _merge_part(git, part), pairs, _MERGES_IN_A_PART)


def _merge_part(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[TreeMerge]:
    request = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs)
    ended = git.run(*MERGE, input=request.encode(), ok=())
    if ended.code == 0:
        return [settled(git, merge) for merge in _parse(os.fsdecode(ended.stdout))]
    if len(pairs) == 1:
        return [TreeMerge(None, problem=ended.reason)]
    # One impossible pair ends the whole process: halve until it is alone.
    middle = len(pairs) // 2
    return _merge_part(git, pairs[:middle]) + _merge_part(git, pairs[middle:])


def merge_tree(git: Git, ours: Oid, theirs: Oid) -> TreeMerge:
    """Merges one pair of commits, or returns the cached result."""
    known = git.merges.get((ours, theirs)) if git.merges is not None else None
    merged: TreeMerge = known or merge_trees(git, [(ours, theirs)])[0]
    if git.merges is not None and merged.clean is not None:
        git.merges[ours, theirs] = merged
    return merged


def replay(
    git: Git, base: Oid, head: Oid, *, environment: Mapping[str, str] | None = None, sign: bool = False
) -> Oid | None:
    """Replays `base..head` without merge commits onto `base`; returns the new tip, or None on a conflict.

    Git 2.39 has no `git replay`. Therefore each commit is merged with a synthetic commit that has the tip's
    tree and the commit's own parent: that parent becomes the merge base, so the merge is the cherry-pick.
    """
    tip = base
    for line in git.lines(
        "rev-list", "--reverse", "--topo-order", "--no-merges", "--parents", f"{base}..{head}"
    ):
        commit, *parents = line.split()
        synthetic = commit_tree(git, tree_of(git, tip), parents[:1], "synthetic", environment=environment)
        merged = merge_tree(git, synthetic, commit)
        if not merged.clean:
            return None
        if merged.tree == tree_of(git, tip):
            continue  # the base already has this change
        named = git.text("show", "--no-patch", "--format=%an%n%ae%n%aI", commit).split("\n")
        author = dict(zip(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"), named, strict=False))
        message = git.text("show", "--no-patch", "--format=%B", commit)
        who = {**(environment or {}), **author}
        tip = commit_tree(git, merged.tree, [tip], message, environment=who, sign=sign)
    return tip


def settled(git: Git, merge: TreeMerge) -> TreeMerge:
    """Removes the conflicts in the `unmerged` files of `git` from a merge.

    Git has put the first side's version of these files into the tree, as it does with binary files.
    """
    if merge.clean is not False or not git.unmerged:
        return merge
    spec, kinds = unmerged_spec(git), dict[str, set[str]]()
    for message in merge.messages:
        for path in message.paths or ("",):
            kinds.setdefault(path, set()).add(message.kind)
    calm = {path for path in merge.paths if kinds.get(path, set()) <= _NOT_MERGED and spec.match_file(path)}
    left = tuple(path for path in merge.paths if path not in calm)
    if merge.paths and not left and all(found <= _CALM for path, found in kinds.items() if path not in calm):
        return TreeMerge(True, merge.tree)
    messages = tuple(one for one in merge.messages if not (one.paths and calm.issuperset(one.paths)))
    return msgspec.structs.replace(merge, paths=left or merge.paths, messages=messages)


def unmerged_spec(git: Git) -> "GitIgnoreSpec":
    """Returns the patterns of the files that `git` does not merge."""
    return _patterns(git.unmerged)


@lru_cache(maxsize=4)
def _patterns(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)


def _parse(output: str) -> Iterator[TreeMerge]:
    fields = iter(output.split("\0"))
    while (merge := read_merge(fields)) is not None:
        yield merge


def read_merge(fields: Iterator[str]) -> TreeMerge | None:
    """Parses the next merge in the -z format; None after the last one.

    Each is status, tree, paths and ""; after a conflict, messages and "" follow.
    """
    status = next(fields, "")
    if status == "":
        return None
    tree = next(fields)
    paths = tuple(dict.fromkeys(_until_empty(fields)))
    if status == "1":
        return TreeMerge(True, tree, paths)
    messages = tuple(_messages(fields))
    return TreeMerge(False, tree, paths or _named(messages), messages)


def _named(messages: Sequence[MergeMessage]) -> tuple[str, ...]:
    """Returns the paths in the messages.

    Some conflicts name paths only there (a file in the way of a moved directory).
    """
    conflicts = (message for message in messages if message.kind.startswith("CONFLICT"))
    return tuple(dict.fromkeys(path for message in conflicts for path in message.paths))


def _until_empty(fields: Iterator[str]) -> Iterator[str]:
    for field in fields:
        if field == "":
            return
        yield field


def _messages(fields: Iterator[str]) -> Iterator[MergeMessage]:
    for count in _until_empty(fields):
        if not count.isdecimal():
            # Advice about submodules, directly before the NUL that ends the messages.
            return
        paths = tuple(next(fields) for _ in range(int(count)))
        yield MergeMessage(next(fields), paths, next(fields).removesuffix("\n"))
