"""Finds changes outside an attempt's checkout: compares the state before the attempt with the state after it.

A changed file does not show who changed it: only git's trace proves what an agent did.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from gitcoord.engines.processes import in_directory
from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.outside import OutsideChange, OutsideKind
from gitcoord.planning.model import Plan
from gitcoord.worker.attempt.git_trace import BRANCH_COMMANDS, WRITE_COMMANDS, GitProcess
from gitcoord.worker.attempt.surroundings import (
    REMOTES,
    FileMark,
    SurroundingsLook,
    file_mark,
    observe_surroundings,
    worktree_places,
)

MOST_OUTSIDE = 50
"""The largest number of changes in one event."""
_KEPT = "outside.json"
_TAG_COMMANDS = frozenset({"tag", "update-ref", "fetch"})
_HARMLESS = frozenset({"list", "show", "drop", "clear", "--dry-run"})
_HIDING = frozenset({"--assume-unchanged", "--skip-worktree"})
_DROPPING = frozenset({"pop", "drop", "clear"})


class Surroundings:
    """The surroundings of one checkout before its attempt; `place` is the attempt's directory.

    They are observed at construction, unless a worker of the same attempt has saved them in `place`.
    """

    def __init__(self, repository: Repository, plan: Plan, place: Path, own: Path, branch: str) -> None:
        self._repository, self._plan, self._place = repository, plan, place
        self._processes: list[GitProcess] = []
        self._keys: dict[str, bool] = {}
        self._moved: list[OutsideChange] = []
        self._before = _kept(place)
        if self._before is None:
            self._before = self._look(own, branch)
            if self._before is not None:
                look = msgspec.json.encode(self._before)
                in_directory(place, lambda: (place / _KEPT).write_bytes(look))

    def saw(self, processes: Sequence[GitProcess], own: Collection[str], others: Collection[str]) -> None:
        """Adds a command's git processes, and the configuration keys that it (`own`) and others changed."""
        for process in processes:
            process.worktree = self._worktree_of(process)
        self._processes += processes
        self._keys |= {**dict.fromkeys(others, False), **dict.fromkeys(own, True)}

    @property
    def hides(self) -> bool:
        """Whether the attempt told git to treat files as unchanged."""
        return any(not _HIDING.isdisjoint(process.argv) for process in self._processes)

    def moved(self, base: str, was: Oid) -> None:
        """Adds that the attempt's git moved the base from `was`, to which it was reset."""
        self._moved.append(OutsideChange(kind="branch", name=base, was=was, by_agent=True))

    def _worktree_of(self, process: GitProcess) -> str:
        """The worktree that the process works on: that of the index it opened, else the one in the trace."""
        owner = Path(process.index).parent.resolve() if process.index else None
        places = worktree_places(self._repository) if owner is not None else ()
        return next((str(path.resolve()) for path, own in places if own.resolve() == owner), process.worktree)

    def changes(self) -> tuple[OutsideChange, ...]:
        """The changes since the observation; first those that the attempt's git provably made."""
        before = self._before
        now = None if before is None else self._look(Path(before.own), before.branch)
        if before is None or now is None:
            return ()
        found = [
            *self._moved,
            *self._commands(before, now),
            *self._refs(before, now),
            *_hooks(before, now),
            *(change for path in before.checkouts for change in _worktree(path, before, now)),
        ]
        found += [
            OutsideChange(kind="configuration", name=key, by_agent=own) for key, own in self._keys.items()
        ]
        return tuple(sorted(dict.fromkeys(found), key=lambda change: not change.by_agent))

    def _look(self, own: Path, branch: str) -> SurroundingsLook | None:
        """Looks once; None if git fails, which must not fail the attempt."""
        try:
            return observe_surroundings(self._repository, self._plan, own, branch)
        except (GitcoordError, OSError):
            return None

    def _commands(self, before: SurroundingsLook, now: SurroundingsLook) -> Iterator[OutsideChange]:
        """Yields a change for each git process that writes to another worktree."""
        own = Path(before.own).resolve()
        # A worktree that the agent made for itself does not count, unlike the checkout of another attempt.
        others = {
            path for path in now.worktrees if path in before.worktrees or Path(path).parent == own.parent
        }
        others.discard(str(own))
        for process in self._processes:
            writes = process.command in WRITE_COMMANDS and _HARMLESS.isdisjoint(process.argv)
            if writes and process.worktree in others:
                yield OutsideChange(
                    kind="command", name=process.command, place=process.worktree, by_agent=True
                )

    def _refs(self, before: SurroundingsLook, now: SurroundingsLook) -> Iterator[OutsideChange]:
        pushes = [process for process in self._processes if process.command == "push"]
        for ref, oid in now.refs.items() if pushes else ():
            name = ref.removeprefix(REMOTES)
            moved = ref.startswith(REMOTES) and oid != before.refs.get(ref)
            if moved and name.partition("/")[2] != before.branch and self._has_pushed(pushes, ref, name):
                yield OutsideChange(kind="pushed", name=name, was=before.refs.get(ref, ""), by_agent=True)
        for ref, oid in before.refs.items():
            unused = ref not in before.in_use and ref not in now.in_use
            if not ref.startswith(REMOTES) and unused and now.refs.get(ref) != oid:
                name = ref.split("/", 2)[2]
                kind: OutsideKind = "tag" if ref.startswith("refs/tags/") else "branch"
                proved = self._has_moved(kind, name, before)
                if proved or ref != before.lands_on:
                    yield OutsideChange(kind=kind, name=name, was=oid, by_agent=proved)
        stashes = [set(process.argv) for process in self._processes if process.command == "stash"]
        dropped = any(_DROPPING & words for words in stashes)
        for oid, message in before.stash.items():
            if oid not in now.stash:
                yield OutsideChange(kind="stash", name=message, was=oid, by_agent=dropped)

    def _has_pushed(self, pushes: Sequence[GitProcess], ref: str, name: str) -> bool:
        """Whether one of the attempt's own pushes moved this remote-tracking branch."""
        at = _pushed_at(self._repository.git, ref)
        return at is not None and any(
            push.began - 1 <= at <= push.ended + 1 and push.may_push(name.partition("/")[2])
            for push in pushes
        )

    def _has_moved(self, kind: OutsideKind, name: str, before: SurroundingsLook) -> bool:
        """Whether the attempt's git named this ref in a command that can move it.

        A command that writes to the worktree where the branch is checked out counts, too.
        """
        named = {name.lower(), f"refs/tags/{name}".lower()}
        for process in self._processes:
            there = before.checkouts.get(process.worktree)
            if there is not None and there.head == HEADS + name and process.command in WRITE_COMMANDS:
                return True
            told = process.names(name) if kind == "branch" else not named.isdisjoint(process.argv)
            if process.command in (BRANCH_COMMANDS if kind == "branch" else _TAG_COMMANDS) and told:
                return True
        return False


