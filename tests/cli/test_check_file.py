"""`gitcoord check-file`: who else touches a file, quickly."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitcoord.cli import check_file_fast
from tests.cli.conflicts_shell import Ended, Project, three
from tests.conflicts.level import edited
from tests.support.repos import Repo

NAME = "src/main.rs"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys, tasks=three())


def ask(project: Project, *arguments: str) -> Ended:
    return project.run("check-file", *arguments)


def settle(project: Project) -> None:
    """Lets so much time pass after the last change of a ref that a look may be kept."""
    newest = check_file_fast.fingerprint(str(project.work.path / ".git"))[1]
    while time.time_ns() - newest < 100_000_000:
        time.sleep(0.01)


def kept(project: Project) -> list[check_file_fast.Touch] | None:
    return check_file_fast.read_touched(str(project.work.path / ".git"))


def test_it_tells_who_touches_a_file_and_where(project: Project) -> None:
    project.push(1, {NAME: edited(5, 6, 20)})
    project.push(2, {"new.rs": "new\n"})
    ended = ask(project, "--fetch", NAME, "lib.rs")
    assert ended.code == 1
    assert ended.out == "src/main.rs: task 1 (Task 1) on feature/level-0-task-1, lines 5-6, 20\n"
    assert ask(project, "lib.rs").code == 0
    assert ask(project, "lib.rs").out == ""


def test_the_json_has_every_path_that_was_asked_about(project: Project) -> None:
    project.push(1, {NAME: edited(5, 6, 20)})
    ended = ask(project, "--fetch", "--json", NAME, "lib.rs")
    assert (ended.code, ended.json["schema"], ended.json["clear"]) == (1, "gitcoord.files/1", False)
    touch = {"path": NAME, "task": "1", "branch": "feature/level-0-task-1", "title": "Task 1"}
    assert ended.json["paths"] == [
        {"path": NAME, "touched_by": [{**touch, "lines": [[5, 6], [20, 20]]}]},
        {"path": "lib.rs", "touched_by": []},
    ]


def test_without_fetch_nothing_is_asked_of_the_remote(project: Project) -> None:
    project.push(1, {NAME: edited(5)})
    assert ask(project, NAME).code == 0
    assert ask(project, "--fetch", NAME).code == 1
    assert ask(project, NAME).code == 1


def test_the_second_answer_comes_from_what_the_first_left_and_is_the_same(project: Project) -> None:
    project.push(1, {NAME: edited(5)})
    ask(project, "--fetch", NAME)
    settle(project)
    first = ask(project, NAME)
    assert kept(project) is not None
    assert ask(project, NAME) == first
    assert ask(project, "--json", NAME).json == ask(project, "--json", "--task", "2", NAME).json


def test_what_was_kept_does_not_outlive_a_move_of_any_branch(project: Project) -> None:
    settle(project)
    assert ask(project, NAME).code == 0
    assert kept(project) == []
    project.work.commit({NAME: edited(5)}, branch="feature/level-0-task-1")
    assert kept(project) is None
    assert ask(project, NAME).code == 1
    settle(project)
    assert ask(project, NAME).code == 1
    assert kept(project) is not None
    project.work.git("pack-refs", "--all")
    assert ask(project, NAME).code == 1
    project.work.git("update-ref", "-d", "refs/heads/feature/level-0-task-1")
    assert ask(project, NAME).code == 0


def test_a_worker_is_not_told_about_its_own_task(project: Project, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    project.work.git("worktree", "add", "--quiet", "-b", "feature/level-0-task-1", str(copy))
    Repo(copy).commit({NAME: edited(5)}, branch="feature/level-0-task-1")
    settle(project)
    for _ in range(2):
        assert ask(project, NAME).code == 1
        assert ask(project, "--task", "1", NAME).code == 0
        assert run_in(copy, NAME).returncode == 0
        assert run_in(copy / "src", "main.rs").returncode == 0


def test_a_directory_stands_for_everything_in_it_and_case_does_not_matter(project: Project) -> None:
    project.push(1, {NAME: edited(5)})
    assert ask(project, "--fetch", "src").code == 1
    assert ask(project, "SRC/Main.rs").code == 1
    assert ask(project, ".").code == 1
    assert ask(project, "sr").code == 0


def test_landed_work_is_nobodys_any_more(project: Project) -> None:
    project.push(1, {NAME: edited(5)})
    project.remote.commit({}, merge=["feature/level-0-task-1"])
    assert ask(project, "--fetch", NAME).code == 0


@pytest.mark.parametrize("path", ["/etc/passwd", "../elsewhere"])
def test_a_path_outside_is_refused(project: Project, path: str) -> None:
    ended = ask(project, path)
    assert (ended.code, "is outside /" in ended.err) == (2, True)


def test_hostile_names_do_not_reach_the_terminal(project: Project) -> None:
    evil = "x\x1b[2J\n[red]\udcff"
    project.push(1, {evil: "one\n"})
    for _ in range(2):
        settle(project)
        ended = ask(project, *([] if kept(project) else ["--fetch"]), "--", evil)
        assert ended.code == 1
        assert "\x1b" not in ended.out
        assert ended.out.startswith("x\\x1b[2J\\n[red]\\udcff: task 1")


@pytest.mark.parametrize("rubbish", [b"", b"gitcoord-touched/1\0", b"\xff\0\0\0", b"gitcoord-touched/8\0x\0"])
def test_a_broken_record_is_written_anew(project: Project, rubbish: bytes) -> None:
    place = Path(check_file_fast.touched_path(str(project.work.path / ".git")))
    settle(project)
    ask(project, NAME)
    place.write_bytes(rubbish)
    assert ask(project, NAME).code == 0
    assert kept(project) == []


def test_without_a_plan_it_says_what_to_run(project: Project) -> None:
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    ended = ask(project, "--fetch", NAME)
    assert (ended.code, "gitcoord plan" in ended.err) == (2, True)


def test_the_quick_answer_imports_next_to_nothing(project: Project) -> None:
    settle(project)
    ask(project, NAME)
    code = (
        "import sys; before = set(sys.modules); from gitcoord.cli.main import main\n"
        f"assert main(['check-file', {NAME!r}]) == 0\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=project.work.path, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == [
        *(
            "gc",
            "gitcoord",
            "gitcoord.cli",
            "gitcoord.cli.check_file_fast",
            "gitcoord.cli.check_file_request",
            "gitcoord.cli.main",
            "gitcoord.cli.streams",
        )
    ]


def run_in(directory: Path, path: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "gitcoord", "check-file", path]
    return subprocess.run(command, cwd=directory, capture_output=True, check=False)
