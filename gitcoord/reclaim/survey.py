"""Examines every linked worktree and branch: whether the base provably has its work, or why it stays."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.evidence.landed_tips import LandedTip, landed_tips
from gitcoord.evidence.merged_pulls import merged_into
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.git_cli import Oid, stdin_lines
from gitcoord.git.refs import read_refs
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree_list import ListedWorktree, linked_worktrees
from gitcoord.git.worktree_list import worktrees as checked_out_branches
from gitcoord.reclaim.model import Holding, HoldingState, Survey
from gitcoord.reclaim.uncommitted import (
    abandoned,
    branches_under_way,
    size_of,
    uncommitted,
    under_way,
)
from gitcoord.reclaim.users import users_of

FRESH = 24 * 3600.0
"""The seconds for which a new worktree or branch without work of its own is kept."""

AskPulls = Callable[[Sequence[str]], Sequence[Pull]]
"""Returns the merged pull requests of branches, from the forge."""


class SurveyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a survey. `ignored`: ignored files may be lost.

    `older_than`: the least age of a removable worktree or branch, in seconds; None: any age, but `FRESH` for
    those without work of their own.
    """

    base: str
    base_commit: Oid
    older_than: float | None = None
    ignored: bool = False


def take_survey(repository: Repository, request: SurveyRequest, ask_pulls: AskPulls) -> Survey:
    """Returns all worktrees and branches. Changes nothing; asks the forge only if git has no proof."""
    return _Surveyor(repository, request, ask_pulls).survey()


class _Surveyor:
    def __init__(self, repository: Repository, request: SurveyRequest, ask_pulls: AskPulls) -> None:
        self._repository = repository
        self._git = repository.git
        self._request = request
        self._ask_pulls = ask_pulls
        self._now = time.time()
        self._abandoned: Mapping[Path, set[Oid]] = {}
        self._dates: Mapping[str, float] = {}
        self._pushed: set[str] = set()

    def survey(self) -> Survey:
        worktrees = linked_worktrees(self._git, self._repository.common_dir)
        taken = {one.branch for one in worktrees if one.branch} | set(checked_out_branches(self._git))
        places = [self._repository.common_dir, *(one.own for one in worktrees if one.own is not None)]
        branches = self._branches(taken.union(*map(branches_under_way, places)))
        tips = {**{one.branch or str(one.path): one.head for one in worktrees if one.head}, **branches}
        landed = self._landed(tips)
        users = users_of([one.path for one in worktrees if not one.missing])
        self._find_abandoned(worktrees, landed)
        holdings = [self._worktree(one, landed, users) for one in worktrees]
        holdings += [self._branch(name, tip, landed) for name, tip in sorted(branches.items())]
        base, commit = self._request.base, self._request.base_commit
        return Survey(base=base, base_commit=commit, holdings=tuple(holdings))

    def _branches(self, taken: set[str]) -> dict[str, Oid]:
        """Returns the local branches by full name, without `taken` and symbolic ones."""
        told = self._git.lines(
            "for-each-ref", "--format=%(refname)%00%(symref)%00%(committerdate:unix)%00%(upstream)", HEADS
        )
        rows = [line.split("\0") for line in told]
        self._dates = {name: float(date or 0) for name, _, date, _ in rows}
        self._pushed = {name for name, _, _, upstream in rows if upstream}
        real = {name for name, link, _, _ in rows if not link}
        free = real - taken - {HEADS + self._request.base}
        found = read_refs(self._git, HEADS).targets
        return {name: tip for name, tip in found.items() if name in free}

    def _landed(self, tips: Mapping[str, Oid]) -> dict[Oid, LandedTip]:
        """Returns the landed tips, proved by git, else by the merged pull request of a pushed branch."""
        ancestry, base = self._repository.ancestry, self._request.base_commit
        found = landed_tips(self._git, ancestry, base, set(tips.values()))
        left = {name: tip for name, tip in tips.items() if tip not in found and name in self._pushed}
        pulls = self._ask_pulls([name.removeprefix(HEADS) for name in left]) if left else ()
        for pull, commit in merged_into(ancestry, base, pulls):
            tip = left.get(HEADS + pull.head)
            if tip is not None and ancestry.contains(pull.head_commit, tip):
                found[tip] = LandedTip(commit=commit, contained=False)
        return found

    def _find_abandoned(self, worktrees: Sequence[ListedWorktree], landed: Mapping[Oid, LandedTip]) -> None:
        """Stores, for each worktree, the commits that its reflog has and that no remaining ref contains."""
        told = {one.path: abandoned(one.own) - {one.head} for one in worktrees if one.own is not None}
        here = self._repository.ancestry.existing({commit for commits in told.values() for commit in commits})
        if not here:
            return
        refs = read_refs(self._git, "refs/").targets.items()
        stay = {oid for name, oid in refs if not name.startswith(HEADS) or oid not in landed}
        asked = stdin_lines([*here, f"^{self._request.base_commit}", *(f"^{oid}" for oid in stay)])
        lost = here.intersection(self._git.text("rev-list", "--stdin", input=asked).splitlines())
        self._abandoned = {path: commits & lost for path, commits in told.items()}

    def _worktree(
        self,
        one: ListedWorktree,
        landed: Mapping[Oid, LandedTip],
        users: Mapping[Path, str],
    ) -> Holding:
        tip = one.head or ""
        branch = one.branch.removeprefix(HEADS) if one.branch else None
        holding = Holding(kind="worktree", tip=tip, state="landed", path=str(one.path), branch=branch)
        if one.missing or one.own is None:
            gone = "its directory is missing; `git worktree prune` removes the entry"
            return msgspec.structs.replace(holding, state="missing", reason=gone)
        age = self._now - _touched(one.own / "HEAD", one.own / "logs" / "HEAD", one.path)
        holding = msgspec.structs.replace(holding, age=age, size=size_of(one.path))
        logs = [one.own / "logs" / "HEAD", *([self._log(one.branch)] if one.branch else [])]
        holding = self._judged(holding, landed.get(tip), set().union(*map(_reflog, logs)))
        if one.branch == HEADS + self._request.base:
            return msgspec.structs.replace(holding, state="busy", reason="it has the base checked out")
        if busy := self._busy(one, one.own, users):
            return msgspec.structs.replace(holding, state="busy", reason=busy)
        if not holding.removable:
            return holding
        lost = self._lost(one, one.own)
        return msgspec.structs.replace(holding, state="dirty", reason=lost) if lost else holding

    def _busy(self, one: ListedWorktree, own: Path, users: Mapping[Path, str]) -> str:
        if one.locked is not None:
            return f"it is locked{f': {one.locked}' if one.locked else ''}"
        if one.path in users:
            return f"{users[one.path]} works in it"
        if (own / "modules").exists():
            return "it has submodules, which git does not remove with it"
        return under_way(own)

    def _lost(self, one: ListedWorktree, own: Path) -> str:
        """Returns why removing a worktree would lose something although its tip is in the base, or ""."""
        left = self._abandoned.get(one.path)
        if left:
            return f"its HEAD was detached at {min(left)[:12]}, which no branch contains"
        try:
            git = self._git.within(own, one.path)
            return uncommitted(git, one.path, self._repository.root, ignored_too=self._request.ignored)
        except GitcoordError as error:
            return f"git cannot read it: {error.message}"

    def _branch(self, name: str, tip: Oid, landed: Mapping[Oid, LandedTip]) -> Holding:
        log = self._log(name)
        age = self._now - max(_touched(log), self._dates.get(name, 0.0))
        holding = Holding(
            kind="branch", tip=tip, state="landed", branch=name.removeprefix(HEADS), age=max(age, 0.0)
        )
        return self._judged(holding, landed.get(tip), _reflog(log))

    def _judged(self, holding: Holding, landed: LandedTip | None, was_at: set[Oid]) -> Holding:
        """Returns the holding with its state, from the evidence about its tip and its earlier commits.

        If the tip is on the base's first-parent line, somebody may have reset the branch, and so abandoned
        its work.
        """
        ancestry, base = self._repository.ancestry, self._request.base_commit
        if landed is not None and landed.own_line:
            here = ancestry.existing(was_at)
            left = here - ancestry.contained(base, here)
            if left:
                why = f"it was at {min(left)[:12]} before, which only its reflog has"
                return msgspec.structs.replace(holding, state="unproved", reason=why)
        return _judged(holding, landed, self._request, had_work=len(was_at) > 1)

    def _log(self, ref: str) -> Path:
        return self._repository.common_dir / "logs" / ref


