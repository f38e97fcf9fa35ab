"""What else `gitcoord check-conflicts` answers: rules, what-ifs, uncommitted work, changes as they come."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conflicts_shell import Project, three
from tests.conflicts.level import edited
from tests.support.documents import require_known_documents
from tests.support.repos import Repo

HOW_NEAR = ("conflict", "adjacent", "symbol", "overlap")


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys, tasks=three())


def settings(project: Project, text: str) -> None:
    (project.work.path / "gitcoord.toml").write_text(text)


def far_apart(project: Project) -> None:
    """Tasks 1 and 2 change one file in lines that merge."""
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"src/main.rs": edited(35)})


def collide(project: Project) -> None:
    for id in (1, 2):
        project.push(id, {"src/main.rs": edited(5, by=str(id))})
    project.push(3, {"lib.rs": edited(5)})


def test_an_exclusive_path_puts_tasks_that_merge_one_after_another(project: Project) -> None:
    far_apart(project)
    settings(project, '[rules]\nexclusive = ["src/"]\n')
    ended = project.check("--json")
    [pair] = ended.json["pairs"]
    assert (ended.code, ended.json["waves"]) == (1, [["1"], ["2"]])
    assert (pair["verdict"], pair["clash"], pair["decided_by"]) == ("clean", True, "exclusive")
    shown = project.check()
    assert "a rule lets only one task at a time touch src/main.rs" in " ".join(shown.out.split())
    assert "‖ one after another by rule" in shown.out


def test_different_files_of_one_exclusive_pattern_go_one_after_another_too(project: Project) -> None:
    project.push(1, {"shop/migrations/0002_a.py": "a\n", "db/2024/a.sql": "a\n"})
    project.push(2, {"shop/migrations/0002_b.py": "b\n"})
    project.push(3, {"blog/migrations/0002_c.py": "c\n", "db/2025/b.sql": "b\n"})
    settings(project, '[rules]\nexclusive = ["**/migrations/*.py"]\n')
    ended = project.check("--json")
    [pair] = ended.json["pairs"]
    # Migrations of another directory have nothing to do with these.
    assert (ended.code, ended.json["waves"], pair["tasks"]) == (1, [["1", "3"], ["2"]], ["1", "2"])
    assert pair["exclusive"] == ["shop/migrations/0002_a.py", "shop/migrations/0002_b.py"]
    assert "A rule lets only one task at a time touch" in " ".join(project.check().out.split())
    settings(project, '[rules]\nsame-number = "allow"\nexclusive = ["db/"]\n')
    assert [pair["tasks"] for pair in project.check("--json").json["pairs"]] == [["1", "3"]]


def test_a_hub_counts_only_where_the_merge_fails_even_when_overlaps_count(project: Project) -> None:
    far_apart(project)
    settings(project, 'serialize-on = "overlap"\n[rules]\nhub = ["main.rs"]\n')
    ended = project.check("--json")
    [pair] = ended.json["pairs"]
    assert (ended.code, pair["overlap"], pair["hub"]) == (0, [], ["src/main.rs"])
    collide(project)
    ended = project.check()
    assert ended.code == 1
    assert "both change src/main.rs, and merging them fails there" in ended.out


def test_scratch_files_are_reported_with_the_task_that_brings_them(project: Project) -> None:
    project.push(1, {"src/main.rs.orig": "old\n"})
    settings(project, '[rules]\npreset = ["common"]\n')
    assert project.check("--json").json["branches"][0]["scratch"] == ["src/main.rs.orig"]
    assert "Task 1 has scratch files that should not land: src/main.rs.orig." in project.check().out


def test_explain_names_the_rule_the_pattern_and_where_it_was_written(project: Project) -> None:
    far_apart(project)
    settings(project, '[rules]\nexclusive = ["src/*.rs"]\n')
    shown = project.check("--explain").out
    assert "src/main.rs: exclusive by `src/*.rs` (settings)" in shown
    settings(project, "")
    shown = project.check("--explain").out
    assert "Task 1 and task 2: may land together." in shown
    assert "src/main.rs: no rule, so only a failing merge counts" in shown


def test_an_unknown_preset_is_one_clear_sentence(project: Project) -> None:
    settings(project, '[rules]\npreset = ["cobol"]\n')
    ended = project.check()
    assert (ended.code, "`rules.preset` must be a list of names: common, " in ended.err) == (2, True)


def test_a_conflict_is_told_with_its_kind_its_lines_and_its_commits(project: Project) -> None:
    tips = [project.push(id, {"src/main.rs": edited(5, 6, by=str(id))}) for id in (1, 2)]
    shown = project.check().out
    sides = [f"task {id} lines 5-6 by {tip[:12]}" for id, tip in zip((1, 2), tips, strict=True)]
    assert f"  src/main.rs (content): {' and '.join(sides)}" in " ".join(shown.split("\n")).replace("  ", " ")


def test_branches_that_merge_and_come_near_each_other_are_told_so(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"src/main.rs": edited(8)})
    assert "and git merges them. Their lines lie next to each other." in " ".join(project.check().out.split())


def test_how_near_branches_may_come_follows_the_settings(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"src/main.rs": edited(8)})
    project.push(3, {"src/main.rs": edited(35)})
    found = {how: project.check("--json", "--serialize-on", how).json for how in HOW_NEAR}
    assert {how: document["waves"] for how, document in found.items()} == {
        "conflict": [["1", "2", "3"]],
        "adjacent": [["1", "3"], ["2"]],
        "symbol": [["1", "3"], ["2"]],
        "overlap": [["1"], ["2"], ["3"]],
    }
    assert found["adjacent"]["pairs"][0]["decided_by"] == "serialize-on"


def test_it_says_whether_fewer_waves_are_possible(project: Project) -> None:
    collide(project)
    assert project.check("--json").json["at_least"] == 2
    assert "level-0 has to land in 2 waves; fewer are impossible." in project.check().out


def test_what_if_puts_a_task_first_and_compares(project: Project) -> None:
    collide(project)
    assert project.check("--json").json["waves"] == [["1", "3"], ["2"]]
    ended = project.check("--what-if", "2", "--json")
    assert ended.json["waves"] == [["2", "3"], ["1"]]
    assert ended.json["otherwise"]["waves"] == [["1", "3"], ["2"]]
    shown = project.check("--what-if", "2").out
    assert "With task 2 first there are 2 waves; now there are 2 waves." in shown
    assert "Tasks that move to another wave: 2 (2 → 1), 1 (1 → 2)." in shown


def test_no_wave_has_more_tasks_than_may_run_at_once(project: Project) -> None:
    for id in (1, 2, 3):
        project.push(id, {f"{id}.rs": "new\n"})
    assert project.check("--json").json["waves"] == [["1", "2", "3"]]
    ended = project.check("--max-parallel", "2", "--json")
    assert (ended.code, ended.json["waves"], ended.json["at_least"]) == (1, [["1", "2"], ["3"]], 2)
    assert "fewer are impossible with at most 2 in each." in project.check("--max-parallel", "2").out


def test_without_leaves_a_task_out(project: Project) -> None:
    collide(project)
    ended = project.check("--without", "1")
    assert ended.code == 0
    assert "Without task 1 there is 1 wave; now there are 2 waves." in ended.out


@pytest.mark.parametrize("option", ["--what-if", "--without"])
def test_a_what_if_about_an_unknown_task_is_refused(project: Project, option: str) -> None:
    ended = project.check(option, "nope")
    assert (ended.code, "level-0 has no task 'nope'." in ended.err) == (2, True)


def test_save_does_not_go_with_questions_that_are_not_about_the_branches(project: Project) -> None:
    assert project.check("--save", "--without", "1").code == 2


def test_uncommitted_work_in_worktrees_counts_when_asked_for(project: Project, tmp_path: Path) -> None:
    project.push(1, {"src/main.rs": edited(5, by="one")})
    copy = tmp_path / "copy"
    project.work.git("worktree", "add", "--quiet", "-b", "feature/level-0-task-2", str(copy))
    (copy / "src/main.rs").write_text(edited(5, by="two"))
    (copy / "new.rs").write_text("new\n")
    assert project.check().code == 0
    before = sorted(project.work.objects())
    ended = project.check("--worktrees", "--json")
    assert ended.code == 1
    assert [branch["state"] for branch in ended.json["branches"]] == ["ready", "ready", "missing"]
    assert ended.json["branches"][1]["changed_paths"] == ["new.rs", "src/main.rs"]
    [seen] = ended.json["worktrees"]
    assert (seen["task"], seen["directory"], seen["uncommitted"]) == ("2", str(copy), True)
    assert sorted(project.work.objects()) == before
    assert Repo(copy).git("status", "--porcelain") == " M src/main.rs\n?? new.rs"


def test_watch_tells_each_change_in_a_line_until_it_is_interrupted(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5, by="one")})
    command = [sys.executable, "-m", "gitcoord", "check-conflicts", "--watch", "--every", "0.1", "--json"]
    with subprocess.Popen(
        command, cwd=project.work.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        try:
            first = told(watching.stdout.readline())
            project.push(2, {"src/main.rs": edited(5, by="two")})
            second = told(watching.stdout.readline())
            watching.send_signal(signal.SIGINT)
            assert watching.wait() == 130
            assert watching.stderr is not None
            assert (watching.stdout.read(), watching.stderr.read()) == ("", "")
        finally:
            watching.kill()
    assert [branch["state"] for branch in first["branches"]] == ["ready", "missing", "missing"]
    assert [branch["task"] for branch in second["branches"]] == ["2"]
    assert [pair["verdict"] for pair in second["pairs"]] == ["conflict"]
    assert second["waves"] == [["1"], ["2"]]


def told(line: str) -> Any:
    document = json.loads(line)
    assert document["schema"] == "gitcoord.conflicts-change/1"
    require_known_documents(line.encode())
    return document


def test_watch_without_a_plan_ends_with_a_sentence(project: Project) -> None:
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    ended = project.check("--watch")
    assert (ended.code, "gitcoord plan" in ended.err) == (2, True)
