"""Branches that a run takes away: never the only copy of anything."""

from pathlib import Path

import pytest

from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.worker.attempt.agent_checkout import clear_done
from gitcoord.worker.unit import find_unit
from tests.planning.lists import a_plan, a_subtask, a_task
from tests.support.repos import Repo


@pytest.mark.parametrize("more", [False, True])
def test_a_subtasks_branch_goes_only_with_what_its_parent_has(more: bool, tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    plan = a_plan([a_task(1, subtasks=(a_subtask("1.1"), a_subtask("1.2")))])
    unit = find_unit(plan, "1.1")
    folded = remote.commit({"one.txt": "1\n"}, branch=unit.branch)
    work.git("fetch", "--quiet", "origin", f"{unit.branch}:{unit.branch}")
    tip = remote.commit({"more.txt": "1\n"}, branch=unit.branch) if more else folded
    repository = locate(work.path).open()
    shared = SharedRefs(repository, "refs/gitcoord/")
    shared.refresh()
    clear_done(repository, shared, unit, tmp_path / "gone", folded)
    assert remote.find(f"refs/heads/{unit.branch}") == (tip if more else None)
    assert work.find(f"refs/heads/{unit.branch}") is None