def _reflog(log: Path) -> set[Oid]:
    """Returns every commit in a reflog."""
    with suppress(OSError):
        lines = log.read_bytes().splitlines()
        return {line.split(b" ")[1].decode("ascii", "replace") for line in lines if line.count(b" ") > 1}
    return set()


def _judged(holding: Holding, landed: LandedTip | None, request: SurveyRequest, *, had_work: bool) -> Holding:
    """Returns the holding with its state, from the evidence about its tip."""
    base = request.base
    if landed is None:
        why = f"there is no proof that {base} has its work"
        return msgspec.structs.replace(holding, state="unproved", reason=why)
    told = msgspec.structs.replace(holding, landed_as=landed.commit, contained=landed.contained)
    state: HoldingState = "empty" if landed.own_line and not had_work else "landed"
    if landed.reverted is not None:
        why = f"it landed as {landed.commit[:12]}, but {landed.reverted[:12]} reverted it"
        return msgspec.structs.replace(told, state="reverted", reason=why)
    limit = request.older_than if request.older_than is not None else FRESH if state == "empty" else 0.0
    if holding.age < limit:
        return msgspec.structs.replace(told, state="recent", reason=_recent_words(state))
    return msgspec.structs.replace(told, state=state)


def _recent_words(state: HoldingState) -> str:
    return "it has no work yet" if state == "empty" else "it was changed too recently"


def _touched(*places: Path) -> float:
    """Returns the time of the newest change of these paths, in seconds since 1970; 0 if none exists."""
    times = [0.0]
    for place in places:
        with suppress(OSError):
            times.append(place.stat().st_mtime)
    return max(times)
