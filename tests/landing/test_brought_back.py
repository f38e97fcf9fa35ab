"""Work that was rolled back comes back, wherever it is kept."""

from pathlib import Path

from tests.landing.scenes import independent_on_github
from tests.support.cli import gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub

__all__ = ["hub"]


def test_work_whose_branch_is_gone_is_fetched_again_from_the_pull_request_that_had_it(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    project.run("merge-level", "--method", "squash", "--delete-branches", ok=0)
    project.run("rollback", "level-0", ok=0)
    assert project.remote.find("feature/level-0-task-1") is None
    other = tmp_path / "other"
    project.desk.git("clone", "--quiet", hub.repository("acme/app").authenticated_url, str(other))
    assert not (other / "1.txt").exists()
    ran = gitcoord("checkout", "1", cwd=other, env=project.env, ok=0)
    assert "its work is back" in ran.err + ran.out
    assert (other / "1.txt").exists()
