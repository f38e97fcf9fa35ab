"""An agent that deletes what gitcoord keeps in the git directory."""

from pathlib import Path

import pytest

from tests.running.test_worker_kept import shell
from tests.support.project import Project
from tests.support.tasklists import task


@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_an_agent_that_deletes_gitcoords_own_files_is_no_bug(tmp_path: Path, unit: str) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)])
    delete = 'rm -rf "$(git rev-parse --git-common-dir)/gitcoord"'
    listed = "git for-each-ref --format='delete %(refname)' refs/gitcoord refs/gitcoord-mirror"
    refs = f"{listed} | git update-ref --stdin"
    said = shell(project, f"echo 1 > work; {refs}; {delete}", unit)
    assert "a bug in gitcoord" not in said
    assert "work" in project.remote.files(f"feature/level-0-task-{unit[0]}")
