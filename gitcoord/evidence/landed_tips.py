"""Whether the work of any tip is in the base, whoever made it and however it landed: by git alone.

A tip that the base does not contain is proved by content: a commit of the base's own line holds it, so that
merging the tip there changes nothing. That finds squashes, rebases and cherry-picks, also where the base has
changed the same lines since. Merges are made as a server makes them: a merge driver that keeps one side
would prove anything.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.bare_merge import merge_all_on_server
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import paths_between, trees_of

_MOST_LIKELY = 12
_MOST = 60
"""Commits of the base that are tried for a tip: first the likely ones, which touch every path of the tip."""


class LandedTip(msgspec.Struct, frozen=True, kw_only=True):
    """The base's commit `commit` has all of the work. `reverted`: a later one put all of its paths back.

    `contained`: the base has the tip itself in its history; `commit` is then the tip where nothing says more.
    `own_line`: the tip is one of the base's own commits: no work of its own, or it was fast-forwarded.
    """

    commit: Oid
    contained: bool
    own_line: bool = False
    reverted: Oid | None = None


class _BaseCommit(msgspec.Struct, frozen=True, kw_only=True):
    commit: Oid
    parents: tuple[Oid, ...]
    paths: frozenset[str]


def landed_tips(git: Git, ancestry: Ancestry, base: Oid, tips: Collection[Oid]) -> dict[Oid, LandedTip]:
    """Those of `tips` whose work the base provably has, with the commit that shows it."""
    known = ancestry.existing({base, *tips})
    tips = sorted(known.intersection(tips))
    if base not in known or not tips:
        return {}
    inside = ancestry.contained(base, tips)
    own = _own_work(git, base, [tip for tip in tips if tip not in inside])
    line = _base_line(git, base, tips)
    merged = {parent: one.commit for one in line for parent in one.parents[1:]}
    own_line = inside.intersection(git.lines("rev-list", "--first-parent", base)) if inside else set()
    found = {
        tip: LandedTip(commit=merged.get(tip, tip), contained=True, own_line=tip in own_line)
        for tip in inside
    }
    held = _held(git, base, line, own)
    found |= {tip: LandedTip(commit=commit, contained=False) for tip, commit in held.items()}
    return {tip: _with_revert(git, line, one) for tip, one in found.items()}


def _base_line(git: Git, base: Oid, tips: Sequence[Oid]) -> list[_BaseCommit]:
    """The base's own commits since the oldest of the tips began, newest first, with what each changed."""
    root = git.probe("merge-base", "--octopus", base, *tips)
    since = (f"^{root}",) if root else ()
    options = ("--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only", "--topo-order")
    return list(_commits(git, (*options, base, *since)))


def _commits(git: Git, arguments: Sequence[str], input: bytes | None = None) -> Iterator[_BaseCommit]:
    told = git.text("log", "-z", "--no-show-signature", "--format=%x01%H %P", *arguments, input=input)
    for record in told.split("\x01")[1:]:
        head, _, rest = record.partition("\0")
        commit, *parents = head.split()
        paths = (path.removeprefix("\n") for path in rest.split("\0"))
        yield _BaseCommit(commit=commit, parents=tuple(parents), paths=frozenset(filter(None, paths)))


def _own_work(git: Git, base: Oid, tips: Sequence[Oid]) -> dict[Oid, frozenset[str]]:
    """For each tip the paths that its own commits touch; none for those whose commits cancel out."""
    if not tips:
        return {}
    asked = "".join(f"{tip}\n" for tip in (*tips, f"^{base}")).encode()
    options = ("--cc", "--no-renames", "--name-only", "--topo-order", "--stdin")
    own = {one.commit: one for one in _commits(git, options, asked)}
    found: dict[Oid, frozenset[str]] = {}
    began: dict[Oid, Oid] = {}
    for tip in tips:
        todo, seen, starts = [tip], set[Oid](), set[Oid]()
        while todo:
            commit = todo.pop()
            if commit not in own:
                starts.add(commit)
            elif commit not in seen:
                seen.add(commit)
                todo += own[commit].parents
        paths = frozenset[str]().union(*(own[commit].paths for commit in seen))
        found[tip] = paths
        start = next(iter(starts)) if len(starts) == 1 else git.probe("merge-base", base, tip)
        if start is not None:
            began[tip] = start
    # Nothing could show that what cancels out has landed.
    trees = trees_of(git, {*began, *began.values()})
    changed = {tip for tip, start in began.items() if trees[start] != trees[tip]}
    return {tip: paths for tip, paths in found.items() if paths and tip in changed}


def _held(
    git: Git, base: Oid, line: Sequence[_BaseCommit], own: Mapping[Oid, frozenset[str]]
) -> dict[Oid, Oid]:
    """For each tip a commit of the base's line that holds it: the oldest of those that were tried."""
    found: dict[Oid, Oid] = {}
    rounds: list[dict[Oid, list[Oid]]] = [{}, {}]
    for tip, paths in own.items():
        near = [one for one in line if one.paths & paths] if paths else []
        likely = [one.commit for one in near if paths <= one.paths][:_MOST_LIKELY]
        more = [one.commit for one in near if one.commit not in likely][:_MOST]
        rounds[0][tip] = [*likely, base] if paths else []
        rounds[1][tip] = more
    for tried in rounds:
        pairs = [(commit, tip) for tip, commits in tried.items() if tip not in found for commit in commits]
        merges = merge_all_on_server(git, pairs)
        trees = trees_of(git, {commit for commit, _ in pairs})
        for (commit, tip), merge in zip(pairs, merges, strict=True):
            if merge.clean and merge.tree == trees[commit] and (tip not in found or commit != base):
                found[tip] = commit
    return found


def _with_revert(git: Git, line: Sequence[_BaseCommit], one: LandedTip) -> LandedTip:
    """The tip; with the commit that has put back all that its landing changed, if there is one."""
    place = next((number for number, known in enumerate(line) if known.commit == one.commit), None)
    if place is None or not line[place].parents or not line[place].paths:
        return one
    landing = line[place]
    later = [known.commit for known in line[:place] if landing.paths <= known.paths]
    back = (
        commit for commit in later if landing.paths.isdisjoint(paths_between(git, landing.parents[0], commit))
    )
    return msgspec.structs.replace(one, reverted=next(back, None))
