"""Compares a merge that the forge made, by any method, with the one that git computes here."""

from collections import Counter
from collections.abc import Set as AbstractSet
from itertools import takewhile

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.evidence.trailer_syntax import values
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.bare_merge import merge_on_server
from gitcoord.git.commit_facts import first_parents, tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP, merge_tree, replay
from gitcoord.git.object_reader import Objects
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository

_FORGE = "noreply@github.com"
"""The committer of merges that GitHub makes, whoever asked for them."""


class OwnMessage(msgspec.Struct, frozen=True):
    """Gitcoord's own message for a merge: the key of its trailers, and the heads that they name."""

    key: str
    heads: AbstractSet[Oid]


def fetch_head(repository: Repository, shared: SharedRefs, head: Oid) -> bool:
    """Fetches a merged head unless the clone has it; returns False if the remote does not send it."""
    ancestry = repository.ancestry
    return bool(ancestry.existing({head}) or (shared.bring(head) and ancestry.existing({head})))


def compare_recorded(repository: Repository, pull: Pull, commit: Oid, landed: AbstractSet[Oid]) -> None:
    """Compares the tree of `commit`, which merged the pull request, with the computed tree.

    `landed` are the heads that `commit` landed. An interrupted merge leaves the pull request open, and its
    head may have moved since. The merged head is then an earlier one that contains `landed`: it is enough
    that one of these heads gives the tree of `commit`. Raises `tree-differs`.
    """
    if pull.state == "open":
        actual = Objects(repository.git, repository.common_dir).tree(commit)
        for head in _heads_since(repository, landed, pull.head_commit):
            if _expected_tree(repository, head, commit, actual) == actual:
                return
    compare(repository, pull.number, pull.head_commit, commit)


def _heads_since(repository: Repository, landed: AbstractSet[Oid], last: Oid) -> list[Oid]:
    """Returns the earlier commits in the history of `last` that contain all of `landed`; children first."""
    path = ("rev-list", "--topo-order", "--ancestry-path", f"{min(landed)}..{last}")
    later = [Oid(one) for one in repository.git.text(*path).split()] if landed else []
    candidates = (*later[1:], *landed)
    return [one for one in candidates if all(repository.ancestry.contains(one, head) for head in landed)]


class ComputedMerge(msgspec.Struct, frozen=True, kw_only=True):
    """A merge as it was computed before it was sent: its `tree`, and the base's commit that is its parent.

    `base` is "" if the forge may merge several branches with one move of the base.
    """

    tree: Oid
    base: Oid


def compare(
    repository: Repository, number: int, head: Oid, commit: Oid, computed: ComputedMerge | None = None
) -> None:
    """Compares the tree of `commit`, the merge of `head`, with the computed one. Raises `tree-differs`.

    If the tree or the parent differs, computes the tree again from the actual parent, because the base may
    have moved. The parent counts, too: a merge onto a moved base that has the old tree has lost the change
    that moved the base. Without `computed`, accepts a tree that cannot be computed.
    """
    objects = Objects(repository.git, repository.common_dir)
    actual = objects.tree(commit)
    if (
        computed is not None
        and actual == computed.tree
        and _is_on(repository, objects, commit, computed.base)
    ):
        return
    expected = _expected_tree(repository, head, commit, actual) or (computed.tree if computed else "")
    if expected in ("", actual):
        return
    raise GitcoordError(
        "tree-differs",
        f"Merging pull request {number} gave the tree {actual}, but {expected} was computed; the run stops "
        f"at {commit}.",
        hint=f"Compare them with `git diff {expected} {actual}`.",
    )


def _is_on(repository: Repository, objects: Objects, commit: Oid, base: Oid) -> bool:
    """Whether the first parent of `commit` is `base`, as after a merge, a squash or the rebase of a single
    commit. True without `base`.
    """
    if not base:
        return True
    found = objects.commit(commit)
    if found is None:
        return first_parents(repository.git, [commit]).get(commit) == base
    return found.parents[:1] == (base,)


