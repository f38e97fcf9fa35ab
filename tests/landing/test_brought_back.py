"""Work that was rolled back comes back, wherever it is kept."""

from pathlib import Path

import pytest

from tests.landing.scenes import independent_on_github
from tests.support.agents import ScriptAgent
from tests.support.cli import gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent

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


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_rolled_back_task_that_a_person_takes_is_not_submitted_and_no_run_takes_it_away(
    strategy: str, tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", independent("1", "2"), strategy=strategy)
    agent = ScriptAgent(tmp_path / "agent")
    command = ("run", "--agent", agent.command, "--land", "--yes")
    project.run(*command, ok=0)
    project.run("rollback", "level-0", ok=0)
    # A retry that was requested before a person took the task is theirs, too.
    project.run("retry", "1", ok=0)
    project.run("checkout", "1", ok=0)
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "started"
    assert project.run("report", "--json", ok=0).json["percent"] == 0

    ran = project.run(*command, ok=1)
    assert "began it manually" in ran.out + ran.err
    # Nobody took the other one, whose attempt succeeded.
    assert "2 waiting" in ran.out
    assert "`gitcoord retry` gives it to an agent" in ran.out
    assert "failed" not in ran.out
    assert [run.attempt for run in agent.runs() if (run.what, run.id) == ("start", "1")] == [1]
    assert "attempt 2" not in project.run("log", "--task", "1", ok=0).out
    project.run("submit", "1", ok=0)
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "submitted"
    # Under single-PR the level waits for the other task, which is still rolled back.
    project.run("merge-level", "level-0", *(["--partial"] if strategy == "single-pr" else []))
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "landed"
