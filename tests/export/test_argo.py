"""Plans as Argo Workflows: what they say, what a check finds in them, and what they do when they are run."""

import copy
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitcoord.export.argo import argo_workflow
from gitcoord.export.argo_lint import lint_argo
from gitcoord.export.model import ExportOptions, exported, exported_name
from gitcoord.export.yaml_file import dump, load
from tests.planning.lists import a_plan, a_subtask, a_task
from tests.support.argo import ArgoDouble
from tests.support.cli import environment, gitcoord
from tests.support.forked_command import command_directory
from tests.support.project import Project
from tests.support.tasklists import task

OPTIONS = ExportOptions(
    repository_url="https://github.com/acme/app.git",
    agent='claude -p "it\'s $HOME"',
    image="ghcr.io/acme/agent:1",
    minutes=45,
    cpu="2",
    memory="4Gi",
    secret="github",
    template="play-workflow-template",
    parameters={"docs-branch": "main"},
)
STYLES = ("dag", "levels", "children")


def four_tasks() -> dict[str, Any]:
    """Tasks 1 and 3, then 2 after 1, then 4 after both, with subtasks."""
    parts = (a_subtask("4.1"), a_subtask("4.2", "4.1"))
    plan = a_plan([a_task(1), a_task(3), a_task(2, 1), a_task(4, 1, 2, subtasks=parts)])
    return {style: argo_workflow(exported(plan), OPTIONS, style) for style in STYLES}  # type: ignore[arg-type]


def test_each_style_is_what_its_own_check_and_a_round_trip_accept() -> None:
    for style, document in four_tasks().items():
        assert lint_argo(document) == [], style
        assert load(dump(document)) == [document], style
        text = json.dumps(document)
        assert ("secretKeyRef" in text, "play-workflow-template" in text) == (True, style == "children")


def test_work_begins_when_what_it_needs_has_landed_and_no_level_is_waited_for() -> None:
    tasks = {
        one["name"]: one.get("depends", "")
        for one in four_tasks()["dag"]["spec"]["templates"][0]["dag"]["tasks"]
    }
    assert tasks == {
        "task-1": "",
        "land-1": "task-1.Succeeded",
        "task-3": "",
        "land-3": "task-3.Succeeded",
        "task-2": "land-1.Succeeded",
        "land-2": "task-2.Succeeded && land-1.Succeeded",
        "task-4-1": "land-1.Succeeded && land-2.Succeeded",
        "task-4-2": "task-4-1.Succeeded && land-1.Succeeded && land-2.Succeeded",
        "land-4": "task-4-1.Succeeded && task-4-2.Succeeded && land-1.Succeeded && land-2.Succeeded",
    }


