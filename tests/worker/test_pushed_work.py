"""Work that an agent or a person pushed onto the base itself: it is there, and counts."""

from pathlib import Path

import pytest

from tests.support.cli import Ran
from tests.support.project import Project
from tests.support.tasklists import task

COMMIT = 'echo "$GITCOORD_TASK_ID" > "$GITCOORD_TASK_ID.txt"; git add .; git commit --quiet -m work'
PUSH = "git push --quiet origin HEAD:main"
WAYS = {
    "onto the base": f"{COMMIT} && {PUSH}",
    "after a rebase": (
        f"{COMMIT}; git fetch --quiet origin; git checkout --quiet -b aside origin/main; echo x > other.txt; "
        f"git add .; git commit --quiet -m other; {PUSH}; git checkout --quiet -; "
        f"git rebase --quiet aside && {PUSH}"
    ),
    "from a branch of its own": f"git checkout --quiet -b mine && {COMMIT} && {PUSH}",
}


def project_of_two(place: Path, strategy: str) -> Project:
    return Project.create(place / "project", [task(1), task(2, dependencies=[1])], strategy=strategy)


def agent(place: Path, *first: str) -> str:
    """An agent that does this for task 1, and only commits its work for the others."""
    script = place / "agent.sh"
    lines = "\n".join(first)
    script.write_text(f'if [ "$GITCOORD_TASK_ID" = 1 ]; then\n{lines}\nelse\n{COMMIT}\nfi\n')
    return f"sh {script}"


def run(project: Project, agent: str) -> Ran:
    return project.run("run", "--agent", agent, "--land", "--yes", "--retries", "0", "--json")


@pytest.mark.parametrize(
    ("way", "strategy"), list(zip(WAYS, ("multi-pr", "single-pr", "multi-pr"), strict=True))
)
def test_what_an_agent_pushed_onto_the_base_has_landed(way: str, strategy: str, tmp_path: Path) -> None:
    project = project_of_two(tmp_path, strategy)
    ran = run(project, agent(tmp_path, WAYS[way]))
    assert {unit["unit"]: unit["state"] for unit in ran.json["units"]} == {"1": "landed", "2": "landed"}
    assert {"1.txt", "2.txt"} <= set(project.remote.files("main"))
    assert "its work is already on main" in project.run("log", ok=0).out


def test_others_work_that_an_agent_only_fetched_is_not_its_own(tmp_path: Path) -> None:
    project = project_of_two(tmp_path, "multi-pr")
    other = project.desk.path.with_name("other")
    does = (
        f"git clone --quiet '{project.remote.path}' {other}; cd {other}; echo 1 > elsewhere; git add .;",
        "git commit --quiet -m elsewhere; git push --quiet; cd - > /dev/null;",
        "git pull --quiet origin main",
    )
    ran = run(project, agent(tmp_path, *does))
    assert {unit["unit"]: unit["state"] for unit in ran.json["units"]} == {"1": "failed", "2": "blocked"}
    assert "elsewhere" in project.remote.files("main")


def test_what_a_person_pushed_onto_the_base_is_handed_in_as_landed(tmp_path: Path) -> None:
    project = project_of_two(tmp_path, "single-pr")
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    worker.write({"1.txt": "1"})
    worker.repo.git("push", "--quiet", "origin", "HEAD:main")
    handed = worker.run("submit", "--json", ok=0).json
    assert handed["notes"] == ["its work is already on main: it was pushed there without a pull request"]
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "landed"
    project.worker("2").run("checkout", "2", ok=0)
