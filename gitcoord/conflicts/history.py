"""Where branches left the base, and which of them share work: one pass over what the base lacks."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.run import Git, Oid


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """A tip's relation to the base.

    `inside`: the base contains it. `merge_bases` is empty for unrelated histories and has several
    members after criss-cross merges. `kin` are other tips that share commits which the base lacks.
    `commits` are those that only the base lacks, the newest first.
    """

    inside: bool = False
    merge_bases: tuple[Oid, ...] = ()
    kin: frozenset[Oid] = frozenset()
    commits: tuple[Oid, ...] = ()


def find_forks(git: Git, base: Oid, tips: Sequence[Oid]) -> dict[Oid, Fork]:
    """The fork of every tip from `base`."""
    wanted = dict.fromkeys(tips)
    if not wanted:
        return {}
    request = "".join(f"{tip}\n" for tip in wanted) + f"^{base}\n"
    listing = git.text("rev-list", "--parents", "--boundary", "--stdin", input=request.encode())
    own: dict[Oid, list[Oid]] = {}
    for line in listing.splitlines():
        commit, *parents = line.split(" ")
        if not commit.startswith("-"):
            own[commit] = parents
    visitors: dict[Oid, list[Oid]] = {}
    borders = {tip: _border(own, tip, visitors) for tip in wanted if tip in own}
    kin = _kin(visitors)
    commits: dict[Oid, list[Oid]] = {}
    for commit, tips_there in visitors.items():
        for tip in tips_there:
            commits.setdefault(tip, []).append(commit)
    return {
        tip: Fork(
            merge_bases=_merge_bases(git, base, tip, borders[tip]),
            kin=frozenset(kin.get(tip, ())),
            commits=tuple(commits[tip]),
        )
        if tip in own
        else Fork(inside=True, merge_bases=(tip,))
        for tip in wanted
    }


def _border(own: Mapping[Oid, Sequence[Oid]], tip: Oid, visitors: dict[Oid, list[Oid]]) -> set[Oid]:
    """The base's commits that the commits of `tip` stand on."""
    border: set[Oid] = set()
    seen = {tip}
    todo = [tip]
    while todo:
        commit = todo.pop()
        visitors.setdefault(commit, []).append(tip)
        for parent in own[commit]:
            if parent not in own:
                border.add(parent)
            elif parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return border


def _merge_bases(git: Git, base: Oid, tip: Oid, border: set[Oid]) -> tuple[Oid, ...]:
    if len(border) < 2:
        return tuple(border)
    # One border commit may lie behind another: only git's own walk tells.
    return tuple(git.lines("merge-base", "--all", base, tip))


def _kin(visitors: Mapping[Oid, Sequence[Oid]]) -> dict[Oid, set[Oid]]:
    kin: dict[Oid, set[Oid]] = {}
    for together in {tuple(tips) for tips in visitors.values() if len(tips) > 1}:
        for tip in together:
            kin.setdefault(tip, set()).update(other for other in together if other != tip)
    return kin
