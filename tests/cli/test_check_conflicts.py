"""`gitcoord check-conflicts` as a user runs it: exit codes, output, what is saved, what is not touched."""

from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.context import open_context
from tests.cli.conflicts_shell import Project, three
from tests.conflicts.level import LINES, edited
from tests.support.repos import Repo
from tests.support.tasklists import task


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys, tasks=three())


def collide(project: Project) -> None:
    """1 and 2 change the same line, 3 a distant one."""
    project.push(1, {"src/main.rs": edited(5, by="one")})
    project.push(2, {"src/main.rs": edited(5, by="two")})
    project.push(3, {"src/main.rs": edited(35)})


def test_a_level_whose_branches_merge_can_land_as_one_wave(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"lib.rs": edited(5)})
    ended = project.check()
    assert ended.code == 0
    assert "level-0 can land as one wave, but nothing has been submitted for 3." in ended.out
    assert "Landing order  1, 2" in ended.out


def test_a_conflict_splits_the_level_and_is_told_in_a_sentence(project: Project) -> None:
    collide(project)
    ended = project.check("level-0")
    assert ended.code == 1
    assert "Task 1 and task 2 both change src/main.rs, and merging them fails there." in ended.out
    assert "Task 1 and task 3 both touch src/main.rs, and git merges them." in ended.out
    assert "level-0 has to land in 2 waves; fewer are impossible." in ended.out


def test_the_matrix_fits_a_narrow_terminal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    collide(project)
    lines = project.check().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.rstrip() for line in lines if line[:2] in ("1 ", "2 ", "3 ")] == [
        "1 - ✗ ·",
        "2 ✗ - ·",
        "3 · · -",
    ]


def test_the_json_document_has_what_the_readme_promises(project: Project) -> None:
    collide(project)
    ended = project.check("0", "--json")
    document = ended.json
    assert ended.code == 1
    assert (document["schema"], document["level"]) == ("gitcoord.conflicts/1", "level-0")
    assert (document["base"], document["base_commit"]) == ("main", project.remote.tip("main"))
    assert document["branches"][0]["changed_paths"] == ["src/main.rs"]
    assert document["branches"][0]["commit"] == project.remote.tip("feature/level-0-task-1")
    assert [(pair["tasks"], pair["verdict"]) for pair in document["pairs"]] == [
        (["1", "2"], "conflict"),
        (["1", "3"], "clean"),
        (["2", "3"], "clean"),
    ]
    assert document["pairs"][0]["overlap"] == document["pairs"][0]["conflicted_paths"] == ["src/main.rs"]
    assert document["waves"] == [["1", "3"], ["2"]]
    assert document["landing_order"] == ["1", "3", "2"]
    assert document["metrics"] == {
        "pairs": 3,
        "overlapping": 3,
        "conflicting": 1,
        "conflict_rate": 0.3333,
    }


def test_missing_and_empty_branches_are_shown_and_are_no_errors(project: Project) -> None:
    project.remote.branch("feature/level-0-task-2")
    project.push(3, {"lib.rs": edited(5)})
    ended = project.check("--json")
    assert ended.code == 0
    assert [branch["state"] for branch in ended.json["branches"]] == ["missing", "empty", "ready"]
    shown = project.check()
    assert shown.code == 0
    assert "missing" in shown.out
    assert "empty" in shown.out


def test_a_level_without_work_has_nothing_to_land(project: Project) -> None:
    ended = project.check("level-1")
    assert ended.code == 0
    assert "level-1 has nothing to land yet." in ended.out


def test_the_first_level_that_has_not_landed_is_looked_at(project: Project) -> None:
    for id, name in ((1, "a"), (2, "b"), (3, "c")):
        project.push(id, {name: "new\n"})
    project.remote.commit({"a": "new\n", "b": "new\n"}, merge=["feature/level-0-task-1"])
    project.remote.commit({}, merge=["feature/level-0-task-2"])
    document = project.check("--json").json
    assert document["level"] == "level-0"
    assert [branch["state"] for branch in document["branches"]] == ["landed", "landed", "ready"]
    project.remote.commit({"c": "new\n"}, merge=["feature/level-0-task-3"])
    assert project.check("--json").json["level"] == "level-1"
    assert project.check("level-0").out.rstrip().endswith("level-0 has landed.")


def test_overlap_mode_and_ignored_paths_follow_the_options(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"src/main.rs": edited(35)})
    assert project.check().code == 0
    assert project.check("--serialize-on", "overlap").code == 1
    assert project.check("--serialize-on", "overlap", "--ignore", "src/").code == 0
    assert project.check("--serialize-on", "overlap", "--ignore", "lib.rs", "--ignore", "*.rs").code == 0


def test_settings_hold_the_rule_and_the_ignored_paths(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5)})
    project.push(2, {"src/main.rs": edited(35)})
    settings = project.work.path / "gitcoord.toml"
    settings.write_text('serialize-on = "overlap"\n')
    assert project.check().code == 1
    settings.write_text('serialize-on = "overlap"\nignore = ["*.rs"]\n')
    assert project.check().code == 0


