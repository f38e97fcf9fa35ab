"""Runs `gitcoord plan` in this process, in a clone that holds the task list of a diamond."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitcoord.cli.main import main
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks

PLAN_REF = "refs/gitcoord/plan"
DIAMOND = [task(1), task(2, depends_on=[1]), task(3, depends_on=[1]), task(4, depends_on=[2, 3])]


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs gitcoord in a directory."""

    def __init__(self, directory: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.capture = capture

    def plan(self, *arguments: str) -> Ended:
        before = Path.cwd()
        os.chdir(self.directory)
        try:
            self.capture.readouterr()
            code = main(["plan", *arguments])
            return Ended(code, *self.capture.readouterr())
        finally:
            os.chdir(before)


def diamond(tmp_path: Path) -> tuple[Repo, Repo]:
    """A bare remote and a clone of it that holds the task list of the diamond."""
    remote, work = Repo.pair(tmp_path)
    write_tasks(work.path, DIAMOND)
    return remote, work
