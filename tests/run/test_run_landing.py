"""`run --land`: why something does not land reaches whoever looks, and what fails with others is reworked."""

from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.landing.scenes import independent_on_github
from tests.landing.semantic import CHECK, FILES, failing_commits
from tests.support.agents import ScriptAgent
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.project import Project, independent

__all__ = ["hub"]


def test_why_landing_is_held_is_said_shown_and_in_the_document(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path / "project", hub, "1", "2")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level")
    Api(app).call("PATCH", "/pulls/1", {"state": "closed"})
    agent = ScriptAgent(tmp_path / "agent")
    command = ("run", "--agent", agent.command, "--land", "--yes")
    ran = project.run(*command, "--json", ok=1)
    closed, gate = "pull request 1 was closed without a merge", "check ci: it has not been reported yet"
    reasons = {unit["unit"]: (unit["state"], unit["reason"].partition(";")[0]) for unit in ran.json["units"]}
    assert reasons == {"1": ("handed-in", closed), "2": ("handed-in", gate)}
    assert f"feature/level-0-task-2 (task 2) is held: {gate}" in ran.err
    # A person's decision is an event of the journal.
    assert f"task 1 held: {closed}" in project.run("log").out

    ended = project.run(*command, ok=1)
    assert closed in ended.out
    assert gate in ended.out

    # What the journal tells is shown once: as an event.
    for number in (1, 2):
        Api(app).call("PATCH", f"/pulls/{number}", {"state": "open"})
        app.set_status(app.pulls[number].head_sha, "ci", "success")
    ran = project.run(*command, ok=0)
    lines = [line for line in ran.err.splitlines() if "merged into" in line or "landed" in line]
    assert len([line for line in lines if line.endswith("landed")]) == 0, lines
    assert not any("merged into" in line for line in lines)


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_work_that_fails_with_anothers_goes_back_to_its_agent_and_lands(
    strategy: str, tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", independent("1", "2"), strategy=strategy, files=FILES)
    first = project.remote.tip("main")
    agent, both = ScriptAgent(tmp_path / "agent"), tmp_path / "both"
    agent.does(
        "1", {"write": {"functions/a": "open_file\n", "calls/main": "open_file\n"}}, {"touch": str(both)}
    )
    agent.does("2", {"await": str(both)}, {"write": {"calls/two": "open\n"}})
    agent.does("2#rework", {"write": {"calls/two": "open_file\n"}})
    # The second begins before the first has landed, and does not see what that renames.
    command = ("run", "--agent", agent.command, "--check", CHECK, "--land", "--slots", "1", "--yes")
    ran = project.run(*command, ok=0)
    assert failing_commits(project, first) == []
    assert project.remote.read("main", "calls/two") == "open_file"
    (deferred,) = (one for one in project.run("log", "--json").json["events"] if one["event"] == "deferred")
    assert "fails the check `sh check.sh` with task 1" in deferred["sentence"], ran.err
    told = (tmp_path / "project" / "desk" / ".git" / "gitcoord" / "run" / "2-2" / "prompt.md").read_text()
    assert "## First: make the check pass" in told
    assert "open is called, and not defined" in told
    assert "1 and 2 in the check\n" in project.run("report", ok=0).out
    shown = project.run("logs", "2", "--check", ok=0)
    assert "open is called, and not defined" in shown.out
