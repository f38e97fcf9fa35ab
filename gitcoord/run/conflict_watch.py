"""Finds conflicts between running tasks, committed or not, before they are submitted."""

from collections.abc import Iterable, Mapping, Sequence

from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput, PairReport
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TasksClash
from gitcoord.git.repository import Repository
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.run.observe import RunView
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.clash_lines import clash_lines
from gitcoord.worker.attempt.exchange_files import CLASHES, leave
from gitcoord.worker.attempt.paths import checkout_directory
from gitcoord.worker.unit import find_unit
from gitcoord.worker.worktree_snapshots import with_working_copies

Pair = frozenset[TaskId]


class Watch:
    """Compares the worktrees and published work of running tasks, and submitted branches."""

    def __init__(self, repository: Repository, book: Rulebook, worktrees: str = "") -> None:
        """`worktrees` is the setting for the directory of checkouts, in which agents read about clashes."""
        self._repository = repository
        self._book = book
        self._worktrees = worktrees
        self._seen: object = None
        self.quiet = False

    def __call__(self, view: RunView) -> list[TasksClash]:
        """Returns each pair that conflicts and that was not reported since its attempts began."""
        branches = _branches(view)
        self.quiet = len(branches) < 2
        if self.quiet:
            return []
        try:
            with with_working_copies(self._repository, branches) as (repository, found, _):
                present = tuple(branch for branch in found if branch.commit is not None)
                self.quiet = present == self._seen
                if self.quiet:
                    return []
                self._seen = present
                pairs = self._conflicts(view, repository, present)
        except GitcoordError:
            return []  # the worktree is being created or removed: the next look reads it
        told = _told(view)
        events = [
            TasksClash(
                at=now(),
                by=worker_name(),
                task=pair.tasks[0],
                other=pair.tasks[1],
                paths=pair.conflicted_paths,
            )
            for pair in pairs
            if frozenset(pair.tasks) not in told
        ]
        for clash in events:
            leave_clashes(self._repository, view, clash, self._worktrees)
        return events

    def _conflicts(
        self, view: RunView, repository: Repository, branches: Sequence[BranchInput]
    ) -> list[PairReport]:
        git = repository.git
        report = check_branches(
            repository,
            level="",
            base=view.plan.base,
            base_commit=view.base_commit,
            branches=branches,
            candidates=[Candidate(id=branch.task) for branch in branches],
            book=self._book,
            stacks=view.make_stacks(git=git),
        )
        return [
            pair
            for pair in report.pairs
            if pair.verdict == "conflict" and any(task in view.seen.running for task in pair.tasks)
        ]


def _branches(view: RunView) -> list[BranchInput]:
    """The work to compare: of units that run here, published work of units elsewhere, and submitted work."""
    waiting = [task for task in view.seen.submitted if task not in view.landed]
    elsewhere = [unit for unit in view.seen.elsewhere if unit in view.published]
    units = dict.fromkeys((*view.seen.running, *elsewhere, *waiting))
    return [_branch(view, unit) for unit in units]


def _branch(view: RunView, id: TaskId) -> BranchInput:
    branch = find_unit(view.plan, id).branch
    # If this clone has a worktree of the branch, its newer files replace this commit.
    commit = view.published.get(id) or view.tips.get(branch)
    return BranchInput(task=id, branch=branch, commit=commit)


def _told(view: RunView) -> set[Pair]:
    """The pairs that were reported after the newest attempts of both began."""
    newest: dict[Pair, str] = {}
    for event in view.events:
        if isinstance(event, TasksClash):
            newest[frozenset((TaskId(event.task or ""), TaskId(event.other)))] = event.at
    return {pair for pair, at in newest.items() if at >= _begun(view, pair)}


def _begun(view: RunView, pair: Iterable[TaskId]) -> str:
    attempts: Mapping[TaskId, str] = {
        task: attempt.started.at
        for task in pair
        if (attempt := view.progress.get(task, PENDING).attempt) is not None and attempt.started is not None
    }
    return max(attempts.values(), default="")


def leave_clashes(repository: Repository, view: RunView, new: TasksClash, worktrees: str) -> None:
    """For each unit of `new` that runs here, writes all its clashes since its attempt began."""
    for unit in (TaskId(new.task or ""), TaskId(new.other)):
        if unit in view.seen.running:
            directory = checkout_directory(repository, view.plan.generation, unit, worktrees)
            attempt = view.progress.get(unit, PENDING).attempt
            begun = attempt.started.at if attempt is not None and attempt.started is not None else ""
            leave(directory, CLASHES, clash_lines(view.plan, (*view.events, new), unit, begun))
