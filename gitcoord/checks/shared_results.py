"""Shares passed checks among the machines that land in one repository, in a ref next to the plan's.

The ref has one document without history, so it does not grow: the newest `MOST_SHARED` checks that passed in
their first run. Failures and unclear results stay on their machine. Every user with write access to the ref
can claim that a check passed.
"""

import re
import time
from collections.abc import Callable
from typing import Annotated

import msgspec

from gitcoord.checks.model import CheckCommand, CheckResult
from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.remote_refs import RefUpdate, SharedRefs

MOST_SHARED = 1000
"""The ref keeps this many checks, of all commands; the oldest are removed first."""
_REF = "checks"
_TRIES = 20
_PAUSE = 30.0
"""Seconds between two pushes while checks run; the remaining results are pushed at the end."""
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class PassedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A passed check of `tree` by the command with the digest `command`."""

    command: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{20}$")]
    tree: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]


class PassedChecks(msgspec.Struct, frozen=True, kw_only=True):
    """The document in the ref: passed checks, newest last."""

    passed: tuple[PassedCheck, ...] = ()


class SharedResults:
    """The shared results of one command. Calls `warn` once, with the reason, when sharing stops.

    Uses the refs of the last fetch. With `writes=False`, pushes nothing.
    """

    def __init__(
        self,
        shared: SharedRefs,
        command: CheckCommand,
        *,
        writes: bool = True,
        warn: Callable[[str], None] = lambda problem: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared, self._digest, self._warn, self._clock = shared, command.digest, warn, clock
        self._ref = shared.state_prefix + _REF
        # Without a remote there is no other machine: the local results are enough.
        self._reads = shared.remote is not None
        self._writes = self._reads and writes
        self._read_tip: Oid | None = None
        self._known: tuple[PassedCheck, ...] = ()
        self._trees: set[Oid] = set()
        self._new: dict[Oid, None] = {}
        self._pushed_at = clock()

    def read(self, tree: Oid) -> CheckResult | None:
        """Returns a passed result if a machine has shared that the check of `tree` passed; else None."""
        if not self._reads:
            return None
        try:
            self._load(self._shared.read(self._ref))
        except GitcoordError as error:
            self._give_up(error.message)
        return CheckResult(tree=tree, outcome="passed") if tree in self._trees else None

    def add(self, result: CheckResult) -> None:
        """Adds a result of this machine to the next push, if the check passed in its first run."""
        shareable = result.outcome == "passed" and result.runs == 1 and _OID.fullmatch(result.tree)
        if self._writes and shareable and result.tree not in self._trees:
            self._new[result.tree] = None

    def push(self, *, at_end: bool = False) -> None:
        """Pushes the added results; unless `at_end`, at most once in `_PAUSE` seconds."""
        if not self._new or not self._writes or (not at_end and self._clock() - self._pushed_at < _PAUSE):
            return
        self._pushed_at = self._clock()
        try:
            self._push()
        except GitcoordError as error:
            self._give_up(error.message)

    def _push(self) -> None:
        for _ in range(_TRIES):
            tip = self._shared.read(self._ref)
            known = self._load(tip)
            if not self._writes:
                return
            mine = [PassedCheck(command=self._digest, tree=tree) for tree in self._new]
            missing = [one for one in mine if one not in known]
            if missing:
                kept = PassedChecks(passed=(*known, *missing)[-MOST_SHARED:])
                commit = write_document(
                    self._shared.repository, f"{len(kept.passed)} checks passed", encode(kept), None
                ).commit
                if not self._shared.publish([RefUpdate(self._ref, tip, commit)]):
                    continue  # somebody else was faster
            self._new.clear()
            return

    def _load(self, tip: Oid | None) -> tuple[PassedCheck, ...]:
        """Returns the passed checks in the ref at `tip`.

        If gitcoord did not write the ref, stops sharing and leaves the ref unchanged.
        """
        if tip != self._read_tip:
            documents = read_documents(self._shared.git, [tip] if tip else [], newest_only=True)
            found: PassedChecks | None = decode(documents[0].body if documents else None, PassedChecks)
            if tip is not None and found is None:
                self._give_up(f"{self._ref} was not written by gitcoord; gitcoord leaves it unchanged.")
            self._read_tip = tip
            self._known = () if found is None else found.passed[-MOST_SHARED:]
            self._trees = {one.tree for one in self._known if one.command == self._digest}
        return self._known

    def _give_up(self, problem: str) -> None:
        """Stops sharing for this run, and warns once."""
        if self._reads:
            self._warn(f"Results of checks are not shared with other machines: {problem}")
        self._reads = self._writes = False
        self._trees.clear()
