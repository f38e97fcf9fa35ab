"""The same commands where there is no remote: branches and state are this repository's own."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_plan_to_landing_needs_no_remote(tmp_path: Path, strategy: str) -> None:
    repo = Repo.create(tmp_path / "alone")
    repo.commit({"shared.txt": "free\n", ".gitignore": ".taskmaster\n"})
    write_tasks(repo.path, [task(1), task(2), task(3, depends_on=[1])])

    def run(*arguments: str, code: int = 0) -> str:
        return gitcoord(*arguments, cwd=repo.path, ok=code).out

    def work(id: str, files: dict[str, str], code: int = 0) -> None:
        run("checkout", id)
        for path, text in files.items():
            (repo.path / path).write_text(text)
        repo.git("add", "--all")
        repo.git("commit", "--quiet", "-m", f"Do task {id}")
        run("submit", code=code)

    run("plan", "--strategy", strategy)
    work("1", {"shared.txt": "1\n"})
    work("2", {"shared.txt": "2\n"}, code=1 if strategy == "single-pr" else 0)
    run("merge-level", "0", code=1)
    run("checkout", "2")
    (repo.path / "shared.txt").write_text("1 and 2\n")
    run("submit")
    run("merge-level", "0")
    work("3", {"three.txt": "3\n"})
    repo.git("switch", "--quiet", "main")
    run("merge-level")
    assert repo.read("main", "shared.txt") == "1 and 2"
    assert (repo.path / "three.txt").read_text() == "3\n", "the base is checked out here, and follows"
    assert repo.git("status", "--porcelain") == ""