def test_names_are_what_kubernetes_takes_and_never_the_same_for_two_ids() -> None:
    ids = ["3", "3.1", "3-1", "a b", "a-b", "a_b", "ä", "..", "x" * 80, "x" * 81, "", "A"]
    names = [exported_name("task", id) for id in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(len(name) <= 63 and name.replace("-", "").isalnum() and name.isascii() for name in names)


FAULTS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a field of a step that only templates have": (
        "levels",
        lambda spec: spec["templates"][0]["steps"][0][0].update(parallelism=2),
    ),
    "a misspelt field": ("dag", lambda spec: spec["templates"][1].update(retryStrategie={})),
    "a misspelt field of the retries": (
        "dag",
        lambda spec: spec["templates"][1]["retryStrategy"].update(policy="Always"),
    ),
    "an unknown template": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][0].update(template="wrok"),
    ),
    "an unknown dependency": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][0].update(depends="task-9.Succeeded"),
    ),
    "an unknown outcome": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][1].update(depends="task-1.Succeded"),
    ),
    "a cycle": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][0].update(depends="land-1.Succeeded"),
    ),
    "both ways to depend": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][1].update(dependencies=["task-1"]),
    ),
    "a missing parameter": ("dag", lambda spec: spec["templates"][0]["dag"]["tasks"][0].pop("arguments")),
    "an undeclared parameter": ("dag", lambda spec: spec["arguments"]["parameters"].pop(0)),
    "two kinds in a template": ("dag", lambda spec: spec["templates"][1].update(steps=[])),
    "two templates of one name": (
        "dag",
        lambda spec: spec["templates"].append(copy.deepcopy(spec["templates"][1])),
    ),
    "a name that is none": (
        "dag",
        lambda spec: spec["templates"][0]["dag"]["tasks"][0].update(name="task 1"),
    ),
    "an undeclared parameter of a child": (
        "children",
        lambda spec: spec["arguments"]["parameters"].pop(2),
    ),
    "no entry point": ("dag", lambda spec: spec.update(entrypoint="main")),
    "a mutex of an old version": (
        "dag",
        lambda spec: spec["templates"][2].update(synchronization={"mutex": {"name": "x"}}),
    ),
    "a child that nobody waits for": (
        "children",
        lambda spec: spec["templates"][2]["resource"].pop("successCondition"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    style, plant = FAULTS[fault]
    document = copy.deepcopy(four_tasks()[style])
    plant(document["spec"])
    assert lint_argo(document) != []


def test_heras_models_read_every_style_and_write_the_same() -> None:
    hera = pytest.importorskip("hera.workflows.models", reason="Hera is not installed: pip install hera")
    for document in four_tasks().values():
        read = hera.Workflow.model_validate(document)
        assert json.loads(read.model_dump_json(exclude_none=True, by_alias=True)) == document


PATH = os.pathsep.join((str(command_directory()), str(Path(sys.executable).parent), os.environ["PATH"]))

# --- Run ------------------------------------------------------------------------------------------------

AGENT = """\
if [ "$GITCOORD_REWORK" = 1 ]; then echo both > src/main.rs; exit 0; fi
case $TASK_ID in
  1 | 2) echo "$TASK_ID" > src/main.rs ;;
  5) exit 65 ;;
esac
mkdir -p work && ls work > "work/$TASK_ID.txt"
"""


def run(tmp_path: Path, style: str, *tasks: dict[str, Any]) -> tuple[Project, ArgoDouble, str]:
    project = Project.create(tmp_path, list(tasks), strategy="multi-pr")
    made = project.run(
        "export",
        "argo",
        "--style",
        style,
        "--image",
        "x",
        "--agent",
        AGENT,
        "--template",
        "play",
        "--json",
        ok=0,
    )
    document = made.json["workflow"]
    (tmp_path / "pods").mkdir()
    argo = ArgoDouble(tmp_path / "pods", environment({"PATH": PATH}))
    work = four_tasks()["levels"]["spec"]["templates"][2]
    parameters = [{"name": name} for name in ("task-id", "level-id", "repository-url", "agent-command")]
    own = json.loads(json.dumps(work).replace("inputs.parameters.task-id", "workflow.parameters.task-id"))
    own.pop("inputs")
    own["container"]["env"] = [
        one for one in own["container"]["env"] if one["name"] not in ("GH_TOKEN", "DOCS_BRANCH")
    ]
    argo.templates["play"] = {
        "entrypoint": "work",
        "arguments": {"parameters": parameters},
        "templates": [own],
    }
    return project, argo, argo.run(document)


def test_a_plan_that_argo_runs_lands_with_a_conflict_resolved_and_a_failure_named(tmp_path: Path) -> None:
    subtasks = [task(1), task(2, depends_on=[1])]
    tasks = (task(1), task(2), task(3, depends_on=[1], subtasks=subtasks), task(5), task(6, depends_on=[5]))
    project, argo, phase = run(tmp_path, "dag", *tasks)
    assert phase == "Failed"
    assert {name for name, how in argo.nodes.items() if how != "Succeeded"} == {
        *("task-5", "land-5", "task-6", "land-6", "plan")
    }
    assert project.remote.read("main", "src/main.rs") == "both"
    assert "1.txt" in project.remote.read("main", "work/3.1.txt")
    assert "3.1.txt" in project.remote.read("main", "work/3.2.txt")
    said = "".join(pod.output for pod in argo.pods if pod.name == "onExit")
    assert "3 of 5 tasks landed" in said


def test_children_are_waited_for_and_a_failed_one_stops_no_sibling(tmp_path: Path) -> None:
    project, argo, phase = run(tmp_path, "children", task(1), task(3), task(5), task(4, depends_on=[1]))
    assert phase == "Failed"
    assert argo.nodes["land-level-0"] == "Failed"
    assert "land-level-1" not in argo.nodes
    assert {name for name in project.remote.files("main") if name.startswith("work/")} == {
        "work/1.txt",
        "work/3.txt",
    }
    # What failed is mended, and the same file is submitted again: what has landed is not done twice.
    before = len(argo.pods)
    document = project.run(
        *("export", "argo", "--style", "children", "--image", "x", "--template", "play", "--json"),
        *("--agent", 'mkdir -p work && echo again > "work/$TASK_ID.txt"'),
        ok=0,
    ).json["workflow"]
    project.run("retry", "5", ok=0)
    assert argo.run(document) == "Succeeded"
    assert project.remote.read("main", "work/5.txt") == "again"
    assert "5.txt" not in project.remote.read("main", "work/3.txt")
    assert [pod.code for pod in argo.pods[before:]] == [0] * (len(argo.pods) - before)


def test_what_is_asked_for_wrongly_is_said_in_one_sentence(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1)])
    for words, told in (
        (("argo", "--agent", "x"), "Argo needs an image"),
        (("argo", "--style", "matrix", "--image", "x"), "argo has no style matrix"),
        (("argo", "--image", "x"), "There is no agent"),
        (("argo", "--image", "x", "--agent", "x", "--param", "a b=c"), "is not NAME=VALUE"),
        (("argo", "--style", "children", "--image", "x", "--agent", "x"), "need the name of their template"),
        (("argo", "--check", "nowhere.yaml"), "nowhere.yaml cannot be read"),
    ):
        assert told in project.run("export", *words, ok=2).err
    file = tmp_path / "plan.yaml"
    written = project.run("export", "argo", "--image", "x", "--agent", "é", "-o", str(file), ok=0)
    assert f"{file.stat().st_size} bytes" in written.err
    project.desk.git("remote", "set-url", "origin", "https://me:s3cret@example.com/app.git")
    made = gitcoord(
        *("export", "argo", "--image", "x", "--agent", "x", "--url", "u", "-o", str(file)),
        cwd=project.desk.path,
    )
    assert made.code == 3  # the remote cannot be asked
    file.write_text("a: [")
    assert "is not YAML" in project.run("export", "argo", "--check", str(file), ok=2).err
    file.write_bytes(b"# caf\xe9")
    assert "is not UTF-8" in project.run("export", "airflow", "--check", str(file), ok=2).err
