"""`kill -9` before and after every write to git or the forge: the next run ends in the same tree.

Each test walks through all the writes of a landing, one run a write; what is counted is every push (here
also every move of refs where there is no remote) and every request that changes something at GitHub.
There the moment before a push is left to the walk without GitHub: to git both are the same push.

Without GitHub, what a kill right after a write leaves is copied while the run waits for that write, from one
run for all of them: each copy takes the run's place, and is landed by the next one.

Right before a write everything shared is as right after the last one, and only the clone's own copy of it is
not. So the moments before are walked at every third write of a walk, each walk beginning at another one. At
GitHub the moments right after a push are walked at every third push as well: to git they are those of the
walk without GitHub. The moment after each request that changes something at GitHub is walked.
"""

import re
import shutil
import signal
from pathlib import Path
from typing import Literal

import pytest

from tests.landing.scenes import STRATEGIES, changes_in_base, copied, three_tasks, three_tasks_on_github
from tests.support.cli import fork_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import WRITES, kill_group
from tests.support.github.fixtures import hub
from tests.support.killer import deadly_git, keeping_git, writes
from tests.support.project import Project
from tests.support.repos import Repo

__all__ = ["hub"]
When = Literal["before", "after"]
API_WRITES = r"^(?:PUT|PATCH|DELETE|POST) /repos/"
MOMENTS: tuple[When, ...] = ("before", "after")
pytestmark = pytest.mark.timeout(600)


def assert_landed_as(project: Project, tree: str, pulls: int, where: str) -> None:
    """The next run ends like an undisturbed one: each change once, no pull request too many."""
    again = project.run("merge-level", "level-0", "--json")
    assert again.code == 1, (where, again)
    assert [one["task"] for one in again.json["landed"]] == ["1", "2"], where
    assert [one["task"] for one in again.json["deferred"]] == ["3"], where
    assert project.remote.tree("main") == tree, where
    assert changes_in_base(project.remote) == {"1": 1, "2": 1, "3": 0}, where
    if pulls:
        refs = project.remote.git("for-each-ref", "--format=%(refname)", "refs/gitcoord/pulls")
        assert len(refs.splitlines()) == pulls, where


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_local_landing_survives_being_killed_around_any_push(strategy: str, tmp_path: Path) -> None:
    template = three_tasks(tmp_path / "template", strategy)
    place, kept = tmp_path / "whole", tmp_path / "kept"
    whole, pulls = copy_of(template, place), 3 if strategy == "multi-pr" else 1
    report = whole.run("merge-level", "level-0", "--json", env=keeping_git(kept, place))
    assert report.code == 1, report.err
    tree, total = whole.remote.tree("main"), writes(kept)
    assert total >= 8
    for nth in moments(total, "after", 0):
        put_back(kept / f"after-{nth}", place)
        assert_landed_as(whole, tree, pulls, f"killed after push {nth}")
    for nth in moments(total, "before", STRATEGIES.index(strategy)):
        project = copy_of(template, tmp_path / f"run-{nth}")
        deadly = deadly_git(tmp_path / f"run-{nth}" / "bin", nth, "before")
        killed = project.run("merge-level", "level-0", env=deadly)
        assert killed.code == -signal.SIGKILL, (nth, killed)
        assert_landed_as(project, tree, pulls, f"killed before push {nth}")
        shutil.rmtree(tmp_path / f"run-{nth}")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_landing_without_a_remote_survives_being_killed_around_any_move_of_refs(
    strategy: str, tmp_path: Path
) -> None:
    template = three_tasks(tmp_path / "template", strategy)
    once = without_remote(template, tmp_path / "once")
    place, kept = tmp_path / "whole", tmp_path / "kept"
    alone, pulls = without_remote_again(once, place), 3 if strategy == "multi-pr" else 1
    assert alone.run("merge-level", "level-0", env=keeping_git(kept, place, "update-ref")).code == 1
    tree, total = alone.remote.tree("main"), writes(kept)
    assert total >= 8
    for nth in moments(total, "after", 0):
        put_back(kept / f"after-{nth}", place)
        lands_and_leaves_no_change(alone, tree, pulls, f"killed after update-ref {nth}")
    for nth in moments(total, "before", STRATEGIES.index(strategy)):
        project = without_remote_again(once, tmp_path / f"run-{nth}")
        deadly = deadly_git(tmp_path / f"run-{nth}" / "bin", nth, "before", "update-ref")
        killed = project.run("merge-level", "level-0", env=deadly)
        assert killed.code == -signal.SIGKILL, (nth, killed)
        lands_and_leaves_no_change(project, tree, pulls, f"killed before update-ref {nth}")
        shutil.rmtree(tmp_path / f"run-{nth}")


