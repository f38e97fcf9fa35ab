"""The project's own template around prompts: filled in, in its sandbox, and refused before work begins."""

from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.planning.model import PlannedTask
from gitcoord.tasks.model import Task, TaskId
from gitcoord.worker.attempt.prompt.markdown import Brief, whole_prompt
from gitcoord.worker.attempt.prompt.template import read_template, wrapped_prompt
from gitcoord.worker.unit import WorkUnit
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker_kept import shell

ID = TaskId("1")
EVIL = "{{ 7 * 7 }} {% for one in x %} {{ ''.__class__.__mro__ }}"
FACTS = {"base": "main", "level": "level-0"}


def brief(title: str = "Title") -> Brief:
    planned = PlannedTask(id=ID, title=title, branch="feature/1", level=0, wave=1, modifies=("src/**",))
    return Brief(
        unit=WorkUnit(id=ID, task=planned, branch="feature/1"),
        task=Task(id=ID, title=title, details=EVIL),
        check="make test",
    )


def test_a_template_wraps_the_prompt_and_text_of_tasks_is_data_for_it(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text(
        "Read AGENTS.md.\n{{ prompt }}\n"
        "{% if modifies %}Only {{ modifies | join(', ') }} of {{ id }} at {{ level }}, {{ wave }}."
        "{% endif %}\n"
    )
    template = read_template(tmp_path, "own.md")
    one = brief(EVIL)
    text = wrapped_prompt(one, template, FACTS)
    assert text == f"Read AGENTS.md.\n{whole_prompt(one)}\nOnly src/** of 1 at level-0, 1.\n"
    assert EVIL in text
    assert wrapped_prompt(one, read_template(tmp_path, ""), FACTS) == whole_prompt(one)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{{ prompt", "cannot be read in line 1"),
        ("{{ prompt }}\n{% endif %}", "cannot be read in line 2"),
        ("{{ prompt }} {{ budget }}", "uses unknown names: budget"),
        ("{{ heading }}", "does not say what the task is"),
        ("{% include 'other' %}{{ prompt }}", "cannot be filled in"),
        ("{{ prompt.__class__.__mro__ }}", r"cannot be filled in: .* is unsafe\.$"),
        ("{{ prompt }}{% for n in range(10 ** 9) %}{% endfor %}", "cannot be filled in"),
        ("{{ prompt / 0 }}", "cannot be filled in"),
        ("{{ modifies.append(1) }}{{ prompt }}", "cannot be filled in"),
        # Beyond what there is: memory, time (computed while it is read), the length of a prompt.
        ("{{ prompt }}{{ 'x' * 10**9 }}", "cannot be filled in: it needs more than 512 MB of memory"),
        ("{{ prompt }}{{ 10 ** (10 ** 9) }}", "cannot be read: it needs more than 2 s, or 512 MB"),
        ("{{ prompt }}{{ id | center(5 * 10**6) }}", "cannot be filled in: the prompt would have more"),
    ],
)
def test_what_is_wrong_with_a_template_is_one_error(text: str | None, why: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "own.md").write_text(text)
    with pytest.raises(GitcoordError, match=f"The template own.md {why}") as failure:
        wrapped_prompt(brief(), read_template(tmp_path, "own.md"), FACTS)
    assert (failure.value.code, failure.value.exit) == ("bad-template", Exit.USAGE)


def test_an_agent_gets_what_the_template_makes_and_nothing_is_claimed_for_a_broken_one(
    tmp_path: Path,
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    desk = project.desk.path
    (desk / "gitcoord.toml").write_text("[run]\nprompt = 'own.md'\n")
    before = project.remote.refs()
    assert "own.md cannot be read" in shell(project, "true", ok=2)
    assert "own.md cannot be read" in project.run("run", "--agent", "true", "--yes", ok=2).err
    assert project.remote.refs() == before
    (desk / "own.md").write_text("For {{ branch }}:\n{{ prompt }}")
    assert project.run("prompt", "1", ok=0).out.startswith("For feature/level-0-task-1:\n# Task 1: ")
    shell(project, "cat > work")
    got = project.remote.read("feature/level-0-task-1", "work")
    assert got.startswith("For feature/level-0-task-1:\n# Task 1: ")
