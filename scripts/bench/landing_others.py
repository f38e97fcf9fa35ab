"""Other ways to land branches with a check, on real checkouts; for `scripts/bench/landing`.

Their checks run as those of gitcoord do: a shell command in a worktree of the same repository, at a merge
of the branches, as many at once as there are slots. Nothing is pushed and no branch is moved, so their users
wait longer than these figures say.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Self

_WINDOW, _FLOOR = 20, 3
"""Branches: with what Zuul's window starts and ends; see https://zuul-ci.org/docs/zuul/latest/config/pipeline.html."""
_BATCH = 8


class RealCheck:
    """One check of a combination that can be taken back."""

    def __init__(self) -> None:
        self.stopped = False
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self.future: Future[bool]

    def begin(self, command: str, place: Path) -> None:
        """Starts the shell command there."""
        with self._lock:
            if not self.stopped:
                words = ["sh", "-c", command]
                self._process = subprocess.Popen(
                    words, cwd=place, start_new_session=True, stdout=subprocess.DEVNULL
                )

    def succeeded(self) -> bool:
        """Whether it ends with 0; waits for that."""
        return self._process is not None and self._process.wait() == 0

    def stop(self) -> None:
        """Ends it, with all that it started."""
        with self._lock:
            self.stopped = True
            if self._process is not None and self._process.poll() is None:
                with suppress(ProcessLookupError):  # Another thread has just waited for its end.
                    os.killpg(self._process.pid, signal.SIGKILL)


class RealChecks:
    """Runs the check of combinations of branches, each in one of `slots` worktrees."""

    def __init__(self, repository: Path, base: str, heads: Sequence[str], command: str, slots: int) -> None:
        self._repository = repository
        self._base, *self._heads = (self._git("rev-parse", "--verify", one) for one in (base, *heads))
        self._commits: dict[tuple[int, ...], str] = {}
        self._command = command
        self._places = [repository.parent / f"{repository.name}-others-{number}" for number in range(slots)]
        self._free: SimpleQueue[Path] = SimpleQueue()
        self._pool = ThreadPoolExecutor(slots)
        self.count = 0

    def __enter__(self) -> Self:
        for place in self._places:
            self._git("worktree", "add", "--quiet", "--detach", str(place), self._base)
            self._free.put(place)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for place in self._places:
            self._git("worktree", "remove", "--force", str(place))

    def start(self, branches: Sequence[int]) -> RealCheck:
        """Begins the check of these branches (indexes) merged into the base in this order."""
        check, commit = RealCheck(), self._merged(branches)
        check.future = self._pool.submit(self._run, check, commit)
        return check

    def passes(self, branches: Sequence[int]) -> bool:
        """Whether these branches pass together."""
        return self.start(branches).future.result()

    def _run(self, check: RealCheck, commit: str) -> bool:
        place = self._free.get()
        try:
            if check.stopped:
                return False
            self.count += 1
            self._git("checkout", "--quiet", "--detach", commit, cwd=place)
            check.begin(self._command, place)
            return check.succeeded()
        finally:
            self._free.put(place)

    def _merged(self, branches: Sequence[int]) -> str:
        before = self._base
        for count, branch in enumerate(branches, 1):
            key = tuple(branches[:count])
            if key not in self._commits:
                head = self._heads[branch]
                tree = self._git("merge-tree", "--write-tree", before, head)
                self._commits[key] = self._git("commit-tree", "-m", "merged", "-p", before, "-p", head, tree)
            before = self._commits[key]
        return before

    def _git(self, *arguments: str, cwd: Path | None = None) -> str:
        words = ["git", *arguments]
        ran = subprocess.run(
            words, cwd=cwd or self._repository, check=True, stdout=subprocess.PIPE, text=True
        )
        return ran.stdout.strip()


OtherWay = Callable[[RealChecks, int], list[int]]
"""Lands so many branches; gives those that passed."""


def halves(checks: RealChecks, branches: int) -> list[int]:
    """Batches, one check at a time, cut in halves where they fail (bors, GitLab's trains of one)."""
    landed: list[int] = []

    def land(part: Sequence[int]) -> None:
        if checks.passes((*landed, *part)):
            landed.extend(part)
        elif len(part) > 1:
            land(part[: len(part) // 2])
            land(part[len(part) // 2 :])

    for start in range(0, branches, _BATCH):
        land(range(start, min(start + _BATCH, branches)))
    return landed


def zuul_window(checks: RealChecks, branches: int) -> list[int]:
    """Each branch on all before it, side by side; what stood on one that fails begins anew without it."""
    queue, landed, window = list(range(branches)), list[int](), _WINDOW
    running: dict[int, RealCheck] = {}
    failing: set[int] = set()
    while queue:
        for place, branch in enumerate(queue[:window]):
            if branch not in running:
                ahead = (one for one in queue[:place] if one not in failing)
                running[branch] = checks.start((*landed, *ahead, branch))
        wait([one.future for one in running.values() if not one.future.done()], return_when=FIRST_COMPLETED)
        for place, branch in enumerate(queue[:window]):
            check = running[branch]
            if branch not in failing and check.future.done() and not check.future.result():
                failing.add(branch)
                for behind in queue[place + 1 :]:
                    failing.discard(behind)
                    if behind in running:
                        running.pop(behind).stop()
                break
        while queue and queue[0] in running and running[queue[0]].future.done():
            first = queue.pop(0)
            del running[first]
            if first in failing:
                failing.discard(first)
                window = max(_FLOOR, window // 2)
            else:
                landed.append(first)
                window += 1
    return landed


OTHERS: tuple[tuple[str, OtherWay, bool], ...] = (
    ("batch, halved", halves, False),
    ("Zuul", zuul_window, True),
)
"""The name of each way, and whether it uses all slots."""


def time_others(
    repository: Path, heads: Sequence[str], command: str, slots: int
) -> list[tuple[str, float, int, int]]:
    """Name, seconds, checks and landed branches of each other way, one way after the other."""
    rows = []
    for name, way, parallel in OTHERS:
        with RealChecks(repository, "main", heads, command, slots if parallel else 1) as checks:
            began = time.monotonic()
            landed = way(checks, len(heads))
            rows.append((name, time.monotonic() - began, checks.count, len(landed)))
    return rows
