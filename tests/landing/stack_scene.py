"""The stack that tests land: a task, and one on top of it that takes some of it back."""

from pathlib import Path

from tests.support.github.emulator import GitHubEmulator
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

LINES = "".join(f"line {number}\n" for number in range(1, 11))
TWO = [task(1), task(2, depends_on=[1])]


def make_stack(tmp_path: Path, strategy: str, hub: GitHubEmulator | None = None) -> Project:
    """Task 1 adds a file and changes two lines; task 2, on top of it, takes the file and one line back."""
    files = {"lines.txt": LINES}
    if hub is None:
        project = Project.create(tmp_path, TWO, strategy=strategy, files=files)
    else:
        app = hub.make_repository("acme/app")
        remote, url, env = Repo(app.git_dir), app.authenticated_url, hub.environment()
        project = Project.create(
            tmp_path, TWO, strategy=strategy, files=files, remote=remote, url=url, env=env
        )
    changed = LINES.replace("line 2\n", "line two\n").replace("line 8\n", "line eight\n")
    assert project.worker("1").do({"new.txt": "new\n", "lines.txt": changed}).code == 0
    worker = project.worker("2")
    worker.run("checkout", "2", "--stack", ok=0)
    worker.repo.path.joinpath("new.txt").unlink()
    worker.write({"lines.txt": changed.replace("line two\n", "line 2\n").replace("line 9\n", "line nine\n")})
    assert worker.run("submit").code == 0
    return project
