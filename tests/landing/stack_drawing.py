"""Random stacks of branches as values: what each branch changes, and the states that follow."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal, NamedTuple

from gitcoord.forge.pull_requests import Method
from gitcoord.planning.model import Strategy
from tests.support.repos import Content, Entry

Kind = Literal["edit", "delete", "add", "move", "restore", "restore line", "mode", "link"]
State = Mapping[str, Entry]
_FRESH = ("new.txt", "other.txt", "dir/new.txt", "dir", "moved/a.txt")


def _lines(name: str) -> Entry:
    return Entry("100644", "".join(f"{name} line {number}\n" for number in range(1, 9)))


_SELDOM = 0.12
START: State = {path: _lines(path) for path in ("a.txt", "b.txt", "c.txt", "dir/d.txt", "dir/e.txt", "f.txt")}


class Change(NamedTuple):
    """One change of a commit; the numbers choose among what is there."""

    kind: Kind
    which: int
    where: int


class Member(NamedTuple):
    """One branch of a stack: the places of its parents, its commits, and what its branch gets later on."""

    parents: tuple[int, ...]
    commits: tuple[tuple[Change, ...], ...]
    late: tuple[Change, ...]
    method: Method
    strategy: Strategy
    by_hand: tuple[Change, ...]
    """What somebody commits on the base before it lands."""


_KINDS: tuple[Kind, ...] = (
    *("edit", "edit", "delete", "add", "move", "mode", "link"),
    *("restore", "restore", "restore line", "restore line"),
)
_SHAPES = {"chain": 1, "fork": 1, "diamond": 2, "alone": 0}


def stack_of(chance: Random) -> tuple[Member, ...]:
    """A stack of two to four branches: chains up to three deep, forks and diamonds."""
    members: list[Member] = []
    depths: list[int] = []
    for place in range(chance.randint(2, 4)):
        able = [number for number in range(place) if depths[number] < 3]
        [shape] = chance.choices(tuple(_SHAPES), (7, 1, 1, 1))
        chosen = able[-1:] if shape == "chain" else chance.sample(able, min(len(able), _SHAPES[shape]))
        parents = tuple(sorted(chosen))
        depths.append(1 + max((depths[number] for number in parents), default=0))
        members.append(
            Member(
                parents=parents,
                commits=tuple(_changes(chance) for _ in range(chance.randint(1, 2))),
                late=_changes(chance) if chance.random() < _SELDOM else (),
                method=chance.choice(("squash", "squash", "rebase", "merge")),
                strategy=chance.choice(("single-pr", "multi-pr")),
                by_hand=_changes(chance) if chance.random() < _SELDOM else (),
            )
        )
    return tuple(members)


def _changes(chance: Random) -> tuple[Change, ...]:
    return tuple(
        Change(chance.choice(_KINDS), chance.randrange(60), chance.randrange(60))
        for _ in range(chance.randint(1, 3))
    )


def _changed(state: State, change: Change, before: Sequence[State]) -> State:
    """The state after a change; `before` are states that it may go back to."""
    made = dict(state)
    paths = sorted(state)
    if not paths and change.kind != "add":
        return state
    path = paths[change.which % len(paths)] if paths else ""
    if change.kind == "add":
        return _put(made, _FRESH[change.which % len(_FRESH)], _lines(f"added {change.where}"))
    if change.kind in ("restore", "restore line"):
        was = before[change.where % len(before)]
        path = sorted({*was, *paths})[change.which % len({*was, *paths})]
        if path not in was:
            made.pop(path, None)
        elif change.kind == "restore" or path not in made:
            return _put(made, path, was[path])
        else:
            made[path] = _line(made[path], change.where, _at(was[path], change.where))
        return made
    if change.kind == "delete":
        del made[path]
    elif change.kind == "move":
        entry = made.pop(path)
        return _put(made, _FRESH[change.where % len(_FRESH)], entry)
    elif change.kind == "mode":
        made[path] = Entry("100755" if made[path].mode == "100644" else "100644", made[path].content)
    elif change.kind == "link":
        made[path] = Entry("120000", f"to {change.where}")
    else:
        made[path] = _line(made[path], change.where, f"changed {change.which} {change.where}")
    return made


def _put(state: dict[str, Entry], path: str, entry: Entry) -> State:
    """With a file where none of its directories is a file, and where no directory is."""
    kept = {
        other: known
        for other, known in state.items()
        if not other.startswith(path + "/") and not path.startswith(other + "/")
    }
    return {**kept, path: entry}


def _at(entry: Entry, number: int) -> str:
    lines = str(entry.content).splitlines()
    return lines[number % len(lines)] if lines else ""


def _line(entry: Entry, number: int, text: str) -> Entry:
    if entry.mode == "120000":
        return entry
    lines = str(entry.content).splitlines()
    lines[number % len(lines)] = text
    return Entry(entry.mode, "".join(f"{line}\n" for line in lines))


def difference(before: State, after: State) -> dict[str, Content]:
    gone: dict[str, Content] = {path: None for path in before if path not in after}
    return gone | {path: entry for path, entry in after.items() if before.get(path) != entry}


def after(state: State, changes: Sequence[Change], before: Sequence[State]) -> State:
    for change in changes:
        state = _changed(state, change, before)
    return state


def joined_states(one: State, other: State) -> State:
    """What somebody makes of two parents: the other's changes in paths that the one left alone."""
    own, joined = difference(START, one), dict(one)
    for path, entry in difference(START, other).items():
        if path in own:
            continue
        if isinstance(entry, Entry):
            joined = dict(_put(joined, path, entry))
        else:
            joined.pop(path, None)
    return joined
