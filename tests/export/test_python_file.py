"""Plans as programs for Airflow and Prefect: what they say, and what a check finds in them."""

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitcoord.export.model import ExportOptions, exported
from gitcoord.export.python_file import PythonEngine, lint_python, python_program
from tests.planning.lists import a_plan, a_subtask, a_task
from tests.support.engines import asked_for

OPTIONS = ExportOptions(
    repository_url="https://example.org/it's.git",
    agent='claude -p "{{ hostile }}" \'"""\'',
    minutes=45,
    parallelism=3,
    parameters={"docs-branch": "main"},
)
ENGINES: tuple[PythonEngine, ...] = ("airflow", "prefect")


def program(engine: PythonEngine, *more: str) -> str:
    parts = (a_subtask("4.1"), a_subtask("4.2", "4.1"))
    tasks = [a_task(1), a_task(3), a_task(2, 1), a_task(4, 1, 2, subtasks=parts), *map(a_task, more)]
    return python_program(engine, exported(a_plan(tasks)), OPTIONS)


def data_of(text: str) -> dict[str, Any]:
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id.isupper()
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_waits_for_the_landings_that_its_task_needs_and_comes_after_them(engine: PythonEngine) -> None:
    data = data_of(program(engine))
    assert {name: needs for name, _, needs in data["STEPS"]} == {
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
    names = [name for name, _, _ in data["STEPS"]]
    assert all(names.index(need) < names.index(name) for name, _, needs in data["STEPS"] for need in needs)
    values = {name: values for name, values, _ in data["STEPS"]}
    assert values["task-4-1"] == {"TASK_ID": "4.1", "MERGE": "0"}
    assert values["land-4"] == {"STEP": "land", "TASK_ID": "4"}
    assert data["MOST"] == 3
    assert data["ENVIRONMENT"] == {
        "REPOSITORY_URL": OPTIONS.repository_url,
        "AGENT_COMMAND": OPTIONS.agent,
        "WORKER_OPTIONS": "--timeout 45m",
        "DOCS_BRANCH": "main",
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_a_check_finds_what_was_changed_wrongly(engine: PythonEngine) -> None:
    text = program(engine, "x'y")
    assert lint_python(text) == []
    faults = {
        "STEPS: task-2 depends on land-9, which does not exist": text.replace("['land-1']", "['land-9']"),
        "STEPS: these wait for each other: task-1 -> land-1 -> task-1": text.replace(
            "'1', 'MERGE': '0'}, []", "'1', 'MERGE': '0'}, ['land-1']"
        ),
        "STEPS: two steps have the same name": text.replace("('task-3',", "('task-1',"),
        "line 3: is not Python": "\n\n)",
        ": has no list STEPS, or several": text.replace("STEPS = [", "STEP = ["),
        "line 1: STEPS is not a list of (name, variables, needs)": "STEPS = [name for name in ()]",
        ": is not Python": "\0",
    }
    for told, changed in faults.items():
        assert told in [f"{one.where}: {one.message}" for one in lint_python(changed)], told


@asked_for("prefect")
@pytest.mark.skipif(importlib.util.find_spec("prefect") is None, reason="prefect is not installed")
def test_prefect_takes_the_program(tmp_path: Path) -> None:
    file = tmp_path / "plan.py"
    file.write_text(program("prefect"))
    assert runpy.run_path(str(file))["plan"].name == "gitcoord plan"


@asked_for("airflow")
@pytest.mark.skipif(importlib.util.find_spec("airflow") is None, reason="airflow is not installed")
def test_airflow_takes_the_program(tmp_path: Path) -> None:
    (tmp_path / "plan.py").write_text(program("airflow"))
    home = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"}
    ask = (
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(tmp_path)!r}, include_examples=False)\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "dag = bag.dags['gitcoord_plan']\n"
        "print(sorted(dag.task_dict['land-4'].upstream_task_ids))\n"
    )
    asked = subprocess.run([sys.executable, "-c", ask], env=home, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.splitlines()[-1] == "['land-1', 'land-2', 'task-4-1', 'task-4-2']"
