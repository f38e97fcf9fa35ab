"""Exported plans over several repositories: each unit clones its own, and levels land in all of them."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitcoord.export.actions_lint import lint_actions
from gitcoord.export.argo_lint import lint_argo
from gitcoord.export.python_file import lint_python
from tests.support.argo import ArgoDouble
from tests.support.cli import environment
from tests.support.container import SCRIPT
from tests.support.forked_command import command_directory
from tests.support.services import Services
from tests.support.tasklists import task

TASKS = [
    task(1, repo="schema"),
    task(2, repo="api"),
    task(3, repo="api, web"),
    task(4, repo="home", depends_on=[1, 3]),
]
AGENT = """\
if [ "$GITCOORD_REWORK" = 1 ]; then echo both > shared.txt; exit 0; fi
if [ "$(cat name.txt)" = api ]; then echo "$TASK_ID" > shared.txt; fi
mkdir -p work && echo "$TASK_ID" > "work/$TASK_ID.txt"
"""
STEPS = {
    "task-1-schema": [],
    "task-2-api": [],
    "task-3-api": [],
    "task-3-web": [],
    "land-level-0": ["task-1-schema", "task-3-api", "task-3-web", "task-2-api"],
    "task-4-home": ["land-level-0"],
    "land-level-1": ["task-4-home", "land-level-0"],
}


@pytest.fixture
def services(tmp_path: Path) -> Services:
    made = Services.create(tmp_path / "world", tasks=TASKS, planned=False)
    settings = made.home.path / "gitcoord.toml"
    web = '[repositories.web]\nat = "../web"\ntoken = "WEB_TOKEN"\n'
    settings.write_text(settings.read_text().replace('web = "../web"\n', "") + web)
    made.env["WEB_TOKEN"] = "t0ken"
    made.run("plan", "--strategy", "multi-pr", ok=0)
    made.home.git("add", "--all")
    made.home.git("commit", "--quiet", "-m", "The plan")
    made.home.git("push", "--quiet", "origin", "main")
    return made


def exported(services: Services, *words: str) -> Any:
    made = services.run("export", *words, "--agent", AGENT, "--json", ok=0)
    return made.json["workflow"]


def test_a_level_lands_in_all_repositories_when_argo_runs_the_plan(
    services: Services, tmp_path: Path
) -> None:
    (tmp_path / "pods").mkdir()
    path = os.pathsep.join((str(command_directory()), str(Path(sys.executable).parent), os.environ["PATH"]))
    given = {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache"), "WEB_TOKEN": "t0ken"}
    argo = ArgoDouble(tmp_path / "pods", environment(given))
    document = exported(services, "argo", "--image", "x")
    phase = argo.run(document)
    assert phase == "Succeeded", "\n".join(pod.output for pod in argo.pods if pod.code)
    files = {
        name: [path for path in services.remotes[name].files("main") if path.startswith("work/")]
        for name in services.remotes
    }
    assert files == {
        "home": ["work/4.txt"],
        "schema": ["work/1.txt"],
        "api": ["work/2.txt", "work/3.txt"],
        "web": ["work/3.txt"],
    }
    assert services.remotes["api"].read("main", "shared.txt") == "both"
    assert "4 of 4 tasks landed everywhere" in next(pod.output for pod in argo.pods if pod.name == "onExit")
    clones = {pod.name: pod.variables["REPOSITORY_URL"].rpartition("/")[2] for pod in argo.pods}
    assert clones["task-3-web"] == "web.git"
    assert clones["task-4-home"] == clones["land-level-0"] == "home.git"


@pytest.mark.parametrize("style", ["dag", "levels", "children"])
def test_each_style_of_argo_names_the_repository_of_a_unit_and_its_token(
    services: Services, style: str
) -> None:
    document = exported(
        services, "argo", "--image", "x", "--style", style, "--template", "play", "--secret", "github"
    )
    assert lint_argo(document) == []
    templates = {one["name"]: one for one in document["spec"]["templates"]}
    land = {one["name"]: one for one in templates["land"]["container"]["env"]}
    assert land["GITCOORD_REPOSITORIES"]["value"].split()[2] == (
        "web={{workflow.parameters.repository-url-web}}"
    )
    assert land["WEB_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "github", "key": "WEB_TOKEN"}
    if style == "children":
        assert "['repository-url-web']" in templates["child-web"]["resource"]["manifest"]
        return
    web = {one["name"]: one for one in templates["work-web"]["container"]["env"]}
    assert web["GH_TOKEN"]["valueFrom"]["secretKeyRef"]["key"] == "WEB_TOKEN"
    assert web["GITCOORD_ALONE"]["value"] == "1"
    if style == "dag":
        tasks = {one["name"]: one.get("depends", "") for one in templates["plan"]["dag"]["tasks"]}
        assert tasks == {
            name: " && ".join(f"{need}.Succeeded" for need in needs) for name, needs in STEPS.items()
        }
    else:
        [first, *_] = templates["plan"]["steps"]
        ids = {one["name"]: one["arguments"]["parameters"][0]["value"] for one in first}
        assert ids == {
            "level-0-turn-1-schema": '["1"]',
            "level-0-turn-1-api": '["3", "2"]',
            "level-0-turn-1-web": '["3"]',
        }


def test_airflow_prefect_and_actions_get_a_step_for_each_repository_of_a_unit(services: Services) -> None:
    for engine in ("airflow", "prefect"):
        program = exported(services, engine)["program"]
        assert lint_python(program) == []
        [steps] = [
            ast.literal_eval(one.value)
            for one in ast.parse(program).body
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "STEPS"
        ]
        assert {name: needs for name, _, needs in steps} == STEPS
        web = services.remotes["web"].path.as_uri()
        assert {name: values for name, values, _ in steps}["task-3-web"] == {
            "TASK_ID": "3",
            "MERGE": "0",
            "GITCOORD_ALONE": "1",
            "REPOSITORY_URL": web,
            "TOKEN_FROM": "WEB_TOKEN",
        }
        assert f"web={web}'" in program
    services.clones["api"].git("config", "remote.origin.url", "git@github.com:acme/api.git")
    ran = services.run("export", "actions", "--agent", "x", env={"WEB_TOKEN": "x"})
    assert ran.code in (2, 3)
    services.clones["api"].git("config", "remote.origin.url", services.remotes["api"].path.as_uri())
    ran = services.run("export", "actions", "--agent", "x")
    assert (ran.code, "own token reaches only the repository in which it runs" in ran.err) == (2, True)
    for style in ("tasks", "matrix"):
        document = exported(services, "actions", "--style", style, "--secret", "BOT")
        assert lint_actions(document) == []
    jobs = exported(services, "actions", "--secret", "BOT")["jobs"]
    assert {name: job.get("needs", []) for name, job in jobs.items()} == STEPS
    assert jobs["task-3-web"]["env"]["GH_TOKEN"] == "${{ secrets.WEB_TOKEN }}"
    assert jobs["task-3-api"]["env"]["GH_TOKEN"] == "${{ secrets.BOT }}"
    assert "api=file://" in jobs["land-level-0"]["env"]["GITCOORD_REPOSITORIES"]


def test_the_clone_of_one_repository_exports_its_part(services: Services) -> None:
    made = services.run("export", "prefect", "--agent", "x", at="web", ok=0)
    assert "('task-3', {'TASK_ID': '3', 'MERGE': '0'}, [])" in made.out
    assert "GITCOORD_REPOSITORIES" not in made.out


def test_a_container_of_the_home_repository_takes_a_task_to_its_own_and_lands_the_level(
    tmp_path: Path,
) -> None:
    services = Services.create(tmp_path / "world", tasks=[task(1, repo="web")], strategy="multi-pr")
    web = services.remotes["web"].path.as_uri()
    services.remotes["home"].commit({"gitcoord.toml": f'[repositories]\nweb = "{web}"\n'})
    path = os.pathsep.join((str(command_directory()), str(Path(sys.executable).parent), os.environ["PATH"]))
    given = {
        "PATH": path,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "WORKDIR": str(tmp_path / "work"),
        "REPOSITORY_URL": services.remotes["home"].path.as_uri(),
        "TASK_ID": "1",
        "EXECUTION_LEVEL": "0",
        "AGENT_COMMAND": "touch task1.txt",
    }
    ran = subprocess.run(
        ["bash", str(SCRIPT)], env=environment(given), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, services.added()["web"]) == (0, ["task1.txt"]), ran.stderr
