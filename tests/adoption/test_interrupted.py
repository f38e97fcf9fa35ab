"""`gitcoord land` killed at its pushes, and twice at once: every head lands once, and in the same tree."""

import shutil
import signal
from pathlib import Path

from tests.support.cli import Ran, fork_gitcoord, gitcoord
from tests.support.killer import deadly_git, writes
from tests.support.repos import Repo

WORDS = ("land", "--branches", "agent/*", "--method", "squash", "--yes", "--json")


def heads(directory: Path) -> Repo:
    """A clone of a remote with two that stack, two that conflict, and one for itself; returns the clone."""
    remote, desk = Repo.pair(directory, {"a.txt": "1\n2\n3\n"})
    remote.commit({"below.txt": "1"}, "Do below", branch="agent/below")
    remote.commit({"above.txt": "1"}, "Do above", branch="agent/above", at="agent/below")
    remote.commit({"a.txt": "one\n2\n3\n"}, "Do one", branch="agent/one")
    remote.commit({"a.txt": "uno\n2\n3\n", "uno.txt": ""}, "Do uno", branch="agent/uno")
    return desk


def copied(template: Path, place: Path) -> tuple[Repo, Repo]:
    shutil.copytree(template, place)
    remote, desk = Repo(place / "origin.git"), Repo(place / "work")
    desk.git("remote", "set-url", "origin", str(remote.path))
    return remote, desk


def assert_landed(ran: Ran, remote: Repo, tree: str, where: str) -> None:
    assert ran.code in (0, 1), (where, ran)
    assert remote.tree("main") == tree, where
    subjects = remote.git("log", "--format=%s", "main").split("\n")
    assert sorted(subject.partition(" (")[0] for subject in subjects) == [
        *("Do below", "Do one", "agent/above", "first commit")
    ], where
    pulls = remote.git("for-each-ref", "--format=%(refname)", "refs/gitcoord/pulls").split()
    assert len(pulls) == 4, where


def test_killed_after_any_of_its_pushes_it_goes_on(tmp_path: Path) -> None:
    heads(tmp_path / "template")
    remote, desk = copied(tmp_path / "template", tmp_path / "whole")
    whole = gitcoord(*WORDS, cwd=desk.path, env=deadly_git(tmp_path / "count", 0, "after"))
    assert sorted(one["task"] for one in whole.json["landed"]) == ["agent-above", "agent-below", "agent-one"]
    assert [one["task"] for one in whole.json["deferred"]] == ["agent-uno"]
    tree, total = remote.tree("main"), writes(tmp_path / "count")
    assert total >= 10
    for nth in range(1, total + 1, 5):
        remote, desk = copied(tmp_path / "template", tmp_path / f"run-{nth}")
        deadly = deadly_git(tmp_path / f"bin-{nth}", nth, "after")
        assert gitcoord(*WORDS, cwd=desk.path, env=deadly).code == -signal.SIGKILL, nth
        assert_landed(gitcoord(*WORDS, cwd=desk.path), remote, tree, f"killed after push {nth}")


def test_two_clients_at_once_land_every_head_once(tmp_path: Path) -> None:
    heads(tmp_path / "template")
    remote, desk = copied(tmp_path / "template", tmp_path / "both")
    other = remote.clone(tmp_path / "other")
    running = [fork_gitcoord(*WORDS, cwd=repo.path) for repo in (desk, other)]
    codes = [one.end()[0] for one in running]
    again = gitcoord(*WORDS, cwd=desk.path)
    assert all(code in (0, 1) for code in codes), codes
    assert_landed(again, remote, remote.tree("main"), "two at once")
    assert {"above.txt", "below.txt"} <= set(remote.files("main"))
