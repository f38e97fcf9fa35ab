"""Changes to the task list on a task's branch: left out when it is handed in, kept on disk and in history."""

from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.project import Project, Worker
from tests.support.tasklists import task

LIST = ".taskmaster/tasks/tasks.json"
PARTS = [{"id": 1, "title": "Part"}, {"id": 2, "title": "Other"}]


def committed(place: Path, strategy: str = "multi-pr", setting: str = "") -> Project:
    """A project whose list is in the base, planned from there."""
    tasks = [task(1), task(2), task(3, subtasks=PARTS)]
    project = Project.create(place, tasks, strategy=strategy)
    repo = project.desk
    (repo.path / "gitcoord.toml").write_text(setting)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "the list")
    repo.git("push", "--quiet", "origin", "main")
    return project


def note_status(worker: Worker, status: str) -> str:
    """What TaskMaster does when an agent sets a status; returns the file's text."""
    path = worker.repo.path / LIST
    text = path.read_text().replace('"pending"', f'"{status}"', 1)
    path.write_text(text)
    return text


def test_the_list_on_branches_conflicts_with_nothing_and_does_not_land(tmp_path: Path) -> None:
    project = committed(tmp_path)
    before = project.remote.read("main", LIST)
    for id, status in (("1", "done"), ("2", "in-progress")):
        worker = project.worker(id)
        worker.run("checkout", id, ok=0)
        note_status(worker, status)
        # `task-master generate` writes those of all tasks anew.
        made = {f".taskmaster/tasks/{name}": f"{status}\n" for name in ("task_001.txt", "task_002_api.md")}
        worker.write({f"{id}.txt": f"{id}\n", f".taskmaster/tasks/notes-{id}.md": "own\n", **made})
        worker.repo.git("push", "--quiet", "origin", f"feature/level-0-task-{id}")
        said = worker.run("submit", "--dry-run", ok=0).err
        assert f"would leave out changes to the task list: {', '.join(sorted((*made, LIST)))}" in said
    told = project.run("check-conflicts", "--json", ok=0).json
    assert (told["pairs"], told["waves"]) == ([], [["1", "2"]])
    tips = {branch["task"]: branch["commit"] for branch in told["branches"]}
    assert tips["1"] == project.remote.tip("feature/level-0-task-1")
    for id in ("1", "2"):
        worker = project.worker(id)
        own, text = worker.repo.tip("HEAD"), (worker.repo.path / LIST).read_text()
        [note] = worker.run("submit", "--json", ok=0).json["notes"]
        assert note.startswith(f"left out changes to the task list ({', '.join(sorted((*made, LIST)))})")
        # Nothing of it is lost: it is in the branch's history, and on disk.
        assert worker.repo.git("log", "-1", "--format=%s %P") == f"Leave the task list as it was {own}"
        assert (worker.repo.path / LIST).read_text() == text
        assert worker.run("submit", "--json", ok=0).json["notes"] == []
    landed = project.run("merge-level", "--json", ok=1).json["landed"]
    assert [one["task"] for one in landed] == ["1", "2"]
    assert project.remote.read("main", LIST) == before
    assert [file for file in project.remote.files("main") if file.startswith(".taskmaster/tasks/")] == [
        ".taskmaster/tasks/notes-1.md",
        ".taskmaster/tasks/notes-2.md",
        LIST,
    ]
    # The list that was left on disk is in nobody's way.
    project.worker("1").run("checkout", "3.1", ok=0)


def test_the_list_lands_when_the_settings_keep_its_changes(tmp_path: Path) -> None:
    project = committed(tmp_path, setting='task-list-changes = "keep"\n')
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    note_status(worker, "done")
    worker.write({"1.txt": "1\n"})
    [note] = worker.run("submit", "--json", ok=0).json["notes"]
    assert "changes the task list (.taskmaster/tasks/tasks.json): it lands with it" in note
    assert '"done"' in project.remote.read("feature/level-0-task-1", LIST)


def test_a_list_that_the_branch_adds_or_that_was_given_by_path_is_left_out(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2)])
    worker = Worker(project, "1", project.desk)
    worker.run("checkout", "1", ok=0)
    worker.write({"1.txt": "1\n", ".taskmaster/state.json": "{}\n"})
    worker.run("submit", ok=0)
    assert [path for path in project.remote.files("feature/level-0-task-1") if "taskmaster" in path] == []
    assert (worker.repo.path / LIST).exists()

    place = worker.repo.path / "odd dir" / "my list.json"
    place.parent.mkdir()
    worker.repo.git("switch", "--quiet", "main")
    place.write_text((worker.repo.path / LIST).read_text())
    worker.run("plan", "--tasks", str(place), ok=0)
    assert worker.run("show", "--json", ok=0).json["source"] == "odd dir/my list.json"
    worker.run("checkout", "2", ok=0)
    worker.write({"2.txt": "2\n"})
    worker.run("submit", "2", ok=0)
    assert "odd dir/my list.json" not in project.remote.files("feature/level-0-task-2")


def test_workers_and_subtasks_leave_the_list_out(tmp_path: Path) -> None:
    project = committed(tmp_path)
    script = f"sed -i s/pending/done/ {LIST}; echo 1 > $GITCOORD_TASK_ID.txt"
    gitcoord("worker", "1", "--shell", "--agent", script, cwd=project.desk.path, ok=0)
    before = project.remote.read("main", LIST)
    assert project.remote.read("feature/level-0-task-1", LIST) == before
    assert not (project.desk.path.with_name("desk.gitcoord") / "1").exists()
    worker = project.worker("3.1")
    worker.run("checkout", "3.1", ok=0)
    note_status(worker, "done")
    worker.write({"part.txt": "part\n"})
    worker.run("submit", "3.1", ok=0)
    assert project.remote.read("feature/level-0-task-3", LIST) == before
