"""`run --land` on GitHub: why something does not land reaches whoever looks, in every form of the output."""

from pathlib import Path

from tests.emulator.api import Api
from tests.merging.scenes import independent_on_github
from tests.support.agents import ScriptAgent
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection

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
    closed, gate = "pull request 1 was closed without being merged", "check ci: it has not been reported yet"
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
