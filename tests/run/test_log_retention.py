"""What a run removes of old attempts when it begins, and what it never does."""

import os
import shutil
from pathlib import Path

from gitcoord.engines.engine import key_of
from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.tasklists import task

DAY = 86_400


def attempt(project: Project, key: str, days: int, size: int = 10) -> None:
    """What an attempt has left that ended so many days ago."""
    place = project.desk.path / ".git/gitcoord/run" / key
    place.mkdir(parents=True)
    log = place / "log"
    log.write_bytes(b"x" * size)
    at = log.stat().st_mtime - days * DAY
    os.utime(log, (at, at))


def left(project: Project) -> list[str]:
    return sorted(one.name for one in (project.desk.path / ".git/gitcoord/run").iterdir() if one.is_dir())


def test_old_logs_go_when_a_run_begins_but_none_that_are_needed(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task("a_b")])
    project.run("worker", "1", "--shell", "--agent", "echo > 1", ok=0)
    project.run("merge-level", "level-0", ok=1)
    shutil.rmtree(project.desk.path / ".git/gitcoord/run")
    open_one = key_of("a_b", 1)
    attempt(project, "1-1", 40)
    attempt(project, "1-2", 20, 2 << 20)
    attempt(project, "1-3", 10, 2 << 20)
    attempt(project, "former.7-1", 50)
    attempt(project, open_one, 60, 2 << 20)
    attempt(project, "not.an-attempt", 60)
    settings = project.desk.path / "gitcoord.toml"
    run = ("run", "--agent", "false", "--retries", "0", "--dry-run")
    settings.write_text("[run]\nkeep-logs-days = 0\nkeep-logs-megabytes = 0\n")
    assert "remove" not in project.run(*run, ok=0).err
    settings.write_text("[run]\nkeep-logs-days = -1\n")
    assert "must be a number of at least 0, not -1" in project.run(*run, ok=2).err
    settings.write_text("[run]\nkeep-logs-megabytes = 5\n")
    told = "the logs of 3 old attempts (2.0 MB); 4.0 MB stay."
    assert f"A run would remove {told}" in project.run(*run, ok=0).err
    assert len(left(project)) == 6
    ran = gitcoord(*run[:-1], "--yes", cwd=project.desk.path, ok=1)
    assert f"Removed {told}" in ran.err
    assert {"1-3", open_one, "not.an-attempt"} <= set(left(project))
    assert not {"1-1", "1-2", "former.7-1"} & set(left(project))