def is_merge_of(repository: Repository, pull: Pull, commit: Oid, own: OwnMessage) -> bool:
    """Whether `commit` merges the pull request's head and nothing else.

    GitHub also marks a pull request as merged if its head landed with other work, or by a push. `own`: the
    message that gitcoord would have given the merge.
    """
    git = repository.git
    parents = git.text("show", "--no-patch", "--no-show-signature", "--format=%P", commit).split()
    if len(parents) != 1:
        return pull.head_commit in parents[1:]
    if repository.ancestry.contains(commit, pull.head_commit):
        return False
    if pull.state == "merged":
        return True
    if said := _said(git, commit, own.key):
        return said == own.heads
    left = _own(git, pull.head_commit, commit)
    return bool(left) and _copies(git, pull.head_commit, commit) == left.total()


def is_by_forge(repository: Repository, pull: Pull, commit: Oid, own: OwnMessage) -> bool:
    """Whether the forge made the merge `commit`, and not a person who pushed it.

    A commit whose history lacks the head is the forge's: GitHub marks such a pull request as merged only if
    GitHub itself has squashed or rebased it.
    """
    if not repository.ancestry.contains(commit, pull.head_commit):
        return True
    git = repository.git
    committer = git.text("show", "--no-patch", "--no-show-signature", "--format=%cE", commit)
    return committer == _FORGE or _said(git, commit, own.key) == own.heads


def _expected_tree(repository: Repository, head: Oid, commit: Oid, actual: Oid) -> Oid | None:
    """Computes the tree that `commit` should have, as a merge, a squash or the last commit of a rebase of
    `head`; None if it cannot be computed.

    Recognizes the method by the commit: a person or another client may have chosen a different one. If a
    merge or squash does not give the tree `actual`, merges again as the forge does, without the rules and
    merge drivers of this clone.
    """
    git = repository.git
    copies = _copies(git, head, commit)
    start = git.probe("rev-parse", "--verify", "--quiet", f"{commit}~{max(copies, 1)}")
    if start is None:
        return None
    if copies:
        tip = replay(git.merging_everything(), start, head, environment=repository.identity)
        return tree_of(git, tip) if tip else None
    merged = merge_tree(git, start, head)
    if not merged.clean or merged.tree != actual:
        merged = merge_on_server(git, start, head)
    return merged.tree if merged.clean else None


def _copies(git: Git, head: Oid, commit: Oid) -> int:
    """Counts the commits up to `commit` that a rebase of `head` made; returns 0 if that was not rebased."""
    left = _own(git, head, commit)
    line = ("log", "-z", "--no-show-signature", "--first-parent", f"--max-count={left.total()}")
    told = git.text(*line, f"--format=%P%x1f{STAMP}", commit) if left else ""
    parts = (one.strip("\n").partition("\x1f") for one in told.split("\0") if one)
    stamps = (stamp for parents, _, stamp in takewhile(lambda part: " " not in part[0], parts))
    count = 0
    for stamp in stamps:
        if left[stamp] == 0:
            break
        left[stamp] -= 1
        count += 1
    return count


def _own(git: Git, head: Oid, commit: Oid) -> Counter[str]:
    """Counts the stamps (`STAMP`) of the commits that `head` contains and `commit` does not; no merges."""
    own = ("log", "-z", "--no-show-signature", "--no-merges", f"--format={STAMP}", head, f"^{commit}")
    return Counter(filter(None, (one.strip("\n") for one in git.text(*own).split("\0"))))


def _said(git: Git, commit: Oid, key: str) -> set[str]:
    """Returns the heads that a commit's message names in the trailers `key`."""
    told = values(key, git.text("show", "--no-patch", "--no-show-signature", "--format=%B", commit))
    return {value.rpartition(" ")[2] for value in told}
