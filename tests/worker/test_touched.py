"""Branches stacked on each other: whose the changes are, and to whom they are no other task's."""

import json
from pathlib import Path

from tests.support.project import Project
from tests.support.tasklists import task


def touched_by(project: Project, asking: str, path: str) -> list[str]:
    """The tasks that `check-file` names to the task `asking`, or to nobody's."""
    options = ("--task", asking) if asking else ()
    ran = project.run("check-file", "--fetch", "--json", *options, path)
    return [touch["task"] for touch in json.loads(ran.out)["paths"][0]["touched_by"]]


def test_what_a_branch_is_stacked_on_is_not_its_own_change_nor_anothers_to_it(tmp_path: Path) -> None:
    parts = [{"id": 1, "title": "Part", "status": "pending"}]
    tasks = [task(1), task(2), task(3, depends_on=[1, 2]), task(4, depends_on=[1], subtasks=parts)]
    made = Project.create(tmp_path / "project", tasks, files={"a": "1\n", "b": "1\n", "c": "1\n"})
    first, second = made.work("1", {"a": "1!\n"}), made.work("2", {"b": "2!\n"})
    third = made.work("3", {"b": "2!\n"}, level=1, at=first)
    made.remote.git("update-ref", "refs/heads/feature/level-1-task-3", first)
    made.run("checkout", "4.1", "--stack", ok=0)
    made.desk.git("switch", "--quiet", "main")
    assert [touched_by(made, asking, "a") for asking in ("", "1", "2", "3", "4")] == [
        ["1"],
        [],
        ["1"],
        [],
        [],
    ]

    both = made.remote.git("commit-tree", "-p", first, "-p", second, "-m", "Both", f"{third}^{{tree}}")
    made.remote.git("update-ref", "refs/heads/feature/level-1-task-3", both)
    assert [touched_by(made, asking, "a") for asking in ("", "1", "2", "3")] == [["1"], [], ["1"], []]
    assert [touched_by(made, asking, "b") for asking in ("", "1", "2", "3")] == [["2"], ["2"], [], []]

    made.work("3", {"b": "3!\n"}, level=1, at=both)
    assert [touched_by(made, asking, "b") for asking in ("1", "2", "3")] == [["2", "3"], ["3"], []]
    # What is below goes on: it is at work there again.
    made.work("1", {"a": "1!!\n"}, at=first)
    assert [touched_by(made, asking, "a") for asking in ("", "1", "3", "4")] == [["1"], [], ["1"], ["1"]]