def test_save_writes_the_waves_into_the_plan_once(project: Project) -> None:
    collide(project)
    assert project.waves() == [[["1", "2", "3"]], [["4"]]]
    ended = project.check("--save")
    assert ended.code == 1
    assert ended.err == "The waves are saved in the plan.\n"
    assert project.waves() == [[["1", "3"], ["2"]], [["4"]]]
    subject = project.remote.git("log", "-1", "--format=%s", "refs/gitcoord/plan")
    assert subject == "level-0 re-ordered by its real conflicts: 1 + 3 then 2"
    again = project.check("--save", "--json")
    assert (again.code, again.json["saved"]) == (1, False)
    assert project.remote.git("rev-list", "--count", "refs/gitcoord/plan") == "2"


def test_saved_waves_keep_the_tasks_that_have_no_branch_yet(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5, by="one")})
    project.push(2, {"src/main.rs": edited(5, by="two")})
    project.check("--save")
    assert project.waves() == [[["1", "3"], ["2"]], [["4"]]]


def test_without_save_nothing_but_the_mirror_is_written(project: Project) -> None:
    collide(project)
    project.check()
    before, files = everything(project.work), worktree(project.work)
    remote = everything(project.remote)
    assert project.check().code == 1
    assert everything(project.work) == before
    assert worktree(project.work) == files
    assert everything(project.remote) == remote
    assert {ref.split("/")[1] for ref in project.work.refs()} == {"heads", "remotes", "gitcoord-mirror"}


def test_a_branch_that_does_not_merge_with_the_base_is_named(project: Project) -> None:
    project.push(1, {"src/main.rs": edited(5, by="one")})
    project.remote.commit({"src/main.rs": edited(5, by="base")})
    ended = project.check()
    assert ended.code == 1
    assert "Task 1 does not merge with the current main: src/main.rs." in ended.out


def test_hostile_names_reach_neither_git_nor_the_terminal(project: Project) -> None:
    evil = "x\x1b[2J\n[red]\udcff"
    project.push(1, {evil: "one\n", "--output=x": "one\n"})
    project.push(2, {evil: "two\n", "--output=x": "two\n"})
    ended = project.check()
    assert ended.code == 1
    assert "\x1b" not in ended.out
    assert "x\\x1b[2J\\n[red]\\udcff" in ended.out
    assert project.check("--json").json["pairs"][0]["overlap"] == ["--output=x", evil]


def test_a_plan_from_elsewhere_with_branches_named_like_options_harms_nothing(project: Project) -> None:
    store = open_context(project.work.path).store
    store.refresh()
    plan = store.require_plan()
    renamed = {
        id: msgspec.structs.replace(planned, branch=f"--upload-pack={id}")
        for id, planned in plan.tasks.items()
    }
    store.save_plan(msgspec.structs.replace(plan, tasks=renamed))
    for name in ("--upload-pack=1", "--upload-pack=2"):
        project.remote.commit({"lib.rs": edited(5, by=name)}, branch=name)
    ended = project.check("--json")
    assert (ended.code, ended.json["pairs"][0]["verdict"]) == (1, "conflict")


@pytest.mark.parametrize("asked", ["level-7", "7", "", "--", "level-0; rm -rf ~"])
def test_an_unknown_level_is_one_clear_sentence(project: Project, asked: str) -> None:
    ended = project.run("check-conflicts", "--", asked)
    assert ended.code == 2
    assert "The plan has no level" in ended.err


def test_without_a_plan_it_says_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(tmp_path, capsys, tasks=three())
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    ended = project.check()
    assert (ended.code, "gitcoord plan" in ended.err) == (2, True)


def test_a_shallow_clone_is_told_to_fetch_the_history(project: Project, tmp_path: Path) -> None:
    project.remote.commit({"more": "more\n"})
    project.work = project.remote.clone(tmp_path / "shallow", "--depth=1")
    ended = project.check()
    assert (ended.code, "--unshallow" in ended.err) == (3, True)


def test_it_works_in_a_bare_repository_and_on_a_detached_head(project: Project) -> None:
    collide(project)
    clone = project.work
    project.work = project.remote
    assert project.check().code == 1
    project.work = clone
    clone.git("checkout", "--quiet", "--detach")
    assert project.check().code == 1


def test_more_tasks_than_a_matrix_holds_are_told_in_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path, capsys, tasks=[task(number) for number in range(1, 25)])
    for number in range(1, 25):
        project.push(
            number, {"lib.rs": LINES.replace("line 7\n", f"{number}\n")} if number < 3 else {"x": "x"}
        )
    ended = project.check()
    assert ended.code == 1
    assert "Task 1 and task 2 both change lib.rs, and merging them fails there." in ended.out
    assert "✗" not in ended.out


def everything(repo: Repo) -> tuple[dict[str, str], list[str]]:
    return repo.refs(), sorted(repo.objects())


def worktree(repo: Repo) -> dict[str, bytes]:
    files = (file for file in sorted(repo.path.rglob("*")) if file.is_file())
    return {str(file): file.read_bytes() for file in files if ".git" not in file.parts}
