"""What a worker is told of its task: the plan's words, wherever it works, and which words win."""

import shutil
from pathlib import Path

import pytest

from tests.support.project import Project, Worker
from tests.support.tasklists import task, write_tasks

LOGIN = task(
    1,
    title="Login",
    description="People sign in",
    details="With a password",
    testStrategy="Click through it",
    subtasks=[{"id": 1, "title": "Form", "details": "Two fields", "status": "pending"}],
)
LOGOUT = task(2, title="Logout", details="A button")
AGENT = ("--shell", "--agent", 'cp "$GITCOORD_PROMPT_FILE" prompt.md')


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path, [LOGIN, LOGOUT])


def prompt_of(project: Project, unit: str, *options: str) -> str:
    """What the agent of `unit` is told by a worker in a clone without the task list, except by `options`."""
    worker = project.worker(unit)
    worker.run("worker", unit, *AGENT, *options, ok=0)
    branch = f"feature/level-0-task-{unit.partition('.')[0]}"
    return project.remote.read(branch, "prompt.md")


def log_of(worker: Worker) -> str:
    return worker.run("logs", worker.id, ok=0).out


def test_a_clone_without_the_task_list_has_the_whole_prompt(project: Project) -> None:
    prompt = prompt_of(project, "1.1")
    for words in (
        "# Subtask 1.1: Form",
        "Two fields",
        "People sign in",
        "With a password",
        "Click through it",
    ):
        assert words in prompt


def test_waves_that_are_saved_keep_the_words(project: Project) -> None:
    project.worker("1.1").run("worker", "1.1", *AGENT, ok=0)
    project.run("check-conflicts", "level-0", "--save")
    assert "A button" in prompt_of(project, "2")


def test_the_plan_wins_over_a_list_that_differs(project: Project) -> None:
    worker = project.worker("2")
    write_tasks(worker.repo.path, [LOGIN, task(2, title="Logout", details="A menu")])
    assert "A button" in prompt_of(project, "2")
    assert "differs from the plan's, which is used" in log_of(worker)


def test_a_list_that_is_named_wins_over_the_plan(project: Project) -> None:
    path = write_tasks(project.worker("2").repo.path, [LOGIN, task(2, title="Logout", details="A menu")])
    shutil.move(path, path.with_name("mine.json"))
    assert "A menu" in prompt_of(project, "2", "--tasks", str(path.with_name("mine.json")))


def test_another_task_in_place_of_one_that_was_begun_stops_the_worker(project: Project) -> None:
    prompt_of(project, "2")
    worker = project.worker("2")
    write_tasks(worker.repo.path, [LOGIN, task(2, title="Invoices", details="As PDF")])
    ended = worker.run("worker", "2", *AGENT)
    assert ended.code == 2
    assert "'Logout' is 'Invoices' now" in ended.err


def test_very_long_texts_are_cut_in_the_plan_and_whole_in_the_list(tmp_path: Path) -> None:
    long = task(1, details="word " * 20_000 + "end")
    project = Project.create(tmp_path, [long, task(2)])
    prompt = prompt_of(project, "1")
    assert "cut here" in prompt
    assert len(prompt) < 40_000
    project.run("worker", "1", "--dry-run")
    write_tasks(project.worker("2").repo.path, [long, task(2)])
    assert int(project.remote.git("cat-file", "-s", "refs/gitcoord/plan:texts.json.gz")) < 1_000


def test_a_text_that_changes_is_saved(project: Project) -> None:
    before = project.remote.refs()["refs/gitcoord/plan"]
    project.run("plan", ok=0)
    assert project.remote.refs()["refs/gitcoord/plan"] == before
    write_tasks(project.desk.path, [LOGIN, task(2, title="Logout", details="A menu")])
    project.run("plan", ok=0)
    assert "A menu" in prompt_of(project, "2")