def outside_of_dead(repository: Repository, plan: Plan, place: Path) -> tuple[OutsideChange, ...]:
    """Finds changes outside the checkout of an attempt whose worker was killed."""
    if _kept(place) is None:
        return ()
    return Surroundings(repository, plan, place, place, "").changes()


def _kept(place: Path) -> SurroundingsLook | None:
    try:
        return msgspec.json.decode((place / _KEPT).read_bytes(), type=SurroundingsLook)
    except (OSError, msgspec.MsgspecError):
        return None


def _pushed_at(git: Git, ref: str) -> float | None:
    """Returns the time of the push that moved the remote-tracking branch last; None if a fetch moved it last.

    Git records that only in the reflog, in words that it never translates:
    `transport_update_tracking_ref` in https://github.com/git/git/blob/v2.39.5/transport.c
    """
    entry = git.probe("reflog", "show", "-1", "--date=unix", "--format=%gs %gd", ref, "--") or ""
    found = re.fullmatch(r"update by push .*@\{(\d+)\}", entry)
    return float(found[1]) if found else None


def _worktree(path: str, before: SurroundingsLook, now: SurroundingsLook) -> Iterator[OutsideChange]:
    """Yields the changes in one worktree, unless an attempt worked there."""
    was, after = before.checkouts[path], now.checkouts.get(path)
    if after is None or after.attempts != was.attempts:
        if was.attempts is None and not Path(path).is_dir():
            yield OutsideChange(kind="worktree", name=Path(path).name, place=path, was=was.commit)
        return
    if after.head != was.head:
        names = " -> ".join(one.removeprefix(HEADS)[:60] for one in (was.head, after.head))
        yield OutsideChange(kind="checked-out", name=names, place=path, was=was.commit)
    for name in dict.fromkeys((*was.files, *after.files)):
        first, last = was.files.get(name), after.files.get(name)
        if _differ(Path(path, name), first, last, before.at, moved=was.commit != after.commit):
            yield OutsideChange(kind="file", name=name, place=path)


def _differ(file: Path, first: FileMark | None, last: FileMark | None, since: int, *, moved: bool) -> bool:
    """Whether a file that git lists in at least one of the two looks has changed; a commit is no change."""
    if first is None:
        return last is not None and (last[1] == 0 or last[1] >= since)
    if last is None:
        return file_mark(file) != first[1:]
    return first[1:] != last[1:] or (first[0] != last[0] and not moved)


def _hooks(before: SurroundingsLook, now: SurroundingsLook) -> Iterator[OutsideChange]:
    for name in dict.fromkeys((*before.hooks, *now.hooks)):
        if before.hooks.get(name, (0, 0)) != now.hooks.get(name, (0, 0)):
            yield OutsideChange(kind="hook", name=name)
