"""A planned project whose workers push their branches, and `gitcoord check-conflicts` run in its clone."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitcoord.cli.main import main
from tests.conflicts.level import LINES
from tests.support.repos import Content, Repo
from tests.support.tasklists import task, write_tasks

FILES: Mapping[str, Content] = {"src/main.rs": LINES, "lib.rs": LINES, "README.md": "# Project\n"}


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Project:
    """`remote` is what the workers push to, `work` the clone that commands run in."""

    def __init__(
        self,
        path: Path,
        capture: pytest.CaptureFixture[str],
        *,
        tasks: Sequence[dict[str, Any]],
    ) -> None:
        self.remote, self.work = Repo.pair(path, FILES)
        self.capture = capture
        write_tasks(self.work.path, tasks)
        assert self.run("plan").code == 0

    def run(self, *arguments: str) -> Ended:
        before = Path.cwd()
        os.chdir(self.work.path)
        try:
            self.capture.readouterr()
            code = main(arguments)
            return Ended(code, *self.capture.readouterr())
        finally:
            os.chdir(before)

    def check(self, *arguments: str) -> Ended:
        return self.run("check-conflicts", *arguments)

    def push(self, id: int | str, changes: Mapping[str, Content], *, level: int = 0) -> str:
        """The worker's commit on the remote."""
        return self.remote.commit(changes, f"work of {id}", branch=f"feature/level-{level}-task-{id}")

    def waves(self) -> list[list[list[str]]]:
        """The waves of every level of the saved plan."""
        document = json.loads(self.remote.read("refs/gitcoord/plan", "plan.json"))
        return [level["waves"] for level in document["levels"]]


def three() -> list[dict[str, Any]]:
    """Three tasks without dependencies, and one after them."""
    return [task(1), task(2), task(3), task(4, depends_on=[1, 2, 3])]
