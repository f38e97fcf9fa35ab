"""A project under coordination: a shared repository with a task list and a plan, and workers who do tasks."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.cli import Ran, gitcoord
from tests.support.repos import Content, Repo
from tests.support.tasklists import task, write_tasks

_made: dict[str, "Project"] = {}
MAIN = "fn main() {\n    // start\n}\n"


class Project:
    """`remote` is the bare repository that everybody shares, `desk` a clone that commands run in."""

    def __init__(self, remote: Repo, desk: Repo, env: Mapping[str, str] | None = None) -> None:
        self.remote = remote
        self.desk = desk
        self.env = dict(env or {})

    @classmethod
    def create(
        cls,
        directory: Path,
        tasks: Sequence[dict[str, Any]],
        *,
        strategy: str = "multi-pr",
        files: Mapping[str, Content] | None = None,
        remote: Repo | None = None,
        url: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> "Project":
        """A project on a bare remote of its own (or the given one), planned with `strategy`.

        One on a remote of its own is made once, and copied whenever the same is asked for again.
        """
        if remote is None and "GIT_CONFIG_NOSYSTEM" not in os.environ:
            # Made for a whole module, outside of the environment that tests have.
            remote = Repo.create(directory / "origin.git", bare=True)
        if remote is None:
            around = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
            asked = repr((tasks, strategy, files, env, sorted(around.items())))
            if asked not in _made:
                place = Path(os.environ["HOME"]) / f"project {len(_made)}"
                bare = Repo.create(place / "origin.git", bare=True)
                _made[asked] = cls.create(place, tasks, strategy=strategy, files=files, remote=bare, env=env)
            return _made[asked]._again(directory)
        directory.mkdir(parents=True, exist_ok=True)
        remote.commit({"src/main.rs": MAIN, **(files or {})}, "first commit")
        desk = Repo(directory / "desk")
        remote.git("clone", "--quiet", "--", url or remote.path.as_uri(), str(desk.path))
        write_tasks(desk.path, tasks)
        project = cls(remote, desk, env)
        project.run("plan", "--strategy", strategy, ok=0)
        return project

    def _again(self, directory: Path) -> "Project":
        """The same in another place."""
        shutil.copytree(self.remote.path.parent, directory, symlinks=True, dirs_exist_ok=True)
        remote, desk = (
            self.remote.at(directory / "origin.git"),
            self.desk.at(directory / "desk"),
        )
        config = desk.path / ".git" / "config"
        there, here = self.remote.path.as_uri(), remote.path.as_uri()
        config.write_text(config.read_text().replace(there, here))
        return Project(remote, desk, self.env)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, ok: int | None = None) -> Ran:
        """Runs gitcoord at the desk."""
        return gitcoord(*arguments, cwd=self.desk.path, env={**self.env, **(env or {})}, ok=ok)

    def work(self, id: str, files: Mapping[str, Content], *, level: int = 0, at: str = "main") -> str:
        """Somebody does a task with plain git and pushes its branch; returns the commit."""
        return self.remote.commit(files, f"Do task {id}", branch=f"feature/level-{level}-task-{id}", at=at)

    def worker(self, id: str) -> "Worker":
        """A worker with a clone of their own."""
        path = self.desk.path.parent / f"worker-{id}"
        if not path.exists():
            self.desk.git("clone", "--quiet", "--", self.desk.git("remote", "get-url", "origin"), str(path))
        return Worker(self, id, Repo(path))


class Worker:
    """Somebody who does task `id` in a clone of their own, with gitcoord."""

    def __init__(self, project: Project, id: str, repo: Repo) -> None:
        self.project = project
        self.id = id
        self.repo = repo

    def run(self, *arguments: str, ok: int | None = None) -> Ran:
        """Runs gitcoord in the worker's clone, under the worker's name."""
        env = {**self.project.env, "GITCOORD_WORKER": f"worker-{self.id}"}
        return gitcoord(*arguments, cwd=self.repo.path, env=env, ok=ok)

    def write(self, files: Mapping[str, str], message: str = "work") -> None:
        """Writes files and commits everything."""
        for path, text in files.items():
            file = self.repo.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.repo.git("add", "--all")
        self.repo.git("commit", "--quiet", "-m", message)

    def do(self, files: Mapping[str, str]) -> Ran:
        """Takes the task, does it, and hands it in; returns how the hand-in ended."""
        self.run("checkout", self.id, ok=0)
        self.write(files, f"Do task {self.id}")
        return self.run("submit")


def independent(*ids: str) -> list[dict[str, Any]]:
    """Tasks without dependencies."""
    return [task(int(id) if id.isdecimal() else id) for id in ids]
