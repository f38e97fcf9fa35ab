"""Landing in repositories, and on histories, that are not as most are."""

from pathlib import Path

from tests.support.project import Project, independent
from tests.support.repos import Repo


def test_a_repository_with_long_ids_lands_and_rolls_back(tmp_path: Path) -> None:
    remote = Repo(tmp_path / "origin.git")
    remote.path.mkdir()
    remote.git("init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main")
    project = Project.create(tmp_path, independent("1", "2"), remote=remote)
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "level-0", "--method", "rebase", ok=0)
    assert remote.files("main") == ["1.txt", "2.txt", "src/main.rs"]
    project.run("rollback", "level-0", ok=0)
    assert remote.files("main") == ["src/main.rs"]
