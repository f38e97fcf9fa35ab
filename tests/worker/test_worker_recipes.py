"""The agents in docs/running.md, called as it says, with a stand-in that records how it was called."""

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from gitcoord.worker.attempt.agent_presets import PRESETS
from tests.support.project import Project
from tests.support.tasklists import task

RUNNING = Path(__file__).parents[2] / "docs" / "running.md"

STAND_IN = f"""#!{sys.executable} -IS
import json, os, sys
name = os.path.basename(sys.argv[0])
seen = dict(argv=sys.argv[1:], stdin=sys.stdin.read(), environment=dict(os.environ), directory=os.getcwd())
with open(os.path.join(os.environ["NOTES"], name + ".json"), "w") as notes:
    json.dump(seen, notes)
with open(name + ".txt", "w") as work:
    work.write("done")
"""
PATHS_OF_PROMPTS = {"aider"}
"""Agents that get the prompt's path on their command line in place of the prompt on standard input."""


def recipes() -> dict[str, tuple[str, str]]:
    """The rows of the table: `--agent`, and the command that it stands for, by the agent's name."""
    section = RUNNING.read_text(encoding="utf-8").partition("### Command lines")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| `([^`]+)` \| (?:`([^`]+)`|[^|]*) \|$", section, re.MULTILINE)
    return {name: (agent, command) for name, agent, command in rows[1:]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in PRESETS:
        (tools / name).write_text(STAND_IN)
        (tools / name).chmod(0o755)
    (tools / "make").write_text("#!/bin/sh\n")
    (tools / "make").chmod(0o755)
    env = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "NOTES": str(tools), "GH_TOKEN": "mine-alone"}
    tasks = [task(number, title=f"Do {number} -- `now`", details="All of it.") for number in range(1, 7)]
    return Project.create(tmp_path / "project", tasks, files={"notes.txt": "TODO 6\n"}, env=env)


def test_each_preset_is_called_as_the_readme_says(project: Project) -> None:
    commands = recipes()
    assert [agent for agent, _ in commands.values()] == [*PRESETS, commands["a shell command"][0]]
    for number, (agent, command) in enumerate(list(commands.values())[:-1], 1):
        project.run("worker", str(number), "--agent", agent, "--check", "make test", ok=0)
        seen: dict[str, Any] = json.loads(Path(project.env["NOTES"], f"{agent}.json").read_text())
        environment = seen["environment"]
        prompt = environment["GITCOORD_PROMPT_FILE"]
        wanted = [word.replace("$GITCOORD_PROMPT_FILE", prompt) for word in shlex.split(command)]
        assert [agent, *seen["argv"]] == wanted
        text = Path(prompt).read_text()
        assert text.startswith(f"# Task {number}: Do {number} -- `now`\n")
        assert seen["stdin"] == ("" if agent in PATHS_OF_PROMPTS else text)
        assert environment["GITCOORD_TASK_ID"] == str(number)
        assert dict(PRESETS[agent].environment).items() <= environment.items()
        assert "GH_TOKEN" not in environment
        assert seen["directory"] == str(project.desk.path.parent / "desk.gitcoord" / str(number))
        assert project.remote.read(f"feature/level-0-task-{number}", f"{agent}.txt") == "done"
        assert f"the agent begins: {agent} " in project.run("logs", str(number), ok=0).out
    agent, _ = commands["a shell command"]
    project.run("worker", "6", "--shell", "--agent", agent, ok=0)
    assert project.remote.read("feature/level-0-task-6", "notes.txt") == "done"


def test_a_preset_holds_where_a_shell_reads_the_check(project: Project) -> None:
    (project.desk.path / "gitcoord.toml").write_text(
        "[run]\nagent = 'codex'\nshell = true\ncheck = 'test -e codex.txt && make test'\n"
    )
    project.run("worker", "1", ok=0)
    seen = json.loads(Path(project.env["NOTES"], "codex.json").read_text())
    assert seen["argv"] == list(PRESETS["codex"].arguments)
