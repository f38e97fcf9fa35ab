"""Work stacked on what landed by a squash or a rebase: what it took back stays away; no phantom conflicts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.git.world import hook
from tests.landing.scenes import STRATEGIES
from tests.landing.stack_scene import LINES, TWO, make_stack
from tests.support.agents import ScriptAgent
from tests.support.cli import gitcoord
from tests.support.copies import copy_of
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.tasklists import task

__all__ = ["hub"]
ONE, CHILD = "feature/level-0-task-1", "feature/level-1-task-2"


Stack = Callable[[str], Project]


@pytest.fixture
def stack(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack of two tasks under a strategy, made once."""

    def stacked(strategy: str) -> Project:
        return copy_of(
            f"stack {strategy}", lambda place: make_stack(place, strategy), tmp_path, tmp_path_factory
        )

    return stacked


def holds_only_the_child(project: Project) -> None:
    assert "new.txt" not in project.remote.files("main")
    wanted = LINES.replace("line 8\n", "line eight\n").replace("line 9\n", "line nine\n")
    assert project.remote.read("main", "lines.txt") == wanted.rstrip("\n")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("methods", [("squash", "squash"), ("rebase", "merge"), ("squash", "rebase")])
def test_what_a_child_took_back_stays_away(stack: Stack, strategy: str, methods: tuple[str, str]) -> None:
    project = stack(strategy)
    for level, method in enumerate(methods):
        ran = project.run("merge-level", str(level), "--method", method, "--json")
        assert ran.code == 0, ran.err + ran.out
    holds_only_the_child(project)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_on_github(tmp_path: Path, hub: GitHubEmulator, strategy: str) -> None:
    project = make_stack(tmp_path, strategy, hub)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    ran = project.run("merge-level", "1", "--method", "squash", "--json", ok=0)
    assert "updated from the base" in ran.err
    holds_only_the_child(project)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_stack_inside_one_level_lands_in_one_run(tmp_path: Path, strategy: str) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy, files={"lines.txt": LINES})
    changed = LINES.replace("line 2\n", "line two\n").replace("line 8\n", "line eight\n")
    project.work("1", {"new.txt": "new\n", "lines.txt": changed})
    child = changed.replace("line two\n", "line 2\n").replace("line 9\n", "line nine\n")
    project.work("2", {"new.txt": None, "lines.txt": child}, at=ONE)
    steps = project.run("merge-level", "--method", "squash", "--dry-run", ok=0).out
    ran = project.run("merge-level", "--method", "squash", "--json")
    assert ran.code == 0, ran.err + ran.out
    holds_only_the_child(project)
    if strategy == "multi-pr":
        assert "bring feature/level-0-task-2 up to date with main\nmerge feature/level-0-task-2" in steps


def test_a_file_that_both_changed_is_no_conflict(tmp_path: Path) -> None:
    project = Project.create(tmp_path, TWO, files={"lines.txt": LINES})
    first = LINES.replace("line 5\n", "line five\n")
    project.work("1", {"lines.txt": first})
    project.work("2", {"lines.txt": first.replace("line five\n", "line FIVE\n")}, level=1, at=ONE)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    checked = project.run("check-conflicts", "1", "--json", ok=0).json
    assert checked["branches"][0]["base_conflicts"] == []
    assert checked["proof"]
    assert checked["branches"][0]["changed_paths"] == ["lines.txt"]
    project.run("merge-level", "1", "--method", "squash", ok=0)
    assert "line FIVE" in project.remote.read("main", "lines.txt")


def test_what_really_conflicts_is_deferred_and_comes_into_the_working_copy(stack: Stack) -> None:
    project = stack("multi-pr")
    project.run("merge-level", "0", "--method", "squash", ok=0)
    now = project.remote.read("main", "lines.txt").replace("line 9", "line neuf") + "\n"
    project.remote.commit({"lines.txt": now}, "Change line 9")
    assert project.run("check-conflicts", "1", "--json").json["branches"][0]["base_conflicts"] == [
        "lines.txt"
    ]
    ran = project.run("merge-level", "1", "--method", "squash", "--json")
    assert ran.json["deferred"][0]["paths"] == ["lines.txt"]
    worker = project.worker("2")
    worker.run("checkout", "2", ok=0)
    conflict = worker.repo.path.joinpath("lines.txt").read_text()
    assert (conflict.count("<<<<<<<"), "line two" in conflict) == (1, False)
    assert not worker.repo.path.joinpath("new.txt").exists()
    assert worker.repo.git("rev-parse", "MERGE_HEAD") == project.remote.tip("main")
    settled = LINES.replace("line 8\n", "line eight\n").replace("line 9\n", "line 9 settled\n")
    worker.repo.path.joinpath("lines.txt").write_text(settled)
    worker.run("submit", ok=0)
    project.run("merge-level", "1", "--method", "squash", ok=0)
    assert project.remote.read("main", "lines.txt") == settled.rstrip("\n")
    assert "new.txt" not in project.remote.files("main")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_worker_of_a_child_gets_the_base_at_checkout(stack: Stack, strategy: str) -> None:
    project = stack(strategy)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    worker = project.worker("2")
    worker.repo.path.joinpath("lines.txt").write_text("unfinished\n")
    told = worker.run("checkout", "2", ok=0).err
    assert "task 1 landed as" in told
    assert "commit the changes in lines.txt" in told
    worker.repo.git("checkout", "--quiet", "--", "lines.txt")
    told = worker.run("checkout", "2", ok=0).err
    assert f"main was merged into {CHILD}" in told
    assert "new.txt" not in worker.repo.files("HEAD")
    assert worker.repo.git("rev-parse", "HEAD^2") == project.remote.tip("main")
    assert worker.run("checkout", "2", ok=0).err.count("landed as") == 0
    assert worker.run("submit").code == 0
    project.run("merge-level", "1", "--method", "squash", ok=0)
    holds_only_the_child(project)


