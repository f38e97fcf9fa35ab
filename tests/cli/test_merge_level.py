"""`gitcoord merge-level` as people and programs call it."""

from pathlib import Path

import pytest

from tests.support.project import Project, independent


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path, independent("1"), strategy="single-pr")
    made.work("1", {"one.txt": "1\n"})
    return made


def test_wrong_words_are_named_with_a_way_out(project: Project) -> None:
    before = project.remote.refs()
    for arguments, named in (
        (("--strategy", "both"), "'both' is not one of 'single-pr', 'multi-pr'"),
        (("--method", "fold"), "'fold' is not one of"),
        (("--serialize-on", "fear"), "'fear' is not one of"),
        (("--wait", "soon"), "'soon' is not a duration"),
        (("--wait", "-5m"), "'-5m' is not a duration"),
        (("--forge", "gitlab"), "'gitlab' is not one of"),
        (("--ignore", "!"), "is not a pattern"),
        (("level-7",), "no level 'level-7'"),
        (("--all-or-nothing", "--strategy", "multi-pr"), "--all-or-nothing needs --strategy single-pr"),
        (("--partial", "--strategy", "multi-pr"), "--partial needs --strategy single-pr"),
    ):
        ran = project.run("merge-level", *arguments)
        assert ran.code == 2, (arguments, ran)
        assert named in ran.err, (arguments, ran.err)
    assert project.remote.refs() == before


def test_the_document_is_as_documented(project: Project) -> None:
    steps = project.run("merge-level", "--dry-run", "--json", ok=0).json
    assert steps["schema"] == "gitcoord.landing-preview/1"
    ran = project.run("merge-level", "--json", ok=0)
    base = project.remote.tip("main")
    assert ran.json == {
        "schema": "gitcoord.landing/1",
        "level": "level-0",
        "strategy": "single-pr",
        "base": "main",
        "base_commit": base,
        "landed": [{"task": "1", "pull": 1, "commit": base, "wave": 1}],
        "deferred": [],
        "waiting": [],
        "unlanded": [],
        "deleted": [],
    }
    assert "task 1 has landed" in ran.err
    assert "level-0 has landed on main" in project.run("merge-level", ok=0).out
    assert "nothing to do for level-0" in project.run("merge-level", "--dry-run", ok=0).out


def test_help_shows_examples(project: Project) -> None:
    shown = project.run("merge-level", "--help", ok=0).out
    assert "gitcoord merge-level 0 --strategy multi-pr --method squash --wait 30m" in shown
    assert "--ignore" in shown
