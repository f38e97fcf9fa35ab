"""Paths whose lines are kept from both sides, by rule: in verdicts, in folds and updates, on either forge."""

from pathlib import Path

import pytest

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]
LOG = "docs/CHANGES.md"
TEXT = "# Changes\n\n- the first\n"


def logging_project(
    directory: Path, strategy: str, app: GitHubEmulator | None = None, *, rule: str = "gitcoord.toml"
) -> Project:
    """Two tasks that each add a line at one place of a log, and more in files of their own.

    The `rule` for the log is in gitcoord's settings, or in .gitattributes.
    """
    there = app.make_repository("acme/app") if app else None
    project = Project.create(
        directory,
        independent("1", "2"),
        strategy=strategy,
        files={LOG: TEXT} | ({rule: "CHANGES.md merge=union\n"} if rule == ".gitattributes" else {}),
        remote=Repo(there.git_dir) if there else None,
        url=there.authenticated_url if there else None,
        env=app.environment() if app else None,
    )
    if rule == "gitcoord.toml":
        (project.desk.path / rule).write_text('[rules]\nunion = ["CHANGES.md"]\n')
    for id in ("1", "2"):
        project.work(id, {LOG: TEXT + f"- by {id}\n", f"{id}.txt": f"{id}\n"})
    return project


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_both_lines_land_in_the_repository_itself(strategy: str, tmp_path: Path) -> None:
    project = logging_project(tmp_path, strategy)
    [pair] = project.run("check-conflicts", "--json", ok=0).json["pairs"]
    assert (pair["verdict"], pair["union"], pair["clash"]) == ("clean", [LOG], False)
    project.run("merge-level", "level-0", ok=0)
    assert project.remote.read("main", LOG) == TEXT + "- by 1\n- by 2"


@pytest.mark.parametrize(
    ("strategy", "rule"), [("single-pr", "gitcoord.toml"), ("multi-pr", ".gitattributes")]
)
def test_github_which_knows_no_union_gets_the_base_merged_in_first(
    strategy: str, rule: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = logging_project(tmp_path, strategy, hub, rule=rule)
    said = project.run("merge-level", "level-0", "--dry-run").out
    assert ("bring feature/level-0-task-2 up to date" in said) == (strategy == "multi-pr"), said
    ran = project.run("merge-level", "level-0", "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1", "2"], ran.err
    assert sorted(project.remote.read("main", LOG).splitlines()[3:]) == ["- by 1", "- by 2"]


def test_without_the_rule_the_same_work_conflicts(tmp_path: Path) -> None:
    project = logging_project(tmp_path, "multi-pr")
    assert project.run("check-conflicts", "--json").json["pairs"][0]["verdict"] == "clean"
    # Nor is what was remembered by the rule an answer without it.
    (project.desk.path / "gitcoord.toml").unlink()
    assert project.run("check-conflicts", "--json").json["pairs"][0]["verdict"] == "conflict"
    assert project.run("merge-level", "level-0").code == 1
