"""Finds out whether the base contains the work of any tip, however it landed, from git alone.

A tip that the base does not contain is proved by content: merging it into a commit of the base's first-parent
line changes nothing. This finds squashes, rebases and cherry-picks, even if the base has changed the same
lines since. Merges ignore merge drivers, as a server does: a driver that keeps one side would prove anything.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from gitcoord.evidence.copies import newest_copies
from gitcoord.evidence.taken_back import lacks_taken_back
from gitcoord.git.ancestry import Ancestry, common_base, merge_base
from gitcoord.git.bare_merge import merge_all_on_server
from gitcoord.git.commit_facts import paths_between, trees_of
from gitcoord.git.git_cli import Git, Oid

_MOST_LIKELY = 12
"""The largest number of the base's commits to try first for a tip: those that change all of its paths."""
_MOST = 60
"""The largest number of further commits to try for a tip: those that change some of its paths."""


class LandedTip(msgspec.Struct, frozen=True, kw_only=True):
    """A tip whose work the base's commit `commit` contains. `reverted`: a later commit that reset its paths.

    `contained`: the base's history contains the tip itself; `commit` is then the tip, unless the merge that
    landed it is known. `own_line`: the tip is on the base's first-parent line: it has no work, or the base
    was fast-forwarded to it.
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
    """Returns those of `tips` whose work the base provably contains, each with the commit that proves it."""
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
    """The base's first-parent commits since the oldest fork point, newest first, with their changed paths."""
    root = common_base(git, base, *tips)
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
    """Returns, for each tip, the paths that its own commits change; leaves out tips without a net change."""
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
        start = next(iter(starts)) if len(starts) == 1 else merge_base(git, base, tip)
        if start is not None:
            began[tip] = start
    # There is no proof that commits that cancel out have landed.
    trees = trees_of(git, {*began, *began.values()})
    changed = {tip for tip, start in began.items() if trees[start] != trees[tip]}
    return {tip: paths for tip, paths in found.items() if paths and tip in changed}


def _held(
    git: Git, base: Oid, line: Sequence[_BaseCommit], own: Mapping[Oid, frozenset[str]]
) -> dict[Oid, Oid]:
    """For each tip, the oldest tried commit of the base's line that contains its work."""
    found: dict[Oid, Oid] = {}
    place = {one.commit: number for number, one in enumerate(line)}
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
        held: dict[Oid, list[Oid]] = {}
        for (commit, tip), merge in zip(pairs, merges, strict=True):
            if merge.clean and merge.tree == trees[commit]:
                held.setdefault(tip, []).append(commit)
        copies = newest_copies(git, base, sorted(held))
        for tip, commits in held.items():
            # A proof must not be older than the newest copy of one of the tip's own commits: that copy may
            # have restored changes that the tip undid later.
            last = place.get(copies.get(tip, ""), len(line))
            able = (commit for commit in commits if place.get(commit, -1) <= last)
            oldest_first = sorted(able, key=lambda commit: place.get(commit, -1), reverse=True)
            proving = (c for c in oldest_first if not lacks_taken_back(git, c, tip, merge_all_on_server))
            if (proof := next(proving, None)) is not None:
                found[tip] = proof
    return found


def _with_revert(git: Git, line: Sequence[_BaseCommit], one: LandedTip) -> LandedTip:
    """Returns the tip with the newest commit that reset all paths of its landing, if there is one."""
    place = next((number for number, known in enumerate(line) if known.commit == one.commit), None)
    if place is None or not line[place].parents or not line[place].paths:
        return one
    landing = line[place]
    later = [known.commit for known in line[:place] if landing.paths <= known.paths]
    back = (
        commit for commit in later if landing.paths.isdisjoint(paths_between(git, landing.parents[0], commit))
    )
    return msgspec.structs.replace(one, reverted=next(back, None))
