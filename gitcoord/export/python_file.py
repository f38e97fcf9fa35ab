"""The plan as a Python program for Airflow 3 or Prefect 3: a list of steps, and code that runs them.

https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html and
https://docs.prefect.io/v3/develop/write-tasks describe the functions that the programs call.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Literal

from gitcoord.export.actions import AGAIN
from gitcoord.export.findings import ExportFinding, needs_faults
from gitcoord.export.model import ExportedPlan, ExportOptions, variable
from gitcoord.export.steps import ExportedStep, addresses, steps_of, variables_of

PythonEngine = Literal["airflow", "prefect"]

_HEAD = '''\
"""A plan for {engine}, written by `gitcoord export {engine}`. Export it again when the plan changes.

Workers need git, bash, gitcoord and the agent, and GH_TOKEN in their environment if the remote is on GitHub.
"""
'''

_AIRFLOW = '''\
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


class Step(BashOperator):
    """Runs the start script of a worker. Airflow renders nothing in it: task ids are plain text."""

    template_fields = ()


with DAG(dag_id="gitcoord_plan", schedule=None, catchup=False, max_active_tasks=MOST, max_active_runs=1):
    made = {
        name: Step(
            task_id=name,
            bash_command=SCRIPT,
            env={**ENVIRONMENT, **values},
            append_env=True,
            retries=1,
            retry_delay=timedelta(seconds=30),
        )
        for name, values, needs in STEPS
    }
    for name, values, needs in STEPS:
        made[name].set_upstream([made[need] for need in needs])
'''

_PREFECT = '''\
import os
import subprocess
import threading

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

_slots = threading.BoundedSemaphore(MOST)


@task(retries=1, retry_delay_seconds=30)
def step(values):
    """Runs the start script of a worker."""
    with _slots:
        subprocess.run(["bash", "-c", SCRIPT], env={**os.environ, **ENVIRONMENT, **values}, check=True)


@flow(name="gitcoord plan", task_runner=ThreadPoolTaskRunner(max_workers=len(STEPS) + 1))
def plan():
    """Runs every step as soon as the steps that it needs have succeeded."""
    made = {}
    for name, values, needs in STEPS:
        made[name] = step.with_options(name=name, task_run_name=name).submit(
            values, wait_for=[made[need] for need in needs]
        )
    return list(made.values())


if __name__ == "__main__":
    plan()
'''
_PROGRAMS: Mapping[PythonEngine, str] = {"airflow": _AIRFLOW, "prefect": _PREFECT}


def python_program(engine: PythonEngine, plan: ExportedPlan, options: ExportOptions) -> str:
    """Returns the program that runs the complete plan; a unit starts when its dependencies have landed."""
    environment = {"REPOSITORY_URL": options.repository_url, "AGENT_COMMAND": options.agent}
    if options.minutes is not None:
        environment["WORKER_OPTIONS"] = f"--timeout {options.minutes}m"
    environment |= addresses({name: given.url for name, given in options.repositories.items()})
    environment |= {variable(name): value for name, value in options.parameters.items()}
    data = [
        f"MOST = {options.parallelism or plan.most}",
        f"SCRIPT = {AGAIN!r}",
        "ENVIRONMENT = {",
        *(f"    {name!r}: {value!r}," for name, value in environment.items()),
        "}",
        "# Each step: its name, variables for the worker, and the steps that have to succeed before it.",
        "STEPS = [",
        *(f"    {_literal(step, options)!r}," for step in steps_of(plan)),
        "]",
    ]
    parts = (_HEAD.format(engine=engine).rstrip(), "\n".join(data), _PROGRAMS[engine].rstrip())
    return "\n\n".join(parts) + "\n"


def lint_python(text: str) -> list[ExportFinding]:
    """Returns the errors in a program that `python_program` returned and somebody may have changed."""
    try:
        program = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        where = f"line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return [ExportFinding(where=where, message="is not Python")]
    found = [value for name, value in _assigned(program) if name == "STEPS"]
    if len(found) != 1:
        return [ExportFinding(where="", message="has no list STEPS, or several")]
    try:
        steps = ast.literal_eval(found[0])
        needs = {str(name): [str(need) for need in needed] for name, _, needed in steps}
    except (ValueError, TypeError):
        where = f"line {found[0].lineno}"
        return [ExportFinding(where=where, message="STEPS is not a list of (name, variables, needs)")]
    twice = len(needs) < len(steps)
    return [
        *([ExportFinding(where="STEPS", message="two steps have the same name")] if twice else []),
        *needs_faults(needs, "STEPS"),
    ]


def _literal(step: ExportedStep, options: ExportOptions) -> tuple[str, dict[str, str], list[str]]:
    return step.name, {**step.values, **variables_of(options, step.repository)}, list(step.needs)


def _assigned(program: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yields each name that the program assigns at its top level, with its value."""
    for statement in program.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
