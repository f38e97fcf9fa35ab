"""Finds commits of the base that made the change of a proposed rollback, with another id and any message.

The journal has the proposal and its time; a trailer may name the commit. Merges in memory decide.
"""

from collections.abc import Collection
from functools import partial

from gitcoord.events import RollbackProposed
from gitcoord.evidence.trailer_syntax import ROLLED_BACK, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.commit_facts import first_parents, paths_between, tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_tree

Candidate = tuple[Oid, tuple[str, ...]]
"""A commit, and the landings that its trailers name."""


class Reverts:
    """Searches the history of one base. `landings` are commits that landed work, and so no rollbacks."""

    def __init__(self, git: Git, ancestry: Ancestry, base_commit: Oid, landings: Collection[Oid]) -> None:
        self._git = git
        self._ancestry = ancestry
        self._base = base_commit
        self._landings = landings
        self._read: dict[tuple[Oid, str], list[Candidate]] = {}

    def find(self, event: RollbackProposed) -> Oid | None:
        """Returns the newest commit that made the proposed change; None without proof."""
        for commit, named in self._candidates(event):
            by_name = f"{event.task} {event.head}" in named
            if not by_name and (named or commit in self._landings):
                continue
            key = ("taken back", commit, str(by_name), event.commit, event.landing, event.start)
            prove = partial(self.took_back if by_name else self._does_the_same, commit, event)
            if self._ancestry.remembered(key, partial(_if_true, commit, prove)):
                return commit
        return None

    def _candidates(self, event: RollbackProposed) -> list[Candidate]:
        """Returns the commits since the proposal that change a path of it, newest first.

        If the landing changed no path, returns those with a rollback's trailer.
        """
        path = self._path_of(event)
        if (event.base, path) not in self._read:
            self._read[event.base, path] = self._log(event.base, path)
        return self._read[event.base, path]

    def _path_of(self, event: RollbackProposed) -> str:
        """Returns a path that each revert of the landing must change; "" if none is known."""
        known = self._ancestry.existing({event.base, event.commit, event.start, event.landing})
        for old, new in ((event.base, event.commit), (event.start, event.landing)):
            if known.issuperset((old, new)):
                return min(paths_between(self._git, old, new), default="")
        return ""

    def _log(self, since: Oid, path: str) -> list[Candidate]:
        options = ("log", "-z", "--topo-order", "--full-history", "--no-show-signature", "--format=%H%n%B")
        named = () if path else (f"--grep=^{ROLLED_BACK}: ",)
        paths = (f":(top,literal){path}",) if path else ()
        asked = (*options, *named, "--end-of-options", f"{since}..{self._base}", "--", *paths)
        records = filter(None, (self._git.probe(*asked) or "").split("\0"))
        parts = (record.strip("\n").partition("\n") for record in records)
        return [(commit, tuple(values(ROLLED_BACK, message))) for commit, _, message in parts]

    def took_back(self, commit: Oid, event: RollbackProposed) -> bool:
        """Whether a commit that claims to be the rollback is one: a message alone proves nothing."""
        if self._does_the_same(commit, event, nothing=True):
            return True
        parent = first_parents(self._git, [commit]).get(commit)
        if not event.landing or parent is None:
            return False
        return self._leaves_nothing(commit, event) and not self._leaves_nothing(parent, event)

    def _does_the_same(self, commit: Oid, event: RollbackProposed, *, nothing: bool = False) -> bool:
        """Whether a commit is the merge of a proposal onto its parent; may be empty with `nothing`."""
        parent = first_parents(self._git, [commit]).get(commit)
        if parent is None or not self._ancestry.existing({event.commit}):
            return False
        tree = tree_of(self._git, commit)
        if tree == tree_of(self._git, parent) and not nothing:
            return False
        with self._git.quarantine() as aside:
            merged = merge_tree(aside, parent, event.commit)
        return bool(merged.clean) and merged.tree == tree

    def _leaves_nothing(self, commit: Oid, event: RollbackProposed) -> bool:
        """Whether reverting the landing on `commit` changes nothing: the commit contains nothing of it."""
        from gitcoord.git.object_writer import Writer

        tree = tree_of(self._git, commit)
        with self._git.quarantine() as aside:
            writer = Writer(aside, commit)
            sides = [writer.commit(one, [event.landing]) for one in (tree, tree_of(self._git, event.start))]
            merged = merge_tree(aside, *sides)
        return bool(merged.clean) and merged.tree == tree


def _if_true(commit: Oid, proved: partial[bool]) -> Oid | None:
    return commit if proved() else None
