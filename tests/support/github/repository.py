"""One emulated repository: its git side, its records, and keeping the two in step."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.github.gitside import GitSide
from tests.support.github.habits import Habits
from tests.support.github.model import (
    OWN_USER,
    AsyncMerge,
    CheckRun,
    Comment,
    Issue,
    Mergeability,
    MergeSettings,
    Protection,
    Pull,
    Review,
    Status,
)


@dataclass
class Late:
    """Work in the background: done when a request has come in for the `reads_left`-th time."""

    reads_left: int
    run: Callable[[], None]


class EmulatedRepository:
    """A repository of the emulator, for the server and for tests."""

    def __init__(
        self, *, id: int, full_name: str, git_dir: Path, url: str, token: str, default_branch: str
    ) -> None:
        self.id = id
        self.server = url
        self.full_name = full_name
        self.git_dir = git_dir
        self.token = token
        self.default_branch = default_branch
        self.user = OWN_USER
        self.admin = True
        """Whether the token may administer: without it, reading the details of a protection is a 403."""
        self.is_of_organization = True
        """Whether its owner is an organization: a user's repository cannot restrict pushes to anybody."""
        self.settings = MergeSettings()
        self.null_answers = 1
        """How many reads of a pull request answer `mergeable: null` after its head or base moved."""
        self.hold_mergeability = False
        """While True, mergeability stays null however often it is read."""
        self.habits = Habits()
        """Where GitHub does now one thing and now the other."""
        self.has_hooks = False
        """Whether a GitHub Enterprise Server asks hooks of its own before a merge."""
        self.background_reads = 1
        """How many requests come in before an update, a queued or an asynchronous merge is performed."""
        self.offers_async = False
        """Whether there is `merge-async`: not on GitHub Enterprise Server."""
        self.queue_method = "merge"
        self.queue_refusals: list[str] = []
        """Why the merge queue takes out what it comes to next: what fails only together with others."""
        self.merges: Counter[int] = Counter()
        """How many merge calls had an effect, per pull request."""
        self.to_spoil: set[int] = set()
        """Pull requests of which the next merge is to go wrong."""
        self.spoiled: list[tuple[int, str]] = []
        """The merges that went wrong, each with its commit."""
        self.lock = threading.RLock()
        self.git = GitSide(git_dir, default_branch)
        self.pulls: dict[int, Pull] = {}
        self.issues: dict[int, Issue] = {}
        self.tells_dependencies = True
        """Whether it knows what blocks issues: older GitHub Enterprise Servers do not."""
        self.protections: dict[str, Protection] = {}
        self.more_rules: dict[str, list[Protection]] = {}
        self.late: list[Late] = []
        self.async_merges: dict[str, AsyncMerge] = {}
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.reviews: list[Review] = []
        self.comments: list[Comment] = []
        self.forks: dict[tuple[str, str], str] = {}
        """The branches of forks that pull requests come from: owner and name, with their commits."""
        self._numbers = itertools.count(1)
        self._ids = itertools.count(1000)

    @property
    def owner(self) -> str:
        """The first half of the full name."""
        return self.full_name.split("/")[0]

    @property
    def clone_url(self) -> str:
        """Where git clones from and pushes to; it asks for the token."""
        return f"{self.server}/{self.full_name}.git"

    @property
    def authenticated_url(self) -> str:
        """The same with the token in it, for a test's own git."""
        return self.clone_url.replace("://", f"://x-access-token:{self.token}@")

    @property
    def api_url(self) -> str:
        """Where its REST resources are."""
        return f"{self.server}/repos/{self.full_name}"

    def next_number(self) -> int:
        """The number of the next pull request."""
        return next(self._numbers)

    def next_id(self) -> int:
        """An id for anything else."""
        return next(self._ids)

    def tip(self, branch: str) -> str | None:
        """The commit of a branch."""
        return self.git.tip(branch)

    def head_tip(self, pull: Pull) -> str | None:
        """The commit of a pull request's head branch, which a fork may have."""
        return self.tip(pull.head) if pull.fork is None else self.forks.get((pull.fork, pull.head))

    def move_head(self, pull: Pull, new: str, old: str) -> bool:
        """Moves the head branch of a pull request if it still is at `old`."""
        if pull.fork is None:
            return self.git.move(f"refs/heads/{pull.head}", new, old)
        if self.head_tip(pull) != old:
            return False
        self.forks[pull.fork, pull.head] = new
        return True

    def protect(self, branch: str, protection: Protection) -> None:
        """Protects a branch."""
        with self.lock:
            self.protections[branch] = protection
            self.more_rules.pop(branch, None)
            self.write_push_rules()

    def add_rules(self, branch: str, protection: Protection) -> None:
        """Protects a branch by this, too: classic protection and rulesets add up."""
        with self.lock:
            self.more_rules.setdefault(branch, []).append(protection)
            self.write_push_rules()

    def unprotect(self, branch: str) -> Protection | None:
        """Takes all protection of a branch away."""
        with self.lock:
            self.more_rules.pop(branch, None)
            taken = self.protections.pop(branch, None)
            self.write_push_rules()
            return taken

    def rules_of(self, branch: str) -> list[Protection]:
        """Everything that protects a branch."""
        first = self.protections.get(branch)
        return ([] if first is None else [first]) + self.more_rules.get(branch, [])

    def write_push_rules(self) -> None:
        """Lets git's own pushes meet the protections as they are now."""
        branches = {*self.protections, *self.more_rules}
        self.git.write_push_rules({branch: self.rules_of(branch) for branch in branches}, self.user)

    def set_status(self, sha: str, context: str, state: str, **told: Any) -> Status:
        """Reports a commit status: success, pending, failure or error."""
        with self.lock:
            status = Status(id=self.next_id(), sha=sha, context=context, state=state, **told)
            self.statuses.append(status)
            return status

    def set_check(
        self, sha: str, name: str, conclusion: str | None, *, status: str = "completed", app: int = 1
    ) -> CheckRun:
        """Reports a check run; `conclusion` None is one that has not ended."""
        with self.lock:
            ended = "completed" if conclusion else ("queued" if status == "completed" else status)
            run = CheckRun(
                id=self.next_id(), sha=sha, name=name, status=ended, conclusion=conclusion, app=app
            )
            run.completed_at = run.started_at if conclusion else None
            self.check_runs.append(run)
            return run

    def review(self, number: int, *, by: str, state: str = "APPROVED") -> Review:
        """Submits a review: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""
        with self.lock:
            review = Review(
                id=self.next_id(), pull=number, user=by, state=state, commit=self.pulls[number].head_sha
            )
            self.reviews.append(review)
            return review

    def fresh_mergeability(self) -> Mergeability:
        """Mergeability that has to be found out."""
        return Mergeability(nulls_left=self.null_answers)

    def sync(self) -> None:
        """Brings the open pull requests in step with the branches as they are now."""
        with self.lock:
            for pull in self.pulls.values():
                if pull.state == "open":
                    self._sync_pull(pull)

    def _sync_pull(self, pull: Pull) -> None:
        head, base = self.head_tip(pull), self.git.tip(pull.base)
        if base is not None and base != pull.base_sha and not pull.broken_off:
            # Git pushes arrive one by one: a head that was reset to what the base had before has not landed.
            reset = head is not None and head != pull.head_sha and self.git.is_ancestor(head, pull.base_sha)
            landed = pull.head_sha if head is None or reset else head
            if self.git.is_ancestor(landed, base):
                # Somebody pushed the head into the base: GitHub calls that merged.
                pull.close(merge_commit=base)
                return
        if head is None or base is None:
            pull.close()
            return
        if head != pull.head_sha:
            self.git.move(f"refs/pull/{pull.number}/head", head)
        if (head, base) != (pull.head_sha, pull.base_sha):
            if head != pull.head_sha:
                self._dismiss_stale(pull)
            pull.head_sha, pull.base_sha = head, base
            pull.mergeability = self.fresh_mergeability()
        if self.git.is_ancestor(head, base) and not pull.broken_off:
            # The head was reset to something that the base has: nothing is left to merge.
            pull.close()

    def _dismiss_stale(self, pull: Pull) -> None:
        pull.queued = None
        if any(rules.dismiss_stale for rules in self.rules_of(pull.base)):
            self.reviews = [
                replace(review, state="DISMISSED")
                if review.pull == pull.number and review.state == "APPROVED"
                else review
                for review in self.reviews
            ]
