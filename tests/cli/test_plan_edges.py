"""`gitcoord plan` at its edges: outside a repository, hostile and huge lists, wrong usage, start-up."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.plan_shell import DIAMOND, PLAN_REF, Shell, diamond
from tests.support.cli import gitcoord
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def project(tmp_path: Path) -> tuple[Repo, Repo]:
    return diamond(tmp_path)


@pytest.fixture
def shell(project: tuple[Repo, Repo], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(project[1].path, capsys)


@pytest.fixture
def outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    directory = tmp_path / "outside"
    directory.mkdir()
    return Shell(directory, capsys)


def test_eighty_columns_are_enough(project: tuple[Repo, Repo]) -> None:
    long = [task(n, title="A very long title " * 9, depends_on=list(range(n))) for n in range(40)]
    write_tasks(project[1].path, long)
    ended = gitcoord("plan", "--token-budget", "100000", cwd=project[1].path, env={"COLUMNS": "80"}, ok=0)
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "A very long title" in ended.out


def test_outside_a_repository_a_given_list_is_planned_and_not_saved(
    outside: Shell, project: tuple[Repo, Repo]
) -> None:
    path = project[1].path / ".taskmaster/tasks/tasks.json"
    ended = outside.plan("--tasks", str(path), "--json")
    assert ended.code == 0
    assert ended.json["saved"] is False
    assert [warning["code"] for warning in ended.json["warnings"]] == ["not-saved"]
    assert "[not-saved]" in ended.err
    assert [file.name for file in outside.directory.iterdir()] == []


def test_outside_a_repository_without_a_list_there_is_nothing_to_plan(outside: Shell) -> None:
    ended = outside.plan("--json")
    assert (ended.code, ended.json["code"]) == (2, "no-task-list")


def test_a_list_can_come_from_standard_input(outside: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"master": {"tasks": DIAMOND}}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert outside.plan("--tasks", "-", "--format", "levels").out == "[[1],[2,3],[4]]\n"


def test_a_base_that_does_not_exist_is_an_error(shell: Shell) -> None:
    ended = shell.plan("--base", "--upload-pack=x", "--json")
    assert (ended.code, ended.json["code"]) == (2, "no-such-base")


@pytest.mark.parametrize(
    "arguments", [["--max-parallel", "0"], ["--token-budget", "x"], ["--format", "pdf"], ["--nonsense"]]
)
def test_wrong_usage_is_one_sentence(shell: Shell, arguments: list[str]) -> None:
    ended = shell.plan(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert "See `gitcoord plan --help`" in ended.err
    assert "Traceback" not in ended.err


def test_hostile_titles_reach_neither_the_terminal_nor_the_markup(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    title = '"; rm -rf ~ #[/red]\x1b[2J'
    write_tasks(project[1].path, [task(1, title=title)])
    ended = shell.plan()
    assert "[/red]" in ended.out
    assert "\x1b" not in ended.out
    for format in ("mermaid", "dot", "json"):
        assert "\x1b" not in shell.plan("--format", format).out


def test_an_id_that_makes_no_branch_is_refused_and_nothing_is_saved(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    write_tasks(project[1].path, [task("x")])
    (project[1].path / "gitcoord.toml").write_text('task-branch = "-{task}"')
    ended = shell.plan("--json")
    assert (ended.code, ended.json["code"]) == (2, "bad-branch-name")
    write_tasks(project[1].path, [task("../../x")])
    assert shell.plan().code == 2
    assert PLAN_REF not in project[0].refs()


def test_five_thousand_tasks_and_a_long_chain_do_not_flood_the_screen(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    write_tasks(project[1].path, [task(number) for number in range(5000)])
    ended = shell.plan("--dry-run")
    assert "… and 4,990 more" in ended.out
    assert len(ended.out.splitlines()) < 40
    write_tasks(project[1].path, [task(n, depends_on=[n - 1] if n else []) for n in range(3000)])
    assert "… and 2,940 more levels" in shell.plan("--dry-run").out


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["plan"], ["plan", "--json"]])
def test_planning_loads_neither_pygit2_nor_pygithub(project: tuple[Repo, Repo], arguments: list[str]) -> None:
    program = (
        "import sys; from gitcoord.cli.main import main; code = main(sys.argv[1:]);"
        "sys.stderr.write(repr([int(code), *sorted({'pygit2', 'github'} & set(sys.modules))]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=project[1].path, capture_output=True, text=True
    )
    assert ended.stderr.endswith("[0]")
