"""Landing from files without settings, while those of the base name a check."""

from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.project import Project, independent

FAILING = '[landing]\ncheck = "false"\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gitcoord.toml", FAILING),
        (".gitcoord.toml", '[run]\ncheck = "false"\n'),
        ("pyproject.toml", '[tool.gitcoord.landing]\ncheck = "false"\n'),
    ],
)
def test_nothing_lands_unchecked_from_files_that_are_older_than_the_check_of_the_base(
    name: str, text: str, tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    project.work("1", {"1.txt": "1\n"})
    tip = project.remote.commit({name: text}, "Require a check")
    agent = ScriptAgent(tmp_path / "agent")
    for command in (
        ("merge-level", "level-0"),
        ("land", "--branches", "feature/*", "--yes"),
        ("run", "--agent", agent.command, "--land", "--yes"),
    ):
        ran = project.run(*command, ok=2)
        assert f"main has the check 'false' in {name}" in ran.err
    assert project.remote.tip("main") == tip
    # Who names the check, or says that there is none, is believed.
    project.run("merge-level", "level-0", "--check", "false", ok=1)
    assert project.remote.tip("main") == tip
    project.run("merge-level", "level-0", "--no-check", ok=0)


@pytest.mark.parametrize("text", ["[landing]\n", "[landing]\ncheck = 1\n", "landing = 1\n", "[landing\n", ""])
def test_settings_of_the_base_without_a_check_hold_nothing_up(text: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    project.work("1", {"1.txt": "1\n"})
    project.remote.commit({"gitcoord.toml": text, "pyproject.toml": "tool = 1\n"}, "Change the settings")
    project.run("merge-level", "level-0", ok=0)
