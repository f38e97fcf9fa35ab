"""The recipes for agents in the README, run as they stand, with programs that keep to the real ones' ways."""

import os
import re
from pathlib import Path

from tests.support.project import Project
from tests.support.tasklists import task

README = Path(__file__).parents[2] / "README.md"

# Reads its prompt where the real one does, notes how it was called, and leaves its work as the real one may.
CLAUDE = """#!/bin/sh
printf '%s\\n' "$@" > "$NOTES/claude"
cat > "$NOTES/claude-prompt"
echo done > claude.txt && git add claude.txt && git commit -q -m "Done by Claude"
"""
CODEX = """#!/bin/sh
printf '%s\\n' "$@" > "$NOTES/codex"
for last; do :; done
test "$last" = - || exit 2
cat > "$NOTES/codex-prompt"
chmod -R a-w "$(git rev-parse --git-dir)"
echo done > codex.txt
chmod -R u+w "$(git rev-parse --git-dir)"
"""


def recipes() -> dict[str, str]:
    """The commands of the table, by what they run."""
    section = README.read_text(encoding="utf-8").partition("### The agent")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| (?:with `--shell`: )?`(.+)` \|$", section, re.MULTILINE)
    return {name: command for name, command in rows if not name.startswith("`") and command != "--agent"}


def test_the_readmes_agents_are_called_as_they_want_to_be(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("claude", CLAUDE), ("codex", CODEX), ("make", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    env = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "NOTES": str(tools)}
    tasks = [task(1, title="First", details="All of it."), task(2), task(3)]
    project = Project.create(tmp_path / "project", tasks, files={"notes.txt": "TODO 3\n"}, env=env)
    commands = recipes()
    assert list(commands) == ["Claude Code", "Codex", "a shell command"]

    project.run("worker", "1", "--agent", commands["Claude Code"], ok=0)
    said = (tools / "claude").read_text().splitlines()
    assert said[:3] == ["-p", "--permission-mode", "acceptEdits"]
    assert said[3:] == ["--allowedTools", "Bash(make test)", "Bash(git commit:*)"]
    assert "All of it." in (tools / "claude-prompt").read_text()
    assert project.remote.read("feature/level-0-task-1", "claude.txt") == "done"

    project.run("worker", "2", "--agent", commands["Codex"], ok=0)
    assert (tools / "codex").read_text().split() == ["exec", "--sandbox", "workspace-write", "-"]
    assert "# Task 2" in (tools / "codex-prompt").read_text()
    assert project.remote.read("feature/level-0-task-2", "codex.txt") == "done"

    project.run("worker", "3", "--shell", "--agent", commands["a shell command"], ok=0)
    assert project.remote.read("feature/level-0-task-3", "notes.txt") == "done"
