"""Merges in memory with merge-ort, the engine that GitHub uses as well; checks nothing out."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.parallel_calls import in_parts

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
"""The format of the data that a replay keeps of a commit: author, time and subject."""
_CALM = frozenset({"Auto-merging"})
_NOT_MERGED = _CALM | {"CONFLICT (binary)", "CONFLICT (contents)"}
"""Git's messages on a file that differs on both sides and is not merged as text."""
_MERGES_IN_A_PART = 250
"""The most merges for one process, which keeps all objects until it ends: some tens of MB."""


class MergeMessage(msgspec.Struct, frozen=True):
    """A conflict message of merge-ort: its kind such as `CONFLICT (contents)`, paths, and a sentence."""

    kind: str
    paths: tuple[str, ...]
    text: str

    @property
    def said(self) -> str:
        """The kind as in the sentence, which tells `add/add` from `content`."""
        found = re.match(r"CONFLICT \(([^)]*)\)", self.text)
        return found[1] if found else self.short

    @property
    def short(self) -> str:
        """The kind without `CONFLICT ()`."""
        return self.kind.removeprefix("CONFLICT (").removesuffix(")")


class TreeMerge(msgspec.Struct, frozen=True):
    """The result of merging two commits in memory.

    `clean` is None if git could not merge at all (unrelated histories, a missing object); `problem` then says
    why. `tree` is the merged tree; after conflicts, it has conflict markers in the files `paths`.
    """

    clean: bool | None
    tree: Oid = ""
    paths: tuple[str, ...] = ()
    messages: tuple[MergeMessage, ...] = ()
    problem: str = ""


def merge_trees(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[TreeMerge]:
    """Merges each pair `(ours, theirs)` of commits, with a git process per core; same order as `pairs`."""
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


def fixed_author(date: str = "2000-01-01T00:00:00Z") -> dict[str, str]:
    """Returns the environment for gitcoord's own commits; their ids do not depend on the current time."""
    who = (("NAME", "gitcoord"), ("EMAIL", "gitcoord@localhost"), ("DATE", date))
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who}


def commit_tree(
    git: Git,
    tree: Oid,
    parents: Sequence[Oid],
    message: str,
    *,
    environment: Mapping[str, str] | None = None,
    sign: bool = False,
) -> Oid:
    """Writes a commit and returns its id. `environment` may set author, committer and dates.

    With `sign`, git signs it as `gpg.format` and `user.signingKey` say.
    """
    options = [option for parent in parents for option in ("-p", parent)]
    options += ["-S"] if sign else []
    text = message_bytes(message.replace("\0", " "))
    ended = git.run("commit-tree", *options, tree, "-F", "-", input=text, environment=environment)
    return ended.text


def commit_to_merge_with(git: Git, tree: Oid, parents: Sequence[Oid]) -> Oid:
    """Makes a synthetic commit, whose id does not depend on the current time; cached with the merges."""
    key = (tree, *parents)
    known = git.made.get(key) if git.made is not None else None
    made = known or commit_tree(git, tree, parents, "Made to merge with", environment=fixed_author())
    if git.made is not None:
        git.made[key] = made
    return made


def message_bytes(message: str) -> bytes:
    """Encodes a commit message for git; keeps bytes of names that are not UTF-8."""
    try:
        return message.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # A part of a character, which no file name contains.
        return message.encode("utf-8", "replace")


def replay(
    git: Git, base: Oid, head: Oid, *, environment: Mapping[str, str] | None = None, sign: bool = False
) -> Oid | None:
    """Replays the commits of `base..head` except merges onto `base`; returns the new tip; None on a conflict.

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


def tree_of(git: Git, commit: Oid) -> Oid:
    """Returns the id of a commit's tree."""
    known = git.commits.commit(commit) if git.commits is not None else None
    return known.tree if known is not None else git.text("rev-parse", "--verify", f"{commit}^{{tree}}")


def trees_of(git: Git, commits: Collection[Oid]) -> dict[Oid, Oid]:
    """Returns the tree of each commit."""
    reader = git.commits
    read = {one: reader.commit(one) for one in commits} if reader is not None else {}
    known = {commit: found.tree for commit, found in read.items() if found is not None}
    wanted = sorted(set(commits) - known.keys())
    if not wanted:
        return known
    request = "".join(f"{commit}^{{tree}}\n" for commit in wanted).encode()
    answer = git.text("cat-file", "--batch-check=%(objectname)", input=request)
    return known | dict(zip(wanted, answer.splitlines(), strict=True))


def first_parents(git: Git, commits: Collection[Oid]) -> dict[Oid, Oid]:
    """Returns the first parent of each commit that has one in this repository."""
    wanted = sorted(commits)
    request = "".join(f"{commit}^1\n" for commit in wanted).encode()
    answer = git.text("cat-file", "--batch-check=%(objectname)", input=request) if wanted else ""
    found = zip(wanted, answer.splitlines(), strict=True)
    return {commit: parent for commit, parent in found if " " not in parent}


def paths_between(git: Git, old: Oid, new: Oid) -> set[str]:
    """Returns the paths that differ between two commits, and both names of a renamed file."""
    options = ("-r", "--name-only", "-z", "--no-renames", "--ignore-submodules=none")
    told = git.text("diff-tree", *options, old, new)
    return set(filter(None, told.split("\0")))


def settled(git: Git, merge: TreeMerge) -> TreeMerge:
    """Returns the merge without conflicts in the `unmerged` files of `git`.

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
    """Parses the next merge of the -z format: status, tree, paths, "", after a conflict messages and ""."""
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

    Some conflicts list no others (a file in a moved directory's way).
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
