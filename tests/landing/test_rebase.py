"""A rebase leaves merges out: what was settled in one must not be lost without a word."""

from pathlib import Path

import pytest

from tests.support.project import Project, independent

BRANCH = "feature/level-0-task-1"


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_rebase_that_would_drop_what_a_merge_settled_is_held(strategy: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"), strategy=strategy)
    project.work("1", {"1.txt": "1\n"})
    project.remote.commit({"main.txt": "main\n"}, "meanwhile")
    desk = project.desk
    desk.git("fetch", "--quiet", "origin")
    desk.git("switch", "--quiet", "--detach", f"origin/{BRANCH}")
    desk.git("merge", "--quiet", "--no-commit", "--no-ff", "origin/main")
    (desk.path / "settled.txt").write_text("settled in the merge\n")
    desk.git("add", "settled.txt")
    desk.git("commit", "--quiet", "-m", "Merge main, and settle something")
    desk.git("push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    main = project.remote.tip("main")
    # No time opens it, so nothing is waited for.
    ran = project.run("merge-level", "--method", "rebase", "--wait", "10m", "--json")
    assert (ran.code, project.remote.tip("main")) == (1, main)
    assert "gives a different tree than merging it" in ran.json["waiting"][0]["reason"]
    assert ran.json["waiting"][0]["needs"] == "work"
    again = project.run("merge-level", "--method", "rebase")
    assert again.out.endswith("To land task 1, follow its note, then merge-level again.\n")
    project.run("merge-level", "--method", "squash", ok=0)
    assert project.remote.read("main", "settled.txt") == "settled in the merge"
