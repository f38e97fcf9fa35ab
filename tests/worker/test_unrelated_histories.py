"""Work that has no commit in common with the base: refused or deferred, with a way on that works."""

from pathlib import Path

import pytest

from tests.support.project import Project, Worker
from tests.support.tasklists import task
from tests.worker.test_worker import told
from tests.worker.test_worker_kept import shell

BRANCH = "feature/level-0-task-1"
FRESH = "`gitcoord retry {} --fresh` starts again"


def orphan(worker: Worker, id: str) -> None:
    worker.run("checkout", id, ok=0)
    worker.repo.git("update-ref", "-d", "HEAD")
    worker.write({"own.txt": "own\n"})


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_history_of_its_own_is_not_handed_in_until_it_is_merged(tmp_path: Path, strategy: str) -> None:
    worker = Project.create(tmp_path, [task(1)], strategy=strategy).worker("1")
    orphan(worker, "1")
    for options in ((), ("--dry-run",)):
        refused = worker.run("submit", *options, "--json", ok=1).json
        assert refused["code"] == "unrelated-histories"
        assert FRESH.format(1) in refused["hint"]
    assert worker.project.remote.find(f"refs/heads/{BRANCH}") is None
    worker.repo.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "main")
    worker.run("submit", ok=0)
    assert worker.project.remote.files(BRANCH) == ["own.txt", "src/main.rs"]


def test_a_subtask_with_a_history_of_its_own_is_named_by_its_own_id(tmp_path: Path) -> None:
    parts = [{"id": id, "title": f"Part {id}"} for id in (1, 2)]
    project = Project.create(tmp_path, [task(1, subtasks=parts)])
    project.worker("1.2").do({"other.txt": "other\n"})
    worker = project.worker("1.1")
    orphan(worker, "1.1")
    refused = worker.run("submit", "--json", ok=1).json
    assert (refused["code"], FRESH.format("1.1") in refused["hint"]) == ("unrelated-histories", True)


def test_work_from_before_the_base_got_another_history_is_begun_afresh(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)], strategy="multi-pr")
    project.worker("1").do({"own.txt": "own\n"})
    remote = project.remote
    anew = remote.git("commit-tree", "-m", "Anew", remote.git("rev-parse", "main^{tree}"))
    remote.git("update-ref", "refs/heads/main", anew)
    foretold = project.run("merge-level", "0", "--dry-run").out
    report = project.run("merge-level", "0", "--json", ok=1).json
    assert FRESH.format(1) in report["deferred"][0]["reason"]
    assert FRESH.format(1) in foretold
    refused = project.run("checkout", "1", "--json", ok=1).json
    assert (refused["code"], FRESH.format(1) in refused["hint"]) == ("unrelated-histories", True)
    shell(project, "echo 1 > x", ok=1)
    assert FRESH.format(1) in told(project)[-1]
    project.run("retry", "1", "--fresh", ok=0)
    shell(project, "echo 1 > x")
    project.run("merge-level", "0", ok=0)
    assert remote.files("main") == ["src/main.rs", "x"]
