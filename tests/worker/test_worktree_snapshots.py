"""What lies uncommitted in worktrees, as commits in memory."""

from pathlib import Path

from gitcoord.conflicts.model import BranchInput
from gitcoord.git.locate_repository import locate
from gitcoord.tasks.model import TaskId
from gitcoord.worker.worktree_snapshots import with_working_copies
from tests.support.repos import Repo


def test_files_larger_than_anybodys_work_are_not_read_into_memory(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "1\n"}, "first")
    repo.git("worktree", "add", "--quiet", "-b", "one", str(tmp_path / "one"))
    (tmp_path / "one" / "b").write_text("2\n")
    with (tmp_path / "one" / ":(top)core [1]").open("wb") as file:
        file.truncate(20 << 20)
    branches = [BranchInput(task=TaskId("1"), branch="one", commit=None)]
    with with_working_copies(locate(repo.path).open(), branches) as (inside, _, (copy,)):
        assert inside.git.lines("ls-tree", "--name-only", copy.commit) == ["a", "b"]
