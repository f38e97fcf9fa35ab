"""`gitcoord agents install`: where the rules go, and that following them and nothing else lands the work."""

import re
from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.tasklists import task


@pytest.mark.parametrize(
    ("program", "file"), [("claude", ".claude/skills/gitcoord/SKILL.md"), ("codex", "AGENTS.md")]
)
def test_the_rules_are_written_once_and_taken_out_again(tmp_path: Path, program: str, file: str) -> None:
    project = Project.create(tmp_path, [task(1)])
    path = project.desk.path / file
    own = "# Ours\n\nUse tabs.\n" if program == "codex" else None
    if own:
        path.write_text(own)
    assert "would change" in project.run("agents", "install", program, "--dry-run", ok=0).out
    project.run("agents", "install", program, ok=0)
    text = path.read_text()
    assert "is already up to date" in project.run("agents", "install", program, ok=0).out
    assert (text.count("gitcoord submit TASK"), text.startswith(own or "---\nname: gitcoord\n")) == (2, True)
    project.run("agents", "install", program, "--uninstall", ok=0)
    assert (path.read_text() if path.exists() else None) == own


def test_who_follows_the_rules_and_nothing_else_gets_both_tasks_in(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2)])
    assert "Commit it" in project.run("agents", "install", "claude", ok=0).out
    project.desk.git("add", ".claude")
    project.desk.git("commit", "--quiet", "--message", "rules")
    project.desk.git("push", "--quiet", "origin", "HEAD:main")
    text = (project.desk.path / ".claude/skills/gitcoord/SKILL.md").read_text()
    named = re.findall(r"`gitcoord ([a-z-]+)", text)
    assert list(dict.fromkeys(named)) == ["next", "checkout", "prompt", "check-file", "submit"]
    here = project.desk.path
    for number in ("1", "2"):
        assert project.run("next", ok=0).out.startswith(number)
        gitcoord("checkout", number, cwd=here, ok=0)
        assert f"Task {number}" in gitcoord("prompt", number, cwd=here, ok=0).out
        busy = gitcoord("check-file", "src/main.rs", cwd=here).code
        assert busy == int(number == "2")
        (here / "src/main.rs").write_text(f"fn main() {{ {number} }}\n")
        project.desk.git("commit", "--quiet", "--all", "--message", "work")
        gitcoord("submit", number, cwd=here, ok=0)
    project.run("merge-level", "level-0")
    assert gitcoord("checkout", "2", cwd=here).err.count("conflict") >= 1
    (here / "src/main.rs").write_text("fn main() { 1; 2 }\n")
    project.desk.git("add", "src/main.rs")
    gitcoord("submit", "2", cwd=here, ok=0)
    project.run("merge-level", "level-0", ok=0)
    assert project.remote.read("main", "src/main.rs") == "fn main() { 1; 2 }"
