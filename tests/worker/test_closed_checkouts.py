"""A checkout is a closed place: three ways in which work was lost, wherever the checkout lies."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.worker.test_worker_kept import shell

# Commits of two branches that are equal, down to their second, would be one.
COMMIT = 'echo precious > one; git add one; git commit -qm "$GITCOORD_BRANCH"'
LOSING = {
    "nested repository": "mkdir sub; cd sub; echo precious > one; git init -q",
    "git removed": f"rm .git; {COMMIT}; exit 1",
    "detached": f"git checkout -q --detach; {COMMIT}; git checkout -q {{branch}}; exit 1",
}
AFTERWARDS = {"detached": "git cherry-pick refs/gitcoord-kept/{unit}-1"}


@pytest.mark.parametrize(
    ("case", "strategy", "trees"),
    # All pairs: what each needs is decided by none of the others.
    [
        ("nested repository", "multi-pr", ""),
        ("nested repository", "single-pr", "trees"),
        ("git removed", "multi-pr", "trees"),
        ("git removed", "single-pr", ""),
        ("detached", "multi-pr", ""),
        ("detached", "single-pr", "trees"),
    ],
)
def test_no_work_is_lost_and_the_users_is_not_touched(
    tmp_path: Path, case: str, strategy: str, trees: str
) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)], strategy=strategy)
    desk = project.desk
    (desk.path / "gitcoord.toml").write_text(f'[run]\nworktrees = "{trees}"\n')
    (desk.path / "staged").write_text("the user's\n")
    desk.git("add", "staged")
    before = _of_the_user(desk)
    for unit, branch in (("1", "feature/level-0-task-1"), ("2.1", "feature/level-0-task-2-subtask-1")):
        shell(project, LOSING[case].format(branch=branch), unit, ok=int("exit 1" in LOSING[case]))
        if "exit 1" in LOSING[case]:
            shell(project, AFTERWARDS.get(case, "true").format(unit=unit), unit)
        path = "sub/one" if case == "nested repository" else "one"
        assert project.remote.read(branch.removesuffix("-subtask-1"), path) == "precious"
        assert _of_the_user(desk) == before


def _of_the_user(desk: Repo) -> list[str]:
    status = [line for line in desk.git("status", "--porcelain").splitlines() if "trees" not in line]
    return [desk.git("symbolic-ref", "HEAD"), desk.git("rev-parse", "HEAD"), *status]
