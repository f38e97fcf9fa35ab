"""One emulated repository: its git side, its records, and keeping the two in step."""

import itertools
import threading
from collections import Counter
from pathlib import Path

from tests.support.github.gitside import GitSide
from tests.support.github.model import (
    OWN_USER,
    CheckRun,
    Comment,
    Mergeability,
    MergeSettings,
    Protection,
    Pull,
    Review,
    Status,
)


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
        self.settings = MergeSettings()
        self.null_answers = 1
        """How many reads of a pull request answer `mergeable: null` after its head or base moved."""
        self.dirty_when_closed = False
        """Whether a pull request that is not open reads `false`/`dirty`: GitHub does both that and null."""
        self.hold_mergeability = False
        """While True, mergeability stays null however often it is read."""
        self.merges: Counter[int] = Counter()
        """How many merge calls had an effect, per pull request."""
        self.lock = threading.RLock()
        self.git = GitSide(git_dir, default_branch)
        self.pulls: dict[int, Pull] = {}
        self.protections: dict[str, Protection] = {}
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.reviews: list[Review] = []
        self.comments: list[Comment] = []
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

    def protect(self, branch: str, protection: Protection) -> None:
        """Protects a branch."""
        with self.lock:
            self.protections[branch] = protection

    def set_status(self, sha: str, context: str, state: str) -> Status:
        """Reports a commit status: success, pending, failure or error."""
        with self.lock:
            status = Status(id=self.next_id(), sha=sha, context=context, state=state)
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
        head, base = self.git.tip(pull.head), self.git.tip(pull.base)
        if base is not None and base != pull.base_sha and not pull.broken_off:
            landed = head or pull.head_sha
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
            pull.head_sha, pull.base_sha = head, base
            pull.mergeability = self.fresh_mergeability()
        if self.git.is_ancestor(head, base) and not pull.broken_off:
            # The head was reset to something that the base has: nothing is left to merge.
            pull.close()
