"""What a rollback reverts for no task, such as a person's commits on a level branch."""

from pathlib import Path

import pytest

from tests.landing.test_rollback import LINES, two_levels


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_a_person_pushed_to_the_level_branch_is_named_when_it_is_reverted(
    method: str, tmp_path: Path
) -> None:
    project = two_levels(tmp_path, "single-pr")
    for id in ("1", "2"):
        project.worker(id).run("submit", id, ok=0)
    level = "feature/level-0-implementation"
    by_hand = {"lines.txt": LINES.replace("2\n", "two\n").replace("5\n", "five\n"), "more.txt": "more\n"}
    project.remote.commit(by_hand, "By hand", branch=level)
    project.run("merge-level", "level-0", "--method", method, ok=0)
    assert "more.txt" in project.remote.files("main")
    landed = project.remote.tip("main")

    planned = project.run("rollback", "level-0", "--dry-run", "--json", ok=0).json["unowned"]
    done = project.run("rollback", "level-0", ok=0)
    if method == "rebase":  # the person's commit came to the base as it is, and stays
        assert planned == []
        assert "more.txt" in project.remote.files("main")
        return
    assert planned == [{"commit": landed, "paths": ["lines.txt", "more.txt"]}]
    assert f"changes of {landed[:12]} in lines.txt, more.txt" in done.out
    told = project.remote.git("show", "--no-patch", "--format=%B", "main")
    assert f"- {landed}: lines.txt, more.txt" in told
