"""What a program reads when the task list is at fault."""

import json
from pathlib import Path

import pytest

from gitcoord.cli.main import main
from gitcoord.errors import Exit
from tests.support.tasklists import task, write_tasks


def test_the_error_document_lists_every_fault_with_its_task(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = write_tasks(tmp_path, [task(id, depends_on=[id, "x"]) for id in range(1, 4)])
    assert main(["plan", "--dry-run", "--json", "--tasks", str(path)]) == Exit.USAGE
    document = json.loads(capfdbinary.readouterr().out)
    assert document["schema"] == "gitcoord.error/1"
    assert [(one["code"], one["task"]) for one in document["findings"]] == [
        (code, task) for task in "123" for code in ("self-dependency", "dangling-dependency")
    ]
    assert all(one["message"] for one in document["findings"])
