"""The level that landing tests land: two tasks that merge, and a third that conflicts with the first."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.github.emulator import GitHubEmulator
from tests.support.project import MAIN, Project, independent
from tests.support.repos import Repo

STRATEGIES = ("single-pr", "multi-pr")
METHODS = ("merge", "squash", "rebase")
_on_github: dict[str, Project] = {}
_by_hand: dict[tuple[str, ...], str] = {}
_FIRST = MAIN.replace("start", "start 1")


def three_tasks(directory: Path, strategy: str) -> Project:
    """On a bare remote of its own, work done and pushed with plain git."""
    project = Project.create(directory, independent("1", "2", "3"), strategy=strategy)
    do_all(project)
    return project


def three_tasks_on_github(directory: Path, hub: GitHubEmulator, strategy: str) -> Project:
    """On acme/app of the emulated GitHub, work done and pushed with plain git."""
    return _planned_once(directory, hub, ("1", "2", "3"), strategy, do_all)


def independent_on_github(
    directory: Path, hub: GitHubEmulator, *ids: str, strategy: str = "multi-pr"
) -> Project:
    """On acme/app of the emulated GitHub: tasks that each did their work in a file of its own."""
    return _planned_once(directory, hub, ids, strategy, _do_each)


def _planned_once(
    directory: Path,
    hub: GitHubEmulator,
    ids: Sequence[str],
    strategy: str,
    do: Callable[..., None],
) -> Project:
    """Planned on acme/app the first time that it is asked for; later ones get a copy of what that made."""
    app = hub.make_repository("acme/app")
    remote, url, env = Repo(app.git_dir), app.authenticated_url, hub.environment()
    name = f"{do.__name__} {strategy} {' '.join(ids)}"
    if (known := _on_github.get(name)) is not None:
        remote.git("fetch", "--quiet", str(known.remote.path), "+refs/*:refs/*")
        return Project(remote, copied(known, directory, url, remote).desk, env)
    project = Project.create(directory, independent(*ids), strategy=strategy, remote=remote, url=url, env=env)
    do(project, *ids)
    kept = Path(os.environ["HOME"]) / name
    shutil.copytree(remote.path, kept / "origin.git", symlinks=True)
    shutil.copytree(project.desk.path, kept / "desk", symlinks=True)
    _on_github[name] = Project(Repo(kept / "origin.git"), Repo(kept / "desk"))
    return project


def _do_each(project: Project, *ids: str) -> None:
    for id in ids:
        project.work(id, {f"{id}.txt": f"{id}\n"})


def copied(template: Project, place: Path, url: str, remote: Repo) -> Project:
    """The template's project again, in `place`, on another shared repository that holds the same."""
    desk = place / "desk"
    shutil.copytree(template.desk.path, desk)
    project = Project(remote, Repo(desk), template.env)
    project.desk.git("remote", "set-url", "origin", url)
    return project


def do_all(project: Project, *_: str) -> None:
    """The work of the three tasks, each on a branch of its own."""
    project.work("1", {"src/main.rs": _FIRST})
    project.work("2", {"docs/two.md": "two\n"})
    project.work("3", {"src/main.rs": MAIN.replace("start", "start 3")})


def merged_by_hand(project: Project, *tasks: str) -> str:
    """The tree that plain git gives for the tasks' branches, merged in this order onto the first commit."""
    known = (project.remote.tip("main"), *(project.remote.tip(_branch(task)) for task in tasks))
    if known in _by_hand:
        return _by_hand[known]
    clone = project.remote.clone(project.desk.path.parent / f"by-hand-{'-'.join(tasks)}")
    first = clone.git("rev-list", "--max-parents=0", "main")
    clone.git("switch", "--quiet", "--detach", first)
    for task in tasks:
        clone.git("merge", "--quiet", "--no-edit", f"origin/{_branch(task)}")
    _by_hand[known] = clone.git("rev-parse", "HEAD^{tree}")
    shutil.rmtree(clone.path)
    return _by_hand[known]


def _branch(task: str) -> str:
    return f"feature/level-0-task-{task}"


def changes_in_base(remote: Repo) -> dict[str, int]:
    """How often each task's own commit, or a squash of it, is in the history of the base."""
    blobs = {"1": ("src/main.rs", "start 1"), "2": ("docs/two.md", "two"), "3": ("src/main.rs", "start 3")}
    return {
        task: len(
            remote.git("log", "-m", "--first-parent", "--format=%H", f"-S{text}", "main", "--", path).split()
        )
        for task, (path, text) in blobs.items()
    }
