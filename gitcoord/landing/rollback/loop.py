"""Rolls a level back: observes, takes one step, observes again, until its work is out of the base.

With the local forge it makes one commit on the base. A crash needs no recovery: the next run observes first.
"""

import time
from collections.abc import Callable

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import RollbackProposed
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.repository import Repository
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.rollback.model import RollbackContext, RollbackReport, RollbackSnapshot, RolledBackTask
from gitcoord.landing.rollback.plan_rollback import Reversal, look, record_done, reverse
from gitcoord.landing.rollback.rollback_pull import PullRequest, RollbackPause
from gitcoord.landing.rollback.texts import message
from gitcoord.notices import Tell


class Rollbacker:
    """One rollback run. `tell` receives its notices."""

    def __init__(
        self, context: RollbackContext, tell: Tell, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._context = context
        self._tell = tell
        self._pull = PullRequest(context, tell, self._write, sleep)
        self._fresh = False
        self._published = ""
        self._back: Reversal | None = None

    def roll_back(self) -> RollbackReport:
        """Reverts the levels' landings as one commit, and returns a report.

        Raises (exit 1) `nothing-landed`, `built-upon`, `conflict`, `not-made`, `unknown-landing` or
        `rollback-changed`, and does not change the base. Raises `tree-differs` if the forge merged another
        tree than computed, `merged-elsewhere` if it merged into another base, `rollback-unseen` if the base
        does not contain the pushed commit, and `base-missing`.
        """
        deadline = time.monotonic() + self._context.wait
        while True:
            snapshot = self._look()
            if record_done(self._context, snapshot, self._pull.number, self._pull.proved):
                self._fresh = True
                continue
            if not snapshot.wanted:
                self._pull.prove_unanswered()
                return self._finished(snapshot)
            back = reverse(self._context, snapshot)
            self._back = back
            if self._context.forge.name == "local":
                self._on_the_base(snapshot, back)
                continue
            ended = self._pull.advance(snapshot, back, deadline - time.monotonic())
            if isinstance(ended, RollbackPause):
                return self._report(snapshot, back, ended)

    def rehearse(self) -> RollbackReport:
        """Returns the report of the rollback that `roll_back` would begin now; changes nothing.

        Raises the same errors if nothing has landed or the reverted tree cannot be computed.
        """
        snapshot = self._look()
        if not snapshot.wanted:
            return self._finished(snapshot)
        real = self._context.repository
        with real.git.quarantine() as git:
            aside = Repository(git, real.root, real.common_dir, real.remote, address=real.address)
            back = reverse(msgspec.structs.replace(self._context, repository=aside), snapshot)
        return self._report(snapshot, back, RollbackPause(state="planned"))

    def _look(self) -> RollbackSnapshot:
        snapshot = look(self._context)
        # Keep levels that were included because they had landed, even after they are reverted.
        self._context = msgspec.structs.replace(self._context, levels=snapshot.numbers)
        return snapshot

    def _on_the_base(self, snapshot: RollbackSnapshot, back: Reversal) -> None:
        base = self._context.plan.base
        if self._published:
            raise GitcoordError(
                "rollback-unseen",
                f"{self._published[:12]} was pushed to {base}, but {base} does not contain it.",
                hint=f"Somebody may have reset {base}: check `git log {base}`, then run the command again.",
            )
        commit = self._write(snapshot, back, "")
        if self._context.shared.publish([RefUpdate(HEADS + base, snapshot.base_commit, commit)]):
            self._published = commit

    def _write(self, snapshot: RollbackSnapshot, back: Reversal, branch: str) -> Oid:
        """Creates the commit that reverts everything, and records it in the journal."""
        repository = self._context.repository
        text = message(repository.git, snapshot, back)
        who, sign = repository.identity, repository.signs
        commit = commit_tree(
            repository.git, back.tree, [snapshot.base_commit], text, environment=who, sign=sign
        )
        units = {task: unit for unit in back.units for task, _ in unit.tasks}
        events = [
            RollbackProposed(
                at=now(),
                by=worker_name(),
                task=task,
                head=landing.head,
                start=units[task].start,
                base=snapshot.base_commit,
                commit=commit,
                branch=branch,
                landing=(*units[task].commits, units[task].start)[0],
            )
            for task, landing in snapshot.wanted.items()
        ]
        self._context.store.record_all([(event, lambda before: False) for event in events])
        return commit

    def _finished(self, snapshot: RollbackSnapshot) -> RollbackReport:
        if not snapshot.undone:
            names = ", ".join(snapshot.levels)
            raise answer_no("nothing-landed", f"Nothing of {names} is on {self._context.plan.base}.")
        newest = {task: found[-1] for task, found in snapshot.undone.items()}
        return RollbackReport(
            levels=snapshot.levels,
            base=self._context.plan.base,
            base_commit=snapshot.base_commit,
            state="done" if self._fresh else "already",
            tasks=tuple(
                RolledBackTask(task=task, head=one.head, commit=one.commit) for task, one in newest.items()
            ),
            unowned=self._back.unowned if self._back else (),
            unchanged=self._back is not None and self._back.unchanged,
            pull=self._pull.number,
        )

    def _report(self, snapshot: RollbackSnapshot, back: Reversal, ended: RollbackPause) -> RollbackReport:
        return RollbackReport(
            levels=snapshot.levels,
            base=self._context.plan.base,
            base_commit=snapshot.base_commit,
            state=ended.state,
            tasks=tuple(
                RolledBackTask(task=task, head=landing.head, commit=None)
                for task, landing in snapshot.wanted.items()
            ),
            reverted=back.commits,
            unowned=back.unowned,
            unchanged=back.unchanged,
            tree=back.tree,
            branch=ended.branch,
            pull=self._pull.number,
            url=ended.url,
            reason=ended.reason,
        )
