"""A plan of another tool's list: everything after planning goes as with TaskMaster's."""

import shutil
from pathlib import Path

from tests.support.project import Project
from tests.support.tasklists import task

LIST = ".kiro/specs/login/tasks.md"
TASKS = "- [ ] 1. Models\n  - Users first\n- [ ] 2. Views (depends on: 1)\n"


def test_a_kiro_list_is_planned_worked_on_and_kept_out_of_branches(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1)])
    repo = project.desk
    shutil.rmtree(repo.path / ".taskmaster")
    (repo.path / LIST).parent.mkdir(parents=True)
    (repo.path / LIST).write_text(TASKS)
    (repo.path / "gitcoord.toml").write_text('[tasks]\nfrom = "kiro"\n')
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
    project.run("merge-level", "level-0", ok=0)
    assert project.remote.read("main", LIST) == TASKS.strip()

    (repo.path / LIST).write_text(TASKS + "- [ ] 3. Docs\n")
    assert "1 added" in project.run("show", ok=0).err
    error = project.run("plan", "--from", "kiro:nowhere", "--json", ok=2).json
    assert error["code"] == "no-task-list"
