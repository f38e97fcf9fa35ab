"""A project in which branches that merge fail together, and a judge of every commit of the base."""

import subprocess
from pathlib import Path
from typing import Any

from tests.support.project import Project, independent

CHECK = "sh check.sh"
FILES = {
    # Every function that is called has to be defined.
    "check.sh": (
        "for name in $(cat calls/*); do\n"
        '  grep -qx "$name" functions/* || { echo "$name is called, and not defined"; exit 1; }\n'
        "done\n"
    ),
    "functions/a": "open\n",
    "functions/b": "close\n",
    "calls/main": "open\n",
}


def renamed_function(directory: Path, strategy: str, **where: Any) -> Project:
    """Task 1 renames a function with all its calls, and task 2 adds a call of it."""
    project = Project.create(
        directory, independent("1", "2", "3", "4"), strategy=strategy, files=FILES, **where
    )
    project.work("1", {"functions/a": "open_file\n", "calls/main": "open_file\n"})
    project.work("2", {"calls/two": "open\n"})
    project.work("3", {"calls/three": "close\n"})
    project.work("4", {"functions/four": "four\n"})
    return project


def failing_commits(project: Project, since: str) -> list[str]:
    """The commits of the base's own line on which the check does not pass, run again here."""
    clone = project.remote.clone(project.desk.path.parent / "judge")
    line = clone.git("rev-list", "--first-parent", f"{since}..origin/main").split()
    failing = []
    for commit in line:
        clone.git("checkout", "--quiet", "--detach", commit)
        if subprocess.run(CHECK.split(), cwd=clone.path, capture_output=True).returncode != 0:
            failing.append(commit)
    assert line
    return failing
