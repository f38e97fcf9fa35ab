"""A repository in which tasks' work reaches the base in every way, and what evidence makes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from gitcoord.events import AnyEvent, AttemptStarted, BranchUpdated, TaskStarted, TaskSubmitted
from gitcoord.evidence.landings import landed_tasks
from gitcoord.evidence.model import Landing
from gitcoord.evidence.spent_branches import is_spent
from gitcoord.evidence.trailer_syntax import LANDED, trailer
from gitcoord.forge.pull_requests import Pull, PullState
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git
from gitcoord.state.task_history import replay
from gitcoord.tasks.model import TaskId
from tests.planning.lists import a_plan, a_task
from tests.support.repos import Content, Repo

AT = "2025-01-01T00:00:00.000000+00:00"
LINES = "".join(f"{number}\n" for number in range(1, 31))
FILES: dict[str, Content] = {"shared.txt": LINES, "run.sh": "echo\n", "code.py": "if a:\n    b()\nc()\n"}


def lines(**changes: str) -> str:
    """The lines of `shared.txt` with some of them changed, such as `_2="two"`."""
    text = LINES.splitlines()
    for name, line in changes.items():
        text[int(name[1:]) - 1] = line
    return "\n".join(text) + "\n"


class History:
    """Tasks 1 to 4, each with a branch of its own; everything happens in one repository."""

    def __init__(self, place: Path) -> None:
        self.repo = Repo.create(place)
        self.first = self.repo.commit(FILES, "first commit")
        self.plan = a_plan([a_task(1), a_task(2), a_task(3), a_task(4)], strategy="multi-pr")
        self.pulls: list[Pull] = []
        self._events: list[AnyEvent] = []

    def work(self, task: str, *steps: Mapping[str, Content], at: str = "main") -> str:
        """A commit on the task's branch for each step, handed in; returns the head."""
        for step in steps:
            head = self.repo.commit(step, f"Work on {task}", branch=self.branch(task), at=at)
        self.hand_in(task, head)
        return head

    def hand_in(self, task: str, head: str) -> None:
        event = TaskSubmitted(at=AT, by="w", task=task, branch=self.branch(task), head=head)
        self._events.append(event)

    def update(self, task: str, head: str) -> str:
        """gitcoord merges the base into the task's branch."""
        tree = self.repo.git("merge-tree", "--write-tree", head, "main")
        commit = self.repo.git("commit-tree", tree, "-p", head, "-p", "main", "-m", "Merge main")
        branch = self.branch(task)
        self.repo.git("update-ref", f"refs/heads/{branch}", commit)
        self._events.append(BranchUpdated(at=AT, by="w", task=task, branch=branch, head=head, commit=commit))
        return commit

    def start(self, task: str, *, attempt: bool = False) -> None:
        """Somebody takes a task at the base as it is, by hand or by a worker that is still at it."""
        base, branch = self.repo.tip("main"), self.branch(task)
        self._events.append(TaskStarted(at=AT, by="w", task=task, branch=branch, base=base))
        if attempt:
            started = AttemptStarted(at=AT, by="w", task=task, branch=branch, base=base, attempt=1)
            self._events.append(started)

    def branch(self, task: str) -> str:
        return self.plan.tasks[TaskId(task)].branch

    def squash(self, head: str, message: str = "Squash", *, tree: str | None = None) -> str:
        """What a forge makes of a squash, on the base; `tree` is what somebody else made of it."""
        merged = tree or self.repo.git("merge-tree", "--write-tree", self.repo.tip("main"), head)
        return self.onto_main(merged, message)

    def merge(self, head: str, *options: str) -> str:
        """A merge commit of plain git on the base."""
        self.repo.git("checkout", "--quiet", "main")
        self.repo.git("merge", "--quiet", "--no-ff", "--no-edit", *options, head)
        return self.repo.tip("main")

    def rebase(self, head: str) -> str:
        """The commits of `head` on the base, as plain git rebases them."""
        self.repo.git("checkout", "--quiet", "--detach", head)
        self.repo.git("rebase", "--quiet", "main")
        self.repo.git("update-ref", "refs/heads/main", "HEAD")
        self.repo.git("checkout", "--quiet", "main")
        return self.repo.tip("main")

    def onto_main(self, tree: str, message: str) -> str:
        """A commit with this tree on the base."""
        commit = self.repo.git("commit-tree", tree, "-p", self.repo.tip("main"), "-m", message)
        self.repo.git("checkout", "--quiet", "main")
        self.repo.git("reset", "--quiet", "--hard", commit)
        return commit

    def merged_pull(self, task: str, head: str, commit: str | None, state: PullState = "merged") -> Self:
        """The forge says that a pull request of the task's branch was merged."""
        pull = Pull(
            number=len(self.pulls) + 1,
            head=self.branch(task),
            head_commit=head,
            base="main",
            state=state,
            merge_commit=commit,
        )
        self.pulls.append(pull)
        return self

    def landed(self) -> dict[str, Landing]:
        """What counts as landed, by the base as it is."""
        git = Git(self.repo.path)
        found = landed_tasks(
            git,
            base_commit=self.repo.tip("main"),
            plan=self.plan,
            progress=replay(self._events),
            tips=self._tips(),
            pulls=self.pulls,
        )
        return {str(task): landing for task, landing in found.items()}

    def spent(self, task: str) -> bool:
        """Whether the task's branch may be deleted."""
        git = Git(self.repo.path)
        base, landing = self.repo.tip("main"), self.landed().get(task)
        tip = self.repo.tip(self.branch(task))
        return is_spent(git, Ancestry(git), base_commit=base, tip=tip, landing=landing, pulls=self.pulls)

    def _tips(self) -> dict[str, str]:
        refs = self.repo.refs()
        return {
            name.removeprefix("refs/heads/"): tip
            for name, tip in refs.items()
            if name.startswith("refs/heads/")
        }


def naming(task: str, head: str, *more: Sequence[str]) -> str:
    """A message that says that it landed the work."""
    pairs = [(task, head), *more]
    return "Land it\n\n" + "\n".join(trailer(LANDED, *pair) for pair in pairs) + "\n"