def put_back(kept: Path, place: Path) -> None:
    """Has what was kept take the place of what a run and the next one left."""
    shutil.rmtree(place)
    kept.rename(place)


def lands_and_leaves_no_change(project: Project, tree: str, pulls: int, where: str) -> None:
    """Lands like an undisturbed run, and the working tree is what the base holds."""
    assert_landed_as(project, tree, pulls, where)
    assert project.desk.git("status", "--porcelain", "--untracked-files=no") == "", where


@pytest.mark.parametrize("when", MOMENTS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_landing_on_github_survives_being_killed_around_any_write(
    strategy: str, when: When, hub: GitHubEmulator, tmp_path: Path
) -> None:
    template = three_tasks_on_github(tmp_path / "template", hub, strategy)
    whole = on_github(template, hub, tmp_path / "whole", 0)
    request = WRITES if when == "after" else API_WRITES
    seen = len(hub.requests(request))
    assert whole.run("merge-level", "level-0").code == 1
    tree, total = whole.remote.tree("main"), len(hub.requests(request)) - seen
    assert total >= (8 if when == "after" else 2)
    written = hub.requests(request)[-total:]
    pushes = [nth for nth, entry in enumerate(written, 1) if entry.path.endswith("/git-receive-pack")]
    left_out = set(pushes) - set(pushes[STRATEGIES.index(strategy) :: 3])
    for nth in moments(total, when, STRATEGIES.index(strategy)):
        if nth in left_out:
            continue
        project = on_github(template, hub, tmp_path / f"run-{nth}", nth)
        killed_around(hub, project, nth, when)
        opened = len(hub.requests(rf"POST /repos/acme/app-{nth}/pulls$"))
        assert opened <= (3 if strategy == "multi-pr" else 1)
        assert_landed_as(project, tree, 0, f"killed {when} write {nth}")
        pulls = hub.repository(f"acme/app-{nth}").pulls
        assert len(pulls) == (3 if strategy == "multi-pr" else 1), nth
        shutil.rmtree(tmp_path / f"run-{nth}")


def moments(total: int, when: When, first: int) -> range:
    """The writes to be killed around: right after all of `total`, right before every third one."""
    return range(1, total + 1) if when == "after" else range(1 + first, total + 1, 3)


def killed_around(hub: GitHubEmulator, project: Project, nth: int, when: When) -> None:
    """A run of merge-level that dies around its nth write."""
    running: list[int] = []
    name = re.escape(f"acme/app-{nth}")
    request = (WRITES if when == "after" else API_WRITES) + rf".*{name}[./]"
    fault = hub.fault(request, "kill", when=when, nth=nth, kill=lambda: kill_group(running[0]))
    process = fork_gitcoord("merge-level", "level-0", cwd=project.desk.path, env=project.env)
    running.append(process.pid)
    assert process.end()[0] == -signal.SIGKILL, nth
    assert fault.fired == 1
    hub.faults.clear()


def copy_of(template: Project, place: Path) -> Project:
    """The template on a copy of its bare remote."""
    shutil.copytree(template.remote.path, place / "origin.git")
    remote = Repo(place / "origin.git")
    return copied(template, place, remote.path.as_uri(), remote)


def without_remote(template: Project, place: Path) -> Project:
    """The template as one repository that has no remote: branches and state are its own."""
    desk = template.remote.clone(place / "desk")
    desk.git("fetch", "--quiet", "origin", "+refs/gitcoord/*:refs/gitcoord/*")
    desk.git("fetch", "--quiet", "origin", "+refs/heads/feature/*:refs/heads/feature/*")
    desk.git("remote", "remove", "origin")
    return Project(desk, desk)


def without_remote_again(once: Project, place: Path) -> Project:
    """A copy of such a repository."""
    shutil.copytree(once.desk.path, place / "desk", symlinks=True)
    desk = Repo(place / "desk")
    return Project(desk, desk)


def on_github(template: Project, hub: GitHubEmulator, place: Path, number: int) -> Project:
    """The template as a repository of its own on the emulated GitHub."""
    app = hub.make_repository(f"acme/app-{number}")
    remote = Repo(app.git_dir)
    remote.git("fetch", "--quiet", str(template.remote.path), "+refs/*:refs/*")
    return copied(template, place, app.authenticated_url, remote)
