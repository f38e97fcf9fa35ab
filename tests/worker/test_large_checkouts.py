"""Large checkouts and files: the work grows with what an attempt changed, and no file is read into memory."""

import re
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from gitcoord.cli.main import main
from gitcoord.errors import GitcoordError
from gitcoord.git.locate_repository import locate
from gitcoord.settings import RuleSettings
from gitcoord.worker.hold_back_rules import check_commits
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

MEGABYTE = 2**20


def calls(log: Path) -> Counter[str]:
    """The git commands in a log of gitcoord, by name."""
    return Counter(re.findall(r"^\S+ \d+ git (?:-\S+ \S+ |--\S+ )*([a-z-]+)", log.read_text(), re.M))


@pytest.mark.parametrize("strategy", ["multi-pr", "single-pr"])
def test_git_is_asked_as_often_in_a_checkout_of_many_files_for_a_change_of_many(
    strategy: str, tmp_path: Path
) -> None:
    asked = []
    for count in (3, 300):
        files = {f"lib/{n % 50}/{n}.txt": f"{n}\n" for n in range(count)}
        project = Project.create(tmp_path / str(count), [task(1)], strategy=strategy, files=files)
        log = tmp_path / f"{count}.log"
        agent = f"seq {count} | xargs touch; for f in lib/*/*; do echo more >> $f; done"
        project.env |= {"GITCOORD_LOG": str(log)}
        project.run("worker", "1", "--shell", "--agent", agent, ok=0)
        project.run("merge-level", ok=0)
        assert set(project.remote.files("main")) >= {str(count), *files}
        asked.append(calls(log))
    assert asked[0].total() > 20
    assert asked[1] == asked[0]


def test_large_files_are_submitted_and_landed_without_being_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    (project.desk.path / "gitcoord.toml").write_text("[rules]\nmax-file-megabytes = 0\n")
    monkeypatch.chdir(project.desk.path)
    own = f"truncate --size {32 * MEGABYTE} own; git add own; git commit -qm own"
    agent = f"truncate --size {33 * MEGABYTE} left; {own}"
    tracemalloc.start()
    try:
        codes = [
            main(["worker", "1", "--shell", "--agent", agent]),
            main(["check-conflicts"]),
            main(["merge-level"]),
        ]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert codes == [0, 0, 0]
    assert set(project.remote.files("main")) >= {"left", "own"}
    assert most < 36 * MEGABYTE  # the modules that are imported take fifteen


def test_many_small_files_are_not_all_read_into_memory(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "project")
    base = repo.commit({"a": "a"}, "base")
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    packages = {f"packages/{n}": f"{n}\n" * (15_000 // len(f"{n}\n")) for n in range(1000)}
    head = repo.commit(packages | {"packages/999.key": key, "again.key": key}, "all packages")
    git = locate(repo.path).open().git
    tracemalloc.start()
    try:
        with pytest.raises(GitcoordError, match=r"again\.key, packages/999\.key"):
            check_commits(git, base, head, base, RuleSettings(), "topic")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * MEGABYTE
