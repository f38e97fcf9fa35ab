"""Runs, workers and their traces when another task list begins with the same ids."""

from pathlib import Path

import pytest

from tests.support.cli import start_gitcoord
from tests.support.project import Project
from tests.support.tasklists import task, write_tasks

AGENT = ("--shell", "--agent", 'echo "$GITCOORD_TASK_TITLE" > "$(echo $GITCOORD_BRANCH | tr / -).txt"')


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path, [task(1, title="Login"), task(2, title="Logout", depends_on=[1])])


def test_a_run_for_the_new_list_does_all_of_it(project: Project) -> None:
    project.run("run", *AGENT, "--land", "--yes", ok=0)
    write_tasks(project.desk.path, [task(1, title="Billing"), task(2, title="Invoices")])
    project.run("plan", "--new-list", ok=0)
    assert [one["unit"] for one in project.run("next", "--json", ok=0).json["starts"]] == ["1", "2"]
    project.run("run", *AGENT, "--land", "--yes", ok=0)
    files = project.remote.files("main")
    assert "feature-level-0-task-1.txt" in files
    assert project.remote.read("main", "feature-level-0-task-1-g2.txt") == "Billing"
    assert project.remote.read("main", "feature-level-0-task-2-g2.txt") == "Invoices"
    report = project.run("report", "--json", ok=0).json
    assert "Billing" in str(report)
    assert "Login" not in str(report)
    assert project.run("logs", "1", "--json", ok=0).json["logs"][0]["path"].count("run-2") == 1
    assert project.run("rollback", "level-0", "--dry-run", "--json", ok=0).json["tasks"][0]["task"] == "1"


def test_a_run_ends_when_another_list_is_planned_and_its_work_is_not_the_new_list_s(project: Project) -> None:
    slow = ("--shell", "--agent", "touch begun; sleep 6; echo done > old.txt")
    run = start_gitcoord("run", *slow, "--yes", "--max-parallel", "1", cwd=project.desk.path)
    while "attempt 1 started" not in project.run("log").out:
        pass
    write_tasks(project.desk.path, [task(1, title="Billing")])
    project.run("plan", "--new-list", ok=0)
    out, err = run.communicate(timeout=120)
    assert run.returncode != 0, (out, err)
    assert b"another task list" in out + err
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "pending"
    refs = [ref for ref in project.remote.refs() if "generation/2" in ref]
    assert [ref for ref in refs if "tasks" in ref] == []
