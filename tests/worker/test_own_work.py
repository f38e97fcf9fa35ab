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
    assert "the agent added a repository without an entry in .gitmodules: x" in ended.err
    worker = project.worker("2.1")
    worker.run("checkout", "2.1", ok=0)
    embed(worker, "lib")
    assert worker.run("submit", "--json", ok=1).json["code"] == "embedded-repository"
    assert project.remote.find("refs/heads/feature/level-0-task-2") is None


def with_work_of_another(place: Path, *, strategy: str = "multi-pr", setting: str = "") -> Worker:
    """Task 2 done, with what task 1 had committed and neither pushed nor submitted merged into it."""
    project = Project.create(place, independent("1", "2", "3"), strategy=strategy)
    worker = Worker(project, "2", project.desk)
    exclude = worker.repo.path / ".git/info/exclude"
    exclude.write_text(".taskmaster/\ngitcoord.toml\n")
    (worker.repo.path / "gitcoord.toml").write_text(setting)
    for id in ("1", "2"):
        worker.run("checkout", id, ok=0)
        worker.write({f"{id}.txt": f"{id}\n"})
    worker.repo.git("merge", "--quiet", "--no-edit", BRANCH)
    return worker


def test_commits_of_a_task_that_was_not_submitted_are_named(tmp_path: Path) -> None:
    worker = with_work_of_another(tmp_path)
    project, foreign = worker.project, worker.repo.tip(BRANCH)
    words = f"feature/level-0-task-2 contains commits of task 1 ({BRANCH}, up to {foreign[:12]})"
    [note] = worker.run("submit", "--json", ok=0).json["notes"]
    assert note.startswith(f"{words}, which has not been submitted yet: they land with it")
    # In a clone that has never seen the other branch, the record tells.
    other = project.worker("3")
    assert other.run("check-conflicts", "--json").json["carried"] == {"2": {"1": foreign}}
    assert "contains commits of task 1" in other.run("check-conflicts").out
    steps = other.run("merge-level", "--dry-run").out
    assert f"{words}, which has not been submitted yet: they would land with it" in steps
    assert worker.run("submit", "1", "--json", ok=0).json["notes"] == []
    assert project.run("check-conflicts", "--json", ok=0).json["carried"] == {}
    assert words not in project.run("merge-level").err


def test_such_work_is_held_when_the_settings_say_so(tmp_path: Path) -> None:
    for strategy in ("single-pr", "multi-pr"):
        setting = 'foreign-commits = "hold"\n'
        worker = with_work_of_another(tmp_path / strategy, strategy=strategy, setting=setting)
        told = worker.run("submit", "--json", ok=0).json
        assert (told["folded"], "submit that work first" in told["notes"][0]) == (None, True)
        report = worker.run("merge-level", "--json", ok=1).json
        reasons = {one["task"]: one["reason"] for one in report["waiting"]}
        assert (report["landed"], "contains commits of task 1" in reasons["2"]) == ([], True)
        worker.run("submit", "1", ok=0)
        landed = worker.run("merge-level", "--partial" if strategy == "single-pr" else "--json", ok=1)
        assert set(worker.project.remote.files("main")) >= {"1.txt", "2.txt"}, landed.err


def test_work_on_a_parent_that_is_submitted_is_nobody_elses(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2, dependencies=[1]), task(3)])
    worker = Worker(project, "1", project.desk)
    (worker.repo.path / ".git/info/exclude").write_text(".taskmaster/\n")
    worker.do({"1.txt": "1\n"})
    worker.run("checkout", "2", "--stack", ok=0)
    worker.write({"2.txt": "2\n"})
    notes = worker.run("submit", "--json", ok=0).json["notes"]
    assert not any("not submitted" in note for note in notes)
    # The parent goes on after that, and has nothing of the child's.
    worker.run("checkout", "1", ok=0)
    worker.write({"1.txt": "more\n"})
    assert worker.run("submit", "--json", ok=0).json["notes"] == []
