"""What a branch brings beyond its own work is named, held, or kept out when it is handed in."""

from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.project import Project, Worker, independent
from tests.support.repos import Content, Repo, submodule
from tests.support.tasklists import task

BRANCH = "feature/level-0-task-1"


def embed(worker: Worker, path: str = "vendor/lib dir") -> None:
    """Adds a repository inside the worker's own, as `git add --all` does."""
    Repo.create(worker.repo.path / path).commit({"lib.txt": "lib\n"})
    worker.write({"own.txt": "own\n"})


def test_a_repository_that_nobody_could_clone_is_not_handed_in(tmp_path: Path) -> None:
    worker = Project.create(tmp_path, independent("1", "2")).worker("1")
    worker.run("checkout", "1", ok=0)
    embed(worker)
    refused = worker.run("submit", "--json", ok=1).json
    assert refused["code"] == "embedded-repository"
    assert f"{BRANCH} adds a repository" in refused["message"]
    assert "vendor/lib dir" in refused["message"]
    assert "git rm --cached" in refused["hint"]
    assert worker.project.remote.find(f"refs/heads/{BRANCH}") is None
    assert worker.run("submit", "--dry-run", "--json", ok=1).json["code"] == "embedded-repository"
    worker.write(
        {".gitmodules": '[submodule "x"]\n\tpath = vendor/lib dir/\n\turl = https://example.org/x\n'}
    )
    worker.run("submit", ok=0)


def test_taking_the_row_of_a_submodule_away_is_refused_and_what_the_base_has_is_not(tmp_path: Path) -> None:
    old, new = "1" * 40, "2" * 40
    row = '[submodule "lib"]\n\tpath = lib\n\turl = https://example.org/lib\n'
    files: dict[str, Content] = {".gitmodules": row, "lib": submodule(old), "odd": submodule(old)}
    project = Project.create(tmp_path, independent("1", "2"), files=files)
    project.work("2", {"odd": submodule(new), "lib": submodule(new)})
    project.run("submit", "2", ok=0)
    project.work("1", {".gitmodules": "# no rows\n"})
    refused = project.run("submit", "1", "--json", ok=1).json
    assert (refused["code"], ": lib." in refused["message"]) == ("embedded-repository", True)


def test_a_worker_and_a_subtask_hand_in_no_such_repository_either(tmp_path: Path) -> None:
    parts = [{"id": 1, "title": "Part"}, {"id": 2, "title": "Other"}]
    project = Project.create(tmp_path, [task(1), task(2, subtasks=parts)])
    script = "git init -q x && git -C x commit -q --allow-empty -m x && git add x && git commit -q -m x"
    ended = gitcoord("worker", "1", "--shell", "--agent", script, cwd=project.desk.path, ok=1)
    assert "it added a repository without a row in .gitmodules: x" in ended.err
    worker = project.worker("2.1")
    worker.run("checkout", "2.1", ok=0)
    embed(worker, "lib")
    assert worker.run("submit", "--json", ok=1).json["code"] == "embedded-repository"
    assert project.remote.find("refs/heads/feature/level-0-task-2") is None