def test_the_worker_is_told_that_landing_brought_the_branch_up_to_date(stack: Stack) -> None:
    project = stack("multi-pr")
    project.run("merge-level", "0", "--method", "squash", ok=0)
    hook(project.remote, "update", '[ "$1" != refs/heads/main ] || exit 1')
    project.run("merge-level", "1", "--method", "squash")
    told = project.worker("2").run("checkout", "2", ok=0).err
    assert f"{CHILD} was brought up to date with main" in told
    assert "new.txt" not in project.worker("2").repo.files("HEAD")


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_parent_that_landed_rewritten_holds_the_child(by_hand: bool, stack: Stack) -> None:
    project = stack("multi-pr")
    first, parent = project.worker("1"), project.remote.tip(ONE)
    first.repo.git("commit", "--quiet", "--amend", "-m", "Do task 1 otherwise")
    first.repo.git("push", "--quiet", "--force", "origin", ONE)
    first.run("submit", ok=0)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    ran = project.run("merge-level", "1", "--method", "squash", "--json")
    assert ran.code == 1
    reason = ran.json["waiting"][0]["reason"]
    assert "of task 1, which landed without it" in reason
    checked = project.run("check-conflicts", "1", "--json", ok=1).json
    assert [(one["state"], one["reason"]) for one in checked["branches"]] == [("unknown", reason)]
    assert checked["waves"] == []
    assert project.run("status", "--json", ok=0).json["tasks"]["2"]["held"] == reason
    worker = project.worker("2")
    if by_hand:
        worker.repo.git("switch", "--quiet", CHILD)
        worker.repo.git("fetch", "--quiet", "origin")
        worker.repo.git("merge", "--quiet", "-m", "Merge main by hand", "-s", "ours", "origin/main")
    else:
        told = worker.run("checkout", "2", ok=0).err
        assert f"main was merged into {CHILD} as if that began at {parent[:12]}: review the" in told
        assert "new.txt" not in worker.repo.files("HEAD")
    worker.run("submit", ok=0)
    assert project.run("status", "--json", ok=0).json["tasks"]["2"]["held"] is None
    project.run("merge-level", "1", "--method", "squash", ok=0)
    holds_only_the_child(project)


@pytest.mark.parametrize("methods", [("rebase", "rebase"), ("squash", "squash"), ("rebase", "merge")])
def test_a_child_is_rolled_back_without_its_parent(stack: Stack, methods: tuple[str, str]) -> None:
    project = stack("multi-pr")
    project.run("merge-level", "0", "--method", methods[0], ok=0)
    before = project.remote.tree("main")
    project.run("merge-level", "1", "--method", methods[1], ok=0)
    project.run("rollback", "level-1", ok=0)
    assert project.remote.tree("main") == before
    worker = project.worker("2")
    worker.run("checkout", "2", ok=0)
    worker.run("submit", ok=0)
    project.run("merge-level", "1", "--method", methods[1], ok=0)
    holds_only_the_child(project)


def test_a_parent_that_was_rolled_back_is_not_brought_back_by_its_child(stack: Stack) -> None:
    project = stack("multi-pr")
    project.run("merge-level", "0", "--method", "squash", ok=0)
    hook(project.remote, "update", '[ "$1" != refs/heads/main ] || exit 1')
    project.run("merge-level", "1", "--method", "squash")
    hook(project.remote, "update", "exit 0")
    project.run("rollback", "level-0", ok=0)
    before = project.remote.tree("main")
    ran = project.run("merge-level", "1", "--method", "squash", "--json")
    assert "depends on task 1" in ran.json["waiting"][0]["reason"]
    assert project.remote.tree("main") == before
    first = project.worker("1")
    first.run("checkout", "1", ok=0)
    first.run("submit", ok=0)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    project.run("merge-level", "1", "--method", "squash", ok=0)
    holds_only_the_child(project)


