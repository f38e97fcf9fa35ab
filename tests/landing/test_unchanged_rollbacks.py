"""A rollback that changes no file says so."""

from pathlib import Path

from tests.landing.test_rollback import two_levels


def test_a_landing_that_a_person_reverted_leaves_no_file_to_change(tmp_path: Path) -> None:
    project = two_levels(tmp_path, "single-pr")
    before = project.remote.git("rev-parse", "main^{tree}")
    for id in ("1", "2"):
        project.worker(id).run("submit", id, ok=0)
    project.run("merge-level", "level-0", "--method", "squash", ok=0)
    assert not project.run("rollback", "level-0", "--dry-run", "--json", ok=0).json["unchanged"]
    landed = project.remote.tip("main")
    reverted = project.remote.git("commit-tree", before, "-p", landed, "-m", "Away with it")
    project.remote.git("update-ref", "refs/heads/main", reverted)

    planned = project.run("rollback", "level-0", "--dry-run", ok=0)
    done = project.run("rollback", "level-0", "--json", ok=0).json
    again = project.run("rollback", "level-0", "--json", ok=0).json

    assert "No file on main changes" in planned.out
    assert (done["state"], done["unchanged"]) == ("done", True)
    assert (again["state"], again["unchanged"]) == ("already", False)
    assert project.remote.git("rev-parse", "main^{tree}") == before
