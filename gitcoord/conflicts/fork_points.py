"""Finds the fork point of each branch, and branches that share commits, in one pass over their commits."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.ancestry import among_ancestors, short_history
from gitcoord.git.git_cli import Git, Oid

_NONE: Mapping[Oid, Sequence[Oid]] = {}


class Fork(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The relation of a tip to the base.

    `inside`: the base contains the tip. `merge_bases` is empty for unrelated histories and has several
    members after criss-cross merges. `kin` are other tips that share commits which the base lacks. `commits`
    are the tip's commits that the base lacks; in a linear history, newest first. `parents` are the heads that
    the tip is stacked on and whose changes the base has as other commits: they count as part of the base.
    """

    inside: bool = False
    merge_bases: tuple[Oid, ...] = ()
    kin: frozenset[Oid] = frozenset()
    commits: tuple[Oid, ...] = ()
    parents: tuple[Oid, ...] = ()


def find_forks(
    git: Git, base: Oid, tips: Sequence[Oid], stacked: Mapping[Oid, Sequence[Oid]] = _NONE
) -> dict[Oid, Fork]:
    """Finds the fork of each tip; the heads that a tip is `stacked` on count as part of the base."""
    wanted = dict.fromkeys(tips)
    if not wanted:
        return {}
    own = _short_own(git, base, list(wanted)) or _own(git, base, list(wanted))
    forks = {tip: _fork(git, base, tip, own) if tip in own else _inside(tip) for tip in wanted}
    forks |= {tip: _stacked(git, base, tip, stacked[tip]) for tip in wanted if stacked.get(tip)}
    return with_kin(forks)


def _short_own(git: Git, base: Oid, tips: Sequence[Oid]) -> dict[Oid, Sequence[Oid]]:
    """The commits that the base lacks, with their parents; also empty if only git can compute them."""
    inside = short_history(git, base)
    own: dict[Oid, Sequence[Oid]] = {}
    for tip in tips if inside is not None else ():
        history = short_history(git, tip)
        if history is None or inside is None:
            return {}
        own |= {commit: parents for commit, parents in history.items() if commit not in inside}
    return own


def _own(git: Git, base: Oid, tips: Sequence[Oid]) -> dict[Oid, Sequence[Oid]]:
    request = "".join(f"{tip}\n" for tip in tips) + f"^{base}\n"
    listing = git.text("rev-list", "--parents", "--boundary", "--stdin", input=request.encode())
    own: dict[Oid, Sequence[Oid]] = {}
    for line in listing.splitlines():
        commit, *parents = line.split(" ")
        if not commit.startswith("-"):
            own[commit] = parents
    return _without_ancestors(git, base, own)


def _without_ancestors(git: Git, base: Oid, own: dict[Oid, Sequence[Oid]]) -> dict[Oid, Sequence[Oid]]:
    """The commits that the base really lacks: with wrong commit dates, git's walk lists others, too."""
    deepest = sorted(commit for commit, parents in own.items() if own.keys().isdisjoint(parents))
    # Many branches start at a few commits; a walk from a thousand commits costs time and memory.
    starts = {start for commit in deepest for start in own[commit] or [commit]}
    if not deepest or not among_ancestors(git, base, deepest, starts):
        return own
    inside = among_ancestors(git, base, sorted(own))
    return {commit: parents for commit, parents in own.items() if commit not in inside}


def with_kin(forks: Mapping[Oid, Fork]) -> dict[Oid, Fork]:
    """Returns the forks, each with its `kin` among the others."""
    visitors: dict[Oid, list[Oid]] = {}
    for tip, fork in forks.items():
        for commit in fork.commits:
            visitors.setdefault(commit, []).append(tip)
    kin: dict[Oid, set[Oid]] = {}
    for together in {tuple(tips) for tips in visitors.values() if len(tips) > 1}:
        for tip in together:
            kin.setdefault(tip, set()).update(other for other in together if other != tip)
    return {
        tip: msgspec.structs.replace(fork, kin=frozenset(kin[tip])) if tip in kin else fork
        for tip, fork in forks.items()
    }


def _inside(tip: Oid) -> Fork:
    return Fork(inside=True, merge_bases=(tip,))


def _stacked(git: Git, base: Oid, tip: Oid, parents: Sequence[Oid]) -> Fork:
    """The fork from a base with `parents` added to its history."""
    request = "".join(f"{line}\n" for line in (tip, f"^{base}", *(f"^{parent}" for parent in parents)))
    return Fork(
        merge_bases=tuple(git.lines("merge-base", "--all", tip, base, *parents)),
        commits=tuple(git.text("rev-list", "--stdin", input=request.encode()).splitlines()),
        parents=tuple(parents),
    )


def _fork(git: Git, base: Oid, tip: Oid, own: Mapping[Oid, Sequence[Oid]]) -> Fork:
    """The fork of `tip`; `own` has its commits that the base lacks, with their parents."""
    border: set[Oid] = set()
    commits = []
    seen = {tip}
    todo = [tip]
    while todo:
        commit = todo.pop()
        commits.append(commit)
        for parent in own[commit]:
            if parent not in own:
                border.add(parent)
            elif parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return Fork(merge_bases=_merge_bases(git, base, tip, border), commits=tuple(commits))


def _merge_bases(git: Git, base: Oid, tip: Oid, border: set[Oid]) -> tuple[Oid, ...]:
    if len(border) < 2:
        return tuple(border)
    # One boundary commit may be an ancestor of another: only git's own walk can tell.
    return tuple(git.lines("merge-base", "--all", base, tip))
