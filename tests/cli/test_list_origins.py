"""A plan of another tool's list: everything after planning goes as with TaskMaster's."""

import shutil
from pathlib import Path

from tests.support.project import Project
from tests.support.tasklists import task

LIST = ".kiro/specs/login/tasks.md"
TASKS = "- [ ] 1. Models\n  - Users first\n- [ ] 2. Views (depends on: 1)\n"


def _ticked(path: Path) -> str:
    path.write_text(TASKS.replace("[ ] 1.", "[x] 1."))
    return str(path)


def test_a_kiro_list_is_planned_worked_on_and_kept_out_of_branches(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1)])
    repo = project.desk
    shutil.rmtree(repo.path / ".taskmaster")
    (repo.path / LIST).parent.mkdir(parents=True)
    (repo.path / LIST).write_text(TASKS)
    (repo.path / "gitcoord.toml").write_text('[tasks]\nfrom = "kiro"\nwrite-back = true\n')
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "the list")
    repo.git("push", "--quiet", "origin", "main")
    plan = project.run("plan", "--reset", "--json", ok=0).json
    assert (plan["tag"], [level["tasks"] for level in plan["levels"]]) == ("login", [["1"], ["2"]])
    assert "Users first" in project.run("prompt", "1", ok=0).out

    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    # An agent ticks its task off, as Kiro's do.
    (worker.repo.path / LIST).write_text(TASKS.replace("[ ] 1.", "[x] 1."))
    worker.write({"models.py": "users\n"})
    [note] = worker.run("submit", "--json", ok=0).json["notes"]
    assert f"left out changes to the task list ({LIST})" in note
    told = project.run("merge-level", "level-0", ok=0).err
    assert project.remote.read("main", LIST) == TASKS.strip()
    # What has landed is told to the list in this checkout; the task's own branch is no place for it.
    assert f"{LIST}: 1 is done (was pending)" in told
    assert (repo.path / LIST).read_text() == TASKS.replace("[ ] 1.", "[x] 1.")
    assert "nothing was changed" in project.run("sync", ok=0).err
    (repo.path / LIST).write_text(TASKS)
    dry = project.run("sync", "--dry-run", "--json", ok=0).json
    assert dry["changes"] == [{"task": "1", "before": "pending", "now": "done"}]
    assert (repo.path / LIST).read_text() == TASKS
    assert worker.run("sync", "--json", ok=2).json["code"] == "no-task-list"

    project.run("rollback", "level-0", ok=0)
    assert "1 is pending (was done)" in project.run("sync", "--tasks", _ticked(repo.path / LIST), ok=0).err

    (repo.path / LIST).write_text(TASKS + "- [ ] 3. Docs\n")
    assert "1 added" in project.run("show", ok=0).err
    error = project.run("plan", "--from", "kiro:nowhere", "--json", ok=2).json
    assert error["code"] == "no-task-list"
