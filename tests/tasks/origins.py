"""Ways to read a list of another tool in one line: `read(root, "kiro", text)`."""

from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.tasks.model import TaskList
from gitcoord.tasks.reader import read_task_list

PLACES = {
    "spec-kit": "specs/001-albums/tasks.md",
    "kiro": ".kiro/specs/login/tasks.md",
    "openspec": "openspec/changes/add-login/tasks.md",
    "beads": ".beads/issues.jsonl",
    "markdown": "TASKS.md",
    "yaml": "tasks.yaml",
    "csv": "tasks.csv",
}


def write(root: Path, path: str, text: str) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return place


def listed(root: Path, origin: str | None = None, tag: str | None = None) -> TaskList:
    return read_task_list(root=root, tasks=None, origin=origin, tag=tag, environ={"TASKMASTER_TAG": "no"})


def read(root: Path, kind: str, text: str) -> TaskList:
    write(root, PLACES[kind], text)
    return listed(root, kind)


def failure(root: Path, origin: str | None = None) -> GitcoordError:
    with pytest.raises(GitcoordError) as caught:
        listed(root, origin)
    assert caught.value.exit == Exit.USAGE
    return caught.value
