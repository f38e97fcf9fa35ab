"""Plans as GitHub Actions workflows: what they say, and what a check finds in them."""

import copy
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gitcoord.export.actions import actions_workflow
from gitcoord.export.actions_lint import lint_actions
from gitcoord.export.model import ActionsStyle, ExportOptions, exported
from gitcoord.export.yaml_file import dump, load
from tests.planning.lists import a_plan, a_subtask, a_task

OPTIONS = ExportOptions(
    repository_url="", agent="claude -p '${{ secrets.X }}'", minutes=45, parameters={"docs-branch": "main"}
)


def workflow(style: ActionsStyle, options: ExportOptions = OPTIONS) -> Any:
    parts = (a_subtask("4.1"), a_subtask("4.2", "4.1"))
    plan = a_plan([a_task(1), a_task(3), a_task(2, 1), a_task(4, 1, 2, subtasks=parts)])
    return actions_workflow(exported(plan), options, style)


def test_a_job_waits_for_the_landings_that_its_task_needs_and_a_matrix_for_its_level() -> None:
    jobs = workflow("tasks")["jobs"]
    assert {name: job.get("needs", []) for name, job in jobs.items()} == {
        "task-1": [],
        "land-1": ["task-1"],
        "task-3": [],
        "land-3": ["task-3"],
        "task-2": ["land-1"],
        "land-2": ["task-2", "land-1"],
        "task-4-1": ["land-1", "land-2"],
        "task-4-2": ["task-4-1", "land-1", "land-2"],
        "land-4": ["task-4-1", "task-4-2", "land-1", "land-2"],
    }
    jobs = workflow("matrix")["jobs"]
    assert [(name, job.get("needs", [])) for name, job in jobs.items()] == [
        ("level-0-turn-1", []),
        ("land-level-0", ["level-0-turn-1"]),
        ("level-1-turn-1", ["land-level-0"]),
        ("land-level-1", ["level-1-turn-1"]),
        ("level-2-turn-1", ["land-level-1"]),
        ("level-2-turn-2", ["level-2-turn-1"]),
        ("land-level-2", ["level-2-turn-2"]),
    ]
    assert jobs["level-0-turn-1"]["strategy"]["matrix"] == {"task": ["1", "3"]}


@pytest.mark.parametrize("style", ["tasks", "matrix"])
def test_a_workflow_has_no_fault_reads_back_the_same_and_evaluates_nothing_of_the_users(
    style: ActionsStyle,
) -> None:
    for options in (OPTIONS, msgspec.structs.replace(OPTIONS, secret="AGENT_TOKEN")):
        document = workflow(style, options)
        assert lint_actions(document) == []
        [read] = load(dump(document))
        assert read == document
        env = next(iter(document["jobs"].values()))["env"]
        assert env["AGENT_COMMAND"] == "claude -p '${{ '${{' }} secrets.X }}'"
        assert env["DOCS_BRANCH"] == "main"


def test_a_level_of_more_than_a_matrix_takes_is_split() -> None:
    plan = a_plan([a_task(number) for number in range(1, 301)])
    jobs: Any = actions_workflow(exported(plan), OPTIONS, "matrix")["jobs"]
    sizes = [len(job["strategy"]["matrix"]["task"]) for job in jobs.values() if "strategy" in job]
    assert (sizes, jobs["land-level-0"]["needs"]) == ([256, 44], ["level-0-turn-1", "level-0-turn-1-1"])


FAULTS: dict[str, Callable[[Any], object]] = {
    "an unknown job": lambda jobs: jobs["task-2"].update(needs=["land-9"]),
    "a cycle": lambda jobs: jobs["task-1"].update(needs=["land-2"]),
    "no permissions": lambda jobs: jobs["task-1"].pop("permissions"),
    "no runner": lambda jobs: jobs["task-1"].pop("runs-on"),
    "no steps": lambda jobs: jobs["task-1"].pop("steps"),
    "a misspelt field": lambda jobs: jobs["task-1"].update({"timeout": 5}),
    "a misspelt field of a step": lambda jobs: jobs["task-1"]["steps"][0].update(command="x"),
    "a step that does nothing": lambda jobs: jobs["task-1"]["steps"][0].pop("run"),
    "an expression in a command": lambda jobs: jobs["task-1"]["steps"][0].update(
        run="echo ${{ github.actor }}"
    ),
    "a name that is none": lambda jobs: jobs.update({"1": jobs["task-1"]}),
    "a matrix that is too large": lambda jobs: jobs["task-1"].update(
        strategy={"matrix": {"task": [str(number) for number in range(257)]}}
    ),
    "too large a file": lambda jobs: jobs["task-1"].update(name="x" * 500_000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    document = copy.deepcopy(workflow("tasks"))
    FAULTS[fault](document["jobs"])
    assert len(lint_actions(document)) >= 1
    assert lint_actions(json.loads(json.dumps(workflow("tasks")))) == []
