"""The three cases that everything else builds on, from the plan to the base, as workers do them."""

from pathlib import Path

import pytest

from tests.support.project import MAIN, Project
from tests.support.tasklists import task

STRATEGIES = ("single-pr", "multi-pr")


def landed(project: Project, *arguments: str, ok: int = 0) -> list[str]:
    """The tasks of a level that are in the base after merge-level."""
    report = project.run("merge-level", *arguments, "--json", ok=ok).json
    return sorted(one["task"] for one in report["landed"])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_independent_tasks_are_one_wave_and_both_land(tmp_path: Path, strategy: str) -> None:
    project = Project.create(tmp_path, [task(1), task(2)], strategy=strategy)
    assert project.run("plan", "--format", "waves").out == "[[1,2]]\n"
    for id in ("1", "2"):
        assert project.worker(id).do({f"{id}.txt": id}).code == 0
    conflicts = project.run("check-conflicts", "level-0", "--json", ok=0).json
    assert conflicts["waves"] == [["1", "2"]]
    assert landed(project, "level-0") == ["1", "2"]
    assert {"1.txt", "2.txt"} <= set(project.remote.files("main"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_graph_of_three_levels_lands_level_by_level(tmp_path: Path, strategy: str) -> None:
    graph = [task(1), task(2, depends_on=[1]), task(3, depends_on=[1]), task(4, depends_on=[2, 3])]
    project = Project.create(tmp_path, graph, strategy=strategy)
    assert project.run("plan", "--format", "levels").out == "[[1],[2,3],[4]]\n"
    early = project.worker("4").run("checkout", "4", ok=1)
    assert "depends on tasks 2, 3, not landed yet" in early.err
    for level, ids in enumerate((["1"], ["2", "3"], ["4"])):
        for id in ids:
            assert project.worker(id).do({f"{id}.txt": id}).code == 0
        assert landed(project, f"level-{level}") == ids
    assert {f"{id}.txt" for id in "1234"} <= set(project.remote.files("main"))
    assert project.run("status", "--json", ok=0).json["progress"]["percent"] == 100


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_tasks_in_the_same_lines_are_found_serialised_and_both_land(
    tmp_path: Path, strategy: str
) -> None:
    project = Project.create(tmp_path, [task(1), task(2)], strategy=strategy)
    for id in ("1", "2"):
        project.worker(id).do({"src/main.rs": MAIN.replace("start", f"start {id}")})
    conflicts = project.run("check-conflicts", "level-0", "--json", ok=1).json
    (pair,) = conflicts["pairs"]
    assert (pair["verdict"], pair["conflicted_paths"]) == ("conflict", ["src/main.rs"])
    assert conflicts["waves"] == [["1"], ["2"]]
    assert landed(project, "level-0", ok=1) == ["1"]
    (deferred,) = project.run("merge-level", "level-0", "--json", ok=1).json["deferred"]
    assert (deferred["task"], deferred["with"], deferred["paths"]) == ("2", ["1"], ["src/main.rs"])
    second = project.worker("2")
    second.run("checkout", "2", ok=0)
    (second.repo.path / "src" / "main.rs").write_text(MAIN.replace("start", "start 1 and 2"))
    second.run("submit", ok=0)
    assert landed(project, "level-0") == ["1", "2"]
    assert "start 1 and 2" in project.remote.read("main", "src/main.rs")
