"""Checks that passed, shared by the machines that land in one repository: a ref beside plan and journal.

The ref holds one document without history, so that it does not grow: the newest `MOST_SHARED` checks that
passed at their first run. Failures and unclear results stay on their machine. Whoever may write the ref can
claim that a check passed.
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
"""Checks that the ref holds, of all commands; the oldest go first."""
_REF = "checks"
_TRIES = 20
_PAUSE = 30.0
"""Seconds between two pushes while checks run; what is left is pushed at the end."""
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class PassedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The check of `tree` by the command with the digest `command` has passed."""

    command: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{20}$")]
    tree: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]


class PassedChecks(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, the newest last."""

    passed: tuple[PassedCheck, ...] = ()


class SharedResults:
    """The shared results of one command. `warn` is told once why nothing more is shared.

    Reads as of the last refresh of the shared refs. Without `writes` nothing is pushed.
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
        # Without a remote the results under the git directory are what everybody sees.
        self._reads = shared.remote is not None
        self._writes = self._reads and writes
        self._read_tip: Oid | None = None
        self._known: tuple[PassedCheck, ...] = ()
        self._trees: set[Oid] = set()
        self._new: dict[Oid, None] = {}
        self._pushed_at = clock()

    def read(self, tree: Oid) -> CheckResult | None:
        """The result for `tree`, if some machine says that it passed."""
        if not self._reads:
            return None
        try:
            self._follow(self._shared.read(self._ref))
        except GitcoordError as error:
            self._give_up(error.message)
        return CheckResult(tree=tree, outcome="passed") if tree in self._trees else None

    def add(self, result: CheckResult) -> None:
        """Note a result of this machine, to be pushed; only what passed at its first run is shared."""
        clear = result.outcome == "passed" and result.runs == 1 and _OID.fullmatch(result.tree)
        if self._writes and clear and result.tree not in self._trees:
            self._new[result.tree] = None

    def push(self, *, at_end: bool = False) -> None:
        """Push what was noted, unless the last push was a moment ago; `at_end` in any case."""
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
            known = self._follow(tip)
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

    def _follow(self, tip: Oid | None) -> tuple[PassedCheck, ...]:
        """What the ref says at `tip`; what gitcoord did not write there counts for nothing, and stays."""
        if tip != self._read_tip:
            documents = read_documents(self._shared.git, [tip] if tip else [], newest_only=True)
            found: PassedChecks | None = decode(documents[0].body if documents else None, PassedChecks)
            if tip is not None and found is None:
                self._give_up(f"{self._ref} holds what gitcoord did not write; it is left as it is.")
            self._read_tip = tip
            self._known = () if found is None else found.passed[-MOST_SHARED:]
            self._trees = {one.tree for one in self._known if one.command == self._digest}
        return self._known

    def _give_up(self, problem: str) -> None:
        """Shares nothing more in this run."""
        if self._reads:
            self._warn(f"Results of checks are not shared with other machines: {problem}")
        self._reads = self._writes = False
        self._trees.clear()
