"""How hooks get into the settings of agents and of git, and out of them again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.hook_shell import CLAUDE, OTHER, OWN, commit, install, make_project
from tests.support.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def settings(project: Project) -> Path:
    return project.desk.path / ".claude/settings.json"


def test_installing_keeps_what_is_there_and_can_be_repeated(project: Project) -> None:
    other = {"matcher": "Bash", "hooks": [{"type": "command", "command": "mine", "timeout": 5}]}
    before: dict[str, Any] = {
        "permissions": {"allow": ["Bash(make test)"]},
        "größe": 1.5,
        "hooks": {"PreToolUse": [other], "Stop": [{"hooks": [other["hooks"]]}]},
    }
    file = settings(project)
    file.parent.mkdir()
    text = json.dumps(before, indent=4, ensure_ascii=False).replace("\n", "\r\n")
    file.write_bytes(text.encode())
    file.chmod(0o600)
    shown = install(project, "claude", "--dry-run")
    assert (CLAUDE in shown.out, file.read_bytes()) == (True, text.encode())
    assert install(project, "claude").code == 0
    first = file.read_bytes()
    made = json.loads(first)
    assert made["hooks"]["PreToolUse"].pop()["hooks"][0]["command"] == CLAUDE
    assert (made, list(made)) == (before, list(before))
    assert (b'\r\n    "gr\xc3\xb6\xc3\x9fe"' in first, file.stat().st_mode & 0o777) == (True, 0o600)
    again = install(project, "claude", "--json")
    assert (again.json["changed"], file.read_bytes()) == (False, first)
    assert install(project, "claude", "--uninstall").code == 0
    assert file.read_bytes() == text.encode()
    assert install(project, "claude", "--uninstall", "--json").json["state"] == "absent"


def test_in_a_fresh_repository_the_file_is_made_and_goes_again(project: Project) -> None:
    for program, name in (("claude", ".claude/settings.json"), ("codex", ".codex/hooks.json")):
        file = project.desk.path / name
        assert install(project, program).code == 0
        entry = json.loads(file.read_text())["hooks"]["PreToolUse"][0]
        assert entry["hooks"][0]["command"] == f"gitcoord check-file --hook {program}"
        assert install(project, program, "--uninstall").code == 0
        assert not file.parent.exists()


@pytest.mark.parametrize(
    "text",
    ["{", "// words\n{}", "[]", '{"hooks": []}', '{"hooks": {"PreToolUse": {}}}', '{"a": 1, "a": 2}', "\xff"],
)
def test_a_broken_file_is_named_and_left(project: Project, text: str) -> None:
    file = settings(project)
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    ran = install(project, "claude")
    assert (ran.code, "settings.json cannot be changed" in ran.err) == (2, True)
    assert file.read_bytes() == text.encode("latin-1")


def test_a_blank_file_is_filled_and_hooks_alone_shows_its_help(project: Project) -> None:
    file = settings(project)
    file.parent.mkdir()
    file.write_text("\n")
    assert install(project, "claude").code == 0
    assert CLAUDE in file.read_text()
    assert "install" in project.run("hooks", ok=0).out


def test_an_old_hook_that_answers_too_is_named(project: Project) -> None:
    file = settings(project)
    file.parent.mkdir()
    old = {"type": "command", "command": 'gitcoord check-file "$f" >&2 || exit 2'}
    file.write_text(json.dumps({"hooks": {"PreToolUse": [{"matcher": "Edit", "hooks": [old]}]}}))
    assert "runs gitcoord too" in install(project, "claude").err


def test_a_hook_of_somebody_elses_is_left_and_the_way_out_said(project: Project) -> None:
    hook = project.desk.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    ran = install(project, "git")
    assert (ran.code, "Add this line to it" in ran.err) == (1, True)
    line = ran.err.partition("Add this line to it: ")[2].strip()
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    hook.write_text(f"#!/bin/sh\n{line}\nexit 0\n")
    hook.chmod(0o755)
    assert "already" in install(project, "git").err
    assert (commit(project.desk, OTHER), commit(project.desk, OWN, OWN)) == (1, 0)
    assert install(project, "git", "--uninstall").code == 1
    assert line in hook.read_text()


def test_hooks_go_where_git_looks_for_them(project: Project, tmp_path: Path) -> None:
    project.desk.git("config", "core.hooksPath", ".githooks")
    assert install(project, "git").code == 0
    assert (project.desk.path / ".githooks/pre-commit").stat().st_mode & 0o111
    project.desk.git("config", "--unset", "core.hooksPath")
    everywhere = tmp_path / "everywhere"
    config = tmp_path / "config"
    config.write_text(f"[core]\n\thooksPath = {everywhere}\n")
    ran = project.run("hooks", "install", "git", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert (ran.code, "for all repositories" in ran.err, everywhere.exists()) == (3, True, False)
