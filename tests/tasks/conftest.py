"""Ways to read a list in one line: `read(task(1), task(2))`, `read_json(document)`, `fault(...)`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.tasks.model import TaskList
from gitcoord.tasks.reader import read_task_list
from tests.support.tasklists import write_tasks

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "tasklists"


class Read(Protocol):
    """Reads the tasks given as raw objects of the tag `master`."""

    def __call__(self, *tasks: Any, **options: Any) -> TaskList: ...


class ReadJson(Protocol):
    """Reads a whole document, given as JSON value, text or bytes."""

    def __call__(
        self, document: Any, *, tag: str | None = None, environ: Mapping[str, str] | None = None
    ) -> TaskList: ...


class Fault(Protocol):
    """The error that reading the given raw tasks ends with."""

    def __call__(self, *tasks: Any, **options: Any) -> GitcoordError: ...


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(*tasks: Any, **options: Any) -> TaskList:
        write_tasks(tmp_path, list(tasks))
        return read_task_list(root=tmp_path, tasks=None, tag=None, environ={}, **options)

    return reading


@pytest.fixture
def read_json(tmp_path: Path) -> ReadJson:
    def reading(
        document: Any, *, tag: str | None = None, environ: Mapping[str, str] | None = None
    ) -> TaskList:
        path = tmp_path / "tasks.json"
        if isinstance(document, bytes):
            path.write_bytes(document)
        else:
            path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return read_task_list(root=None, tasks=str(path), tag=tag, environ=environ or {})

    return reading


@pytest.fixture
def fault(read: Read) -> Fault:
    def reading(*tasks: Any, **options: Any) -> GitcoordError:
        with pytest.raises(GitcoordError) as caught:
            read(*tasks, **options)
        assert caught.value.exit == Exit.USAGE
        assert caught.value.findings
        return caught.value

    return reading


def read_fixture(name: str, tag: str | None = None) -> TaskList:
    """Reads a file of `fixtures/tasklists`."""
    return read_task_list(root=None, tasks=str(FIXTURES / name), tag=tag, environ={})


def edges(tasks: TaskList) -> dict[str, list[str]]:
    """What each task depends on."""
    return {task.id: list(task.depends_on) for task in tasks.tasks}


def codes(tasks: TaskList) -> list[tuple[str, str | None]]:
    """The warnings' codes with their tasks."""
    return [(finding.code, finding.task) for finding in tasks.warnings]
