"""`gitcoord checkout`: the right branch, and nothing lost on the way."""

from pathlib import Path

import pytest

from tests.support.copies import copy_of
from tests.support.project import Project, independent
from tests.support.tasklists import task

BRANCH = "feature/level-0-task-1"


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        return Project.create(place, [*independent("1", "2"), task(3, depends_on=[1, 2])])

    return copy_of("checkout", make, tmp_path, tmp_path_factory)


def test_a_new_branch_starts_at_the_base_and_its_name_is_all_of_stdout(project: Project) -> None:
    worker = project.worker("1")
    taken = worker.run("checkout", "1", ok=0)
    assert taken.out == f"{BRANCH}\n"
    assert worker.repo.git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
    assert worker.repo.tip("HEAD") == project.remote.tip("main")


def test_a_branch_starts_at_the_base_as_the_remote_has_it_now(project: Project) -> None:
    worker = project.worker("1")
    newest = project.remote.commit({"later.txt": "later\n"})
    worker.run("checkout", "1", ok=0)
    assert worker.repo.tip("HEAD") == newest


def test_taking_a_task_twice_changes_nothing_the_second_time(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    (worker.repo.path / "half.txt").write_text("half done\n")
    before = worker.repo.refs(), project.remote.refs()
    again = worker.run("checkout", "1", "--json", ok=0).json
    assert (worker.repo.refs(), project.remote.refs()) == before
    assert (again["branch"], again["created"], again["conflicts"]) == (BRANCH, False, [])
    assert (worker.repo.path / "half.txt").read_text() == "half done\n"


def test_a_branch_on_the_remote_is_resumed_in_a_fresh_clone(project: Project) -> None:
    commit = project.work("1", {"one.txt": "begun\n"})
    worker = project.worker("1")
    document = worker.run("checkout", "1", "--json", ok=0).json
    assert (document["commit"], document["created"]) == (commit, False)
    assert (worker.repo.path / "one.txt").read_text() == "begun\n"


def test_a_local_branch_that_was_never_pushed_is_resumed(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    worker.write({"one.txt": "begun\n"})
    commit = worker.repo.tip("HEAD")
    worker.repo.git("switch", "--quiet", "main")
    worker.run("checkout", "1", ok=0)
    assert worker.repo.tip("HEAD") == commit


def test_a_local_branch_is_brought_ahead_to_what_others_pushed(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    newest = project.work("1", {"one.txt": "by somebody else\n"})
    worker.run("checkout", "1", ok=0)
    assert worker.repo.tip("HEAD") == newest
    assert (worker.repo.path / "one.txt").read_text() == "by somebody else\n"


def test_a_branch_that_went_two_ways_is_left_alone(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    worker.write({"one.txt": "mine\n"})
    project.work("1", {"one.txt": "theirs\n"})
    before = worker.repo.refs(), worker.repo.git("status", "--porcelain")
    refused = worker.run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "diverged"
    assert f"git pull --no-rebase origin {BRANCH}" in refused.json["hint"]
    after = {name: tip for name, tip in worker.repo.refs().items() if "mirror" not in name}
    assert after == {name: tip for name, tip in before[0].items() if "mirror" not in name}
    assert worker.repo.git("status", "--porcelain") == before[1]


def test_uncommitted_work_on_another_branch_is_neither_lost_nor_carried_over(project: Project) -> None:
    worker = project.worker("1")
    (worker.repo.path / "src" / "main.rs").write_text("half done\n")
    refused = worker.run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "unclean"
    assert "src/main.rs" in refused.json["message"]
    assert "on main" in refused.json["message"]
    assert (worker.repo.path / "src" / "main.rs").read_text() == "half done\n"
    assert worker.repo.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_an_untracked_file_that_the_branch_would_overwrite_is_kept_and_named(project: Project) -> None:
    project.work("1", {"one.txt": "theirs\n", "tëst one.txt": "theirs\n"})
    worker = project.worker("1")
    for name in ("one.txt", "tëst one.txt"):
        (worker.repo.path / name).write_text("mine\n")
    refused = worker.run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "unclean"
    assert "one.txt, tëst one.txt" in refused.json["message"]
    assert (worker.repo.path / "one.txt").read_text() == "mine\n"


def test_an_untracked_file_that_is_not_in_the_way_stays(project: Project) -> None:
    worker = project.worker("1")
    (worker.repo.path / "notes.txt").write_text("mine\n")
    worker.run("checkout", "1", ok=0)
    assert (worker.repo.path / "notes.txt").read_text() == "mine\n"


def test_a_detached_head_is_no_obstacle(project: Project) -> None:
    worker = project.worker("1")
    worker.repo.git("checkout", "--quiet", "--detach")
    worker.run("checkout", "1", ok=0)
    assert worker.repo.git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"


def test_a_rebase_in_progress_is_named(project: Project) -> None:
    worker = project.worker("1")
    worker.repo.commit({"src/main.rs": "mine\n"}, branch="mine")
    worker.repo.commit({"src/main.rs": "other\n"}, branch="other", at="main")
    worker.repo.git("switch", "--quiet", "mine")
    worker.repo.git("rebase", "other", ok=(1,))
    refused = worker.run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "unfinished"
    assert "in the middle of a rebase" in refused.json["message"]


def test_a_merge_in_progress_on_another_branch_is_named_even_without_changes(project: Project) -> None:
    worker = project.worker("1")
    worker.repo.commit({"side.txt": "side\n"}, branch="side")
    worker.repo.git("merge", "--no-ff", "--no-commit", "--strategy=ours", "side")
    refused = worker.run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "unfinished"
    assert "in the middle of a merge" in refused.json["message"]


def test_a_tag_with_the_branchs_name_confuses_nobody(project: Project) -> None:
    worker = project.worker("1")
    worker.repo.git("tag", BRANCH, "main")
    worker.run("checkout", "1", ok=0)
    worker.write({"one.txt": "one\n"})
    (worker.repo.path / "one.txt").write_text("half done\n")
    worker.run("checkout", "1", ok=0)
    worker.repo.git("restore", "one.txt")
    worker.run("submit", ok=0)
    assert project.remote.read(BRANCH, "one.txt") == "one"


def test_a_hook_that_fails_after_the_switch_does_not_undo_it(project: Project) -> None:
    worker = project.worker("1")
    hook = worker.repo.path / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert worker.run("checkout", "1", ok=0).out == f"{BRANCH}\n"


def test_a_task_that_is_not_ready_names_what_has_to_land_first(project: Project) -> None:
    project.work("1", {"one.txt": "1\n"})
    refused = project.worker("3").run("checkout", "3", "--json", ok=1)
    assert refused.json["code"] == "not-ready"
    assert "depends on tasks 1, 2, not landed yet" in refused.json["message"]
    assert refused.json["hint"] == "Task 2 has no branch yet; `gitcoord next` shows what can start."
    project.work("2", {"two.txt": "2\n"})
    refused = project.worker("3").run("checkout", "3", "--json", ok=1)
    assert refused.json["hint"].startswith("Tasks 1, 2 have to be submitted and landed first, or use")
    for id in ("1", "2"):
        project.run("submit", id, ok=0)
    refused = project.worker("3").run("checkout", "3", "--json", ok=1)
    assert refused.json["hint"].startswith("Land them first (`gitcoord merge-level`), or use `--stack`")


def test_a_task_is_ready_once_its_dependencies_have_landed(project: Project) -> None:
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "0", ok=0)
    worker = project.worker("3")
    assert worker.run("checkout", "3", ok=0).out == "feature/level-1-task-3\n"
    assert worker.repo.tip("HEAD") == project.remote.tip("main")


def test_stack_starts_from_the_dependencies_branches(project: Project) -> None:
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    worker = project.worker("3")
    worker.run("checkout", "3", "--stack", ok=0)
    assert {"1.txt", "2.txt"} <= set(worker.repo.files("HEAD"))


def test_stack_names_the_dependencies_that_have_no_branch_yet(project: Project) -> None:
    project.work("1", {"1.txt": "1\n"})
    refused = project.worker("3").run("checkout", "3", "--stack", "--json", ok=1)
    assert "cannot be stacked yet: task 2 has no branch" in refused.json["message"]


def test_dependencies_that_conflict_cannot_be_stacked_on(project: Project) -> None:
    for id in ("1", "2"):
        project.work(id, {"same.txt": f"{id}\n"})
    refused = project.worker("3").run("checkout", "3", "--stack", "--json", ok=1)
    assert "task 2 conflicts with the others in same.txt" in refused.json["message"]


def test_a_later_wave_waits_for_the_earlier_unless_told_otherwise(tmp_path: Path) -> None:
    tasks = [task(1), task(2, metadata={"gitcoord": {"conflicts_with": [1]}})]
    project = Project.create(tmp_path, tasks)
    worker = project.worker("2")
    refused = worker.run("checkout", "2", "--json", ok=1)
    assert refused.json["code"] == "not-ready"
    assert "waits for task 1 in earlier waves of level-0" in refused.json["message"]
    assert worker.run("checkout", "2", "--now", ok=0).out == "feature/level-0-task-2\n"


def test_a_task_that_has_landed_is_not_taken_again(project: Project) -> None:
    project.worker("1").do({"one.txt": "1\n"})
    project.run("merge-level", "0", ok=1)
    refused = project.worker("1").run("checkout", "1", "--json", ok=1)
    assert refused.json["code"] == "already-landed"


def test_an_unknown_task_is_answered_with_those_there_are(project: Project) -> None:
    refused = project.run("checkout", "--json", "--", "../../x", ok=2)
    assert refused.json["code"] == "no-such-task"
    assert "1, 2, 3" in refused.json["hint"]


def test_without_a_plan_the_way_out_is_named(project: Project, tmp_path: Path) -> None:
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    refused = project.run("checkout", "1", "--json", ok=2)
    assert refused.json["code"] == "no-plan"
    assert "gitcoord plan" in refused.json["hint"]


def test_a_dry_run_changes_nothing(project: Project) -> None:
    worker = project.worker("1")
    before = worker.repo.git("for-each-ref", "refs/heads"), project.remote.refs()
    assert worker.run("checkout", "1", "--dry-run", ok=0).out == f"{BRANCH}\n"
    assert (worker.repo.git("for-each-ref", "refs/heads"), project.remote.refs()) == before


def test_a_second_worker_is_told_who_started_the_task(project: Project) -> None:
    project.worker("1").run("checkout", "1", ok=0)
    taken = project.run("checkout", "1", env={"GITCOORD_WORKER": "second"}, ok=0)
    assert "started before by worker-1" in taken.err
