"""An agent that begins a history of its own on its branch: nothing can merge it; the way out is named."""

from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.tasklists import task


@pytest.mark.parametrize(("strategy", "unit"), [("multi-pr", "1"), ("single-pr", "1"), ("multi-pr", "2.1")])
def test_a_history_of_its_own_fails_and_the_next_try_begins_anew(
    tmp_path: Path, strategy: str, unit: str
) -> None:
    parts = [task(1), task(2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)], strategy=strategy)
    agent = ScriptAgent(tmp_path / "agent")
    branch = f"feature/level-0-task-{unit.replace('.', '-subtask-')}"
    orphan = [["checkout", "-q", "--orphan", "mine"], ["commit", "-qm", "Mine"], ["branch", "-f", branch]]
    agent.does("*", *({"git": words} for words in [*orphan, ["checkout", "-q", branch]]))
    if unit != "1":
        # Its sibling is in the parent's branch before.
        project.run("worker", "2.2", "--agent", "touch two", ok=0)
    ran = project.run("worker", unit, "--agent", agent.command, "--json", ok=1).json
    assert ran["outcome"] == "failed"
    assert f"`gitcoord retry {unit} --fresh` begins anew" in ran["reason"]
    project.run("retry", unit, "--fresh", ok=0)
    project.run("worker", unit, "--agent", "touch one", ok=0)