def test_a_child_without_changes_of_its_own_has_nothing_to_hand_in(tmp_path: Path) -> None:
    project = Project.create(tmp_path, TWO, files={"lines.txt": LINES})
    project.worker("1").do({"new.txt": "new\n"})
    worker = project.worker("2")
    worker.run("checkout", "2", "--stack", ok=0)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    assert "there is nothing to submit" in worker.run("submit", ok=1).err


def test_only_the_lines_that_the_child_changed_itself_are_its_own_after_the_parent_landed(
    stack: Stack,
) -> None:
    project = stack("multi-pr")
    project.run("merge-level", "0", "--method", "squash", ok=0)
    [file] = project.run("check-file", "lines.txt", "--json").json["paths"]
    assert file["touched_by"][0]["lines"] == [[2, 2], [9, 9]]


def test_a_parent_whose_landed_head_is_not_here_holds_the_child(stack: Stack, tmp_path: Path) -> None:
    project = stack("multi-pr")
    first = project.worker("1")
    first.write({"more.txt": "more\n"})
    first.run("submit", ok=0)
    project.run("merge-level", "0", "--method", "squash", "--delete-branches", ok=0)
    clone = project.remote.clone(tmp_path / "elsewhere")
    ran = gitcoord("merge-level", "1", "--method", "squash", "--json", cwd=clone.path, env=project.env)
    assert "which landed as the missing" in ran.json["waiting"][0]["reason"]
    project.run("merge-level", "1", "--method", "squash", ok=0)
    holds_only_the_child(project)
    assert "more.txt" in project.remote.files("main")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_agents_stack_on_each_other_in_a_run_keeps_what_they_took_back(
    tmp_path: Path, strategy: str
) -> None:
    project = Project.create(tmp_path / "project", TWO, strategy=strategy)
    agent = ScriptAgent(tmp_path / "agent")
    agent.does("2", {"remove": "agent-1.txt"}, {"write": {"agent-2.txt": "2\n"}})
    project.run("run", "--agent", agent.command, "--yes", "--pipeline", ok=0)
    for level in ("0", "1"):
        project.run("merge-level", level, "--method", "squash", ok=0)
    assert project.remote.files("main") == ["agent-2.txt", "src/main.rs"]


def test_a_parent_that_nobody_recorded_and_that_landed_rewritten_holds_the_child(tmp_path: Path) -> None:
    project = Project.create(tmp_path, TWO, files={"lines.txt": LINES})
    first = project.worker("1").repo
    first.git("switch", "--quiet", "--create", ONE)
    project.worker("1").write({"new.txt": "new\n"}, "Do task 1")
    first.git("push", "--quiet", "origin", ONE)
    project.work("2", {"new.txt": None, "two.txt": "two\n"}, level=1, at=ONE)
    first.path.joinpath("more.txt").write_text("more\n")
    first.git("add", "more.txt")
    first.git("commit", "--quiet", "--amend", "--no-edit")
    first.git("push", "--quiet", "--force", "origin", ONE)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    ran = project.run("merge-level", "1", "--method", "squash", "--json")
    assert "of task 1, which landed without it" in ran.json["waiting"][0]["reason"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_child_of_two_parents_takes_the_base_in_once_both_have_landed(
    tmp_path: Path, strategy: str
) -> None:
    tasks = [task(1), task(2, depends_on=[1]), task(3, depends_on=[1, 2])]
    project = Project.create(tmp_path, tasks, strategy=strategy, files={"lines.txt": LINES})
    changed = LINES.replace("line 2\n", "line two\n")
    assert project.worker("1").do({"lines.txt": changed, "one.txt": "1\n"}).code == 0
    second, third = project.worker("2"), project.worker("3")
    second.run("checkout", "2", "--stack", ok=0)
    second.write({"lines.txt": LINES})
    second.run("submit", ok=0)
    third.run("checkout", "3", "--stack", ok=0)
    third.repo.path.joinpath("one.txt").unlink()
    third.write({"lines.txt": changed})
    third.run("submit", ok=0)
    project.run("merge-level", "0", "--method", "squash", ok=0)
    told = third.run("checkout", "3", "--stack", ok=0).err
    assert "will be updated from main after the landing of task 2" in told
    for level in ("1", "2"):
        project.run("merge-level", level, "--method", "squash", ok=0)
    assert project.remote.read("main", "lines.txt") == changed.rstrip("\n")
    assert "one.txt" not in project.remote.files("main")
