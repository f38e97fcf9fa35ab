"""Where the list is found, and what is said when it is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.tasks.reader import read_task_list
from tests.support.tasklists import task, write_tasks


def failure(root: Path | None, tasks: str | None = None) -> GitcoordError:
    with pytest.raises(GitcoordError) as caught:
        read_task_list(root=root, tasks=tasks, tag=None, environ={})
    assert caught.value.exit == Exit.USAGE
    return caught.value


def test_the_list_is_found_in_taskmasters_folder(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task(1)])
    found = read_task_list(root=tmp_path, tasks=None, tag=None, environ={})
    assert (found.source, found.tag) == (".taskmaster/tasks/tasks.json", "master")


def test_the_list_is_found_at_its_old_place(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "tasks.json").write_text('{"tasks": [{"id": 1, "title": "Soup"}]}')
    assert read_task_list(root=tmp_path, tasks=None, tag=None, environ={}).source == "tasks/tasks.json"


def test_the_new_place_counts_when_both_exist(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task("new")])
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "tasks.json").write_text('{"tasks": [{"id": "old"}]}')
    assert read_task_list(root=tmp_path, tasks=None, tag=None, environ={}).tasks[0].id == "new"


def test_without_a_list_both_places_are_named(tmp_path: Path) -> None:
    error = failure(tmp_path)
    assert error.code == "no-task-list"
    assert ".taskmaster/tasks/tasks.json" in error.message
    assert "gitcoord help planning" in error.hint
    assert "--tasks" in error.hint


def test_without_a_repository_a_path_is_asked_for() -> None:
    error = failure(None)
    assert (error.code, "git repository" in error.message) == ("no-task-list", True)
    assert "git init" in error.hint
    assert "--tasks" in error.hint


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    error = failure(tmp_path, str(tmp_path / "nowhere.json"))
    assert error.code == "no-task-list"
    assert "nowhere.json" in error.message


def test_a_directory_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / ".taskmaster" / "tasks" / "tasks.json").mkdir(parents=True)
    error = failure(tmp_path)
    assert error.code == "unreadable-task-list"
    assert "is a directory" in error.message


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".taskmaster" / "tasks" / "tasks.json"
    path.parent.mkdir(parents=True)
    path.symlink_to(path)
    error = failure(tmp_path)
    assert error.code == "unreadable-task-list"
    assert "symbolic link" in error.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task(1)]).chmod(0)
    assert failure(tmp_path).code == "unreadable-task-list"


def test_a_path_with_a_nul_is_no_traceback(tmp_path: Path) -> None:
    assert failure(tmp_path, "tasks\0.json").code == "unreadable-task-list"


def test_a_dash_reads_standard_input() -> None:
    script = (
        "from gitcoord.tasks.reader import read_task_list\n"
        "found = read_task_list(root=None, tasks='-', tag=None, environ={})\n"
        "print(found.source, *[task.id for task in found.tasks])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        input='\ufeff[{"id": 7, "title": "Soup"}]',
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert ended.stdout == "standard input 7\n"


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = write_tasks(tmp_path, [task(1), task("2", depends_on=["1"])])
    before = path.read_bytes()
    path.chmod(0o444)
    read_task_list(root=tmp_path, tasks=None, tag=None, environ={})
    assert path.read_bytes() == before
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
