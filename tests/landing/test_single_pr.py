"""One pull request for the level, on the local forge: what is folded, left out, made anew, never dropped."""

from pathlib import Path

from gitcoord.evidence.folds import Folds, folds
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.locate_repository import locate
from gitcoord.landing.level_branch import FoldResult, fold_in_memory
from tests.landing.scenes import merged_by_hand, three_tasks
from tests.support.cli import start_gitcoord
from tests.support.project import MAIN, Project, independent
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks

BRANCH = "feature/level-0-implementation"


def tasks_of(document: list[dict[str, str]]) -> list[str]:
    return [one["task"] for one in document]


def test_what_was_folded_and_then_rewritten_or_deleted_is_treated_as_it_deserves(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2", "3"), strategy="single-pr")
    for id in ("1", "2", "3"):
        assert project.worker(id).do({f"{id}.txt": "first\n"}).code == 0
    project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-task-1")
    project.remote.branch("feature/level-0-task-2")
    project.remote.commit({"2.txt": "rewritten\n"}, "again", branch="feature/level-0-task-2")
    stopped = project.run("merge-level", "--json")
    assert stopped.code == 1
    assert stopped.json["landed"] == []
    reasons = {one["task"]: one["reason"] for one in stopped.json["waiting"]}
    assert "rewritten after it was submitted" in reasons["2"]
    assert reasons["1"] == reasons["3"] == "waits for task 2 (--partial lands what is ready)"
    assert project.remote.files(BRANCH) == ["1.txt", "3.txt", "src/main.rs"]
    partly = project.run("merge-level", "--partial", "--json")
    assert tasks_of(partly.json["landed"]) == ["1", "3"]
    worker = project.worker("2").repo
    worker.git("fetch", "--quiet", "origin")
    worker.git("reset", "--quiet", "--hard", "origin/feature/level-0-task-2")
    project.worker("2").run("submit", ok=0)
    whole = project.run("merge-level", "0", "--json", ok=0)
    assert {one["task"]: one["pull"] for one in whole.json["landed"]} == {"1": 1, "2": 2, "3": 1}
    assert project.remote.read("main", "2.txt") == "rewritten"
    assert "first" not in project.remote.git("log", "-p", "--format=", "main", "--", "2.txt")


def test_rewritten_work_that_is_submitted_again_lands_without_what_it_took_back(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    for id in ("1", "2"):
        project.worker(id).do({f"{id}.txt": "fine\n", f"secret-{id}.txt": "oops\n"})
    worker = project.worker("2").repo
    worker.git("rm", "--quiet", "secret-2.txt")
    worker.git("commit", "--quiet", "--amend", "--no-edit")
    worker.git("push", "--quiet", "--force", "origin", "HEAD")
    project.worker("2").run("submit", ok=0)
    project.run("merge-level", ok=0)
    assert project.remote.files("main") == ["1.txt", "2.txt", "secret-1.txt", "src/main.rs"]
    assert "secret-2.txt" not in project.remote.git("log", "--name-only", "--format=", "main")


def test_a_base_that_moved_has_the_level_branch_made_anew_unless_somebody_worked_in_it(
    tmp_path: Path,
) -> None:
    project = three_tasks(tmp_path, "single-pr")
    project.run("merge-level", "--all-or-nothing")
    project.remote.commit({"src/main.rs": MAIN.replace("start", "start elsewhere")}, "meanwhile")
    by_hand = project.remote.commit({"hand.txt": "mine\n"}, "by hand", branch=BRANCH)
    held = project.run("merge-level", "--json")
    assert held.code == 1
    assert (
        f"commits that people made ({by_hand[:12]}), which gitcoord never drops: merge main into {BRANCH}"
    ) in held.json["waiting"][0]["reason"]
    assert {one["needs"] for one in held.json["waiting"]} == {"work"}
    assert project.remote.tip(BRANCH) == by_hand
    assert held.json["landed"] == []
    project.remote.branch(BRANCH, f"{by_hand}^")
    ran = project.run("merge-level", "--json")
    assert tasks_of(ran.json["landed"]) == ["2"]
    assert {one["task"]: one["paths"] for one in ran.json["deferred"]} == {
        "1": ["src/main.rs"],
        "3": ["src/main.rs"],
    }
    assert project.remote.read("main", "src/main.rs") == MAIN.replace("start", "start elsewhere").rstrip("\n")


def test_a_level_branch_with_commits_by_hand_and_work_not_to_land_says_which_and_lands_as_told(
    tmp_path: Path,
) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    remote = project.remote
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
        project.run("submit", id, ok=0)
    by_hand = remote.commit({"hand.txt": "mine\n"}, "by hand", branch=BRANCH)
    remote.branch("feature/level-0-task-2")
    remote.commit({"2.txt": "rewritten\n"}, "again", branch="feature/level-0-task-2")
    held = project.run("merge-level", "--partial", "--json")
    [said] = [one for one in held.json["waiting"] if one["task"] == "1"]
    assert said["needs"] == "work"
    assert "it still contains work of task 2 " in said["reason"]
    assert f"reset {BRANCH} to main, cherry-pick these commits" in said["reason"]
    assert f"commits that people made ({by_hand[:12]})" in said["reason"]
    remote.branch(BRANCH)
    remote.commit({"hand.txt": "mine\n"}, "by hand", branch=BRANCH)
    partly = project.run("merge-level", "--partial", "--json")
    assert tasks_of(partly.json["landed"]) == ["1"]
    assert remote.files("main") == ["1.txt", "hand.txt", "src/main.rs"]


def test_a_remote_where_no_branch_goes_back_holds_the_level_and_says_how_to_go_on(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"), strategy="single-pr")
    project.remote.git("config", "receive.denyNonFastForwards", "true")
    project.work("1", {"src/main.rs": MAIN.replace("start", "start 1")})
    project.run("submit", "1", ok=0)
    project.remote.commit({"src/main.rs": MAIN.replace("start", "start elsewhere")}, "meanwhile")
    [held] = project.run("merge-level", "--json").json["waiting"]
    assert f"{BRANCH} cannot be rebuilt" in held["reason"]
    assert held["needs"] == "work"
    project.remote.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert tasks_of(project.run("merge-level", "--json").json["deferred"]) == ["1"]


def test_a_fold_that_somebody_amended_holds_work_by_hand(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    base = repo.commit({"a": "1"})
    heads = {id: repo.commit({id: "1"}, branch=id, at="main") for id in ("1", "2")}
    repository, tip = locate(repo.path).open(), base
    for id, head in heads.items():
        outcome = fold_in_memory(repository, tip, head, task=id, title="Do", branch="level")
        assert isinstance(outcome, FoldResult)
        tip = outcome.commit
    git = repository.git
    assert folds(git, Ancestry(git), base, tip) == Folds(found=tuple(heads.items()), by_hand=())
    newer = repo.commit({"later": "1"}, branch="main")
    up_to_date = repo.git("merge-tree", "--write-tree", tip, newer)
    updated = repo.git("commit-tree", up_to_date, "-p", tip, "-p", newer, "-m", "Merge main")
    assert folds(git, Ancestry(git), newer, updated) == Folds(found=tuple(heads.items()), by_hand=())
    said = repo.git("show", "--no-patch", "--format=%B", tip)
    fixed = repo.tree(repo.commit({"1": "1", "2": "1", "fix": "1"}))
    amended = repo.git("commit-tree", fixed, "-p", f"{tip}^1", "-p", f"{tip}^2", "-m", said)
    assert folds(git, Ancestry(git), base, amended) == Folds(found=tuple(heads.items()), by_hand=(amended,))


def test_work_that_only_the_level_branch_holds_is_not_lost_when_that_is_made_anew(tmp_path: Path) -> None:
    tasks = [task(1), task(2, dependencies=[1]), task(3, dependencies=[1])]
    project = Project.create(tmp_path, tasks, strategy="single-pr")
    remote = project.remote
    project.work("1", {"1.txt": "1\n"})
    project.run("merge-level", "level-0", ok=0)
    head = project.work("2", {"2.txt": "2\n"}, level=1)
    project.run("submit", "2", ok=0)
    remote.git("update-ref", "-d", "refs/heads/feature/level-1-task-2")
    # Without the landing that it builds on, the work has to wait.
    project.run("rollback", "level-0", ok=0)
    assert tasks_of(project.run("merge-level", "level-1", "--json").json["waiting"]) == ["2", "3"]
    assert remote.tip("feature/level-1-implementation") == remote.tip("main")
    assert remote.tip("feature/level-1-task-2") == head


def test_what_the_task_list_has_no_more_does_not_land_with_the_others_and_is_kept(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    heads = {id: project.work(id, {f"{id}.txt": f"{id}\n"}) for id in ("1", "2")}
    for id in ("1", "2"):
        project.run("submit", id, ok=0)
    write_tasks(project.desk.path, independent("1"))
    project.run("plan", "--strategy", "single-pr", ok=0)
    project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-task-2")
    project.run("merge-level", ok=0)
    assert project.remote.files("main") == ["1.txt", "src/main.rs"]
    assert project.remote.tip("feature/level-0-task-2") == heads["2"]


def test_all_or_nothing_lands_nothing_when_one_task_conflicts(tmp_path: Path) -> None:
    project = three_tasks(tmp_path, "single-pr")
    first = project.remote.tip("main")
    steps = project.run("merge-level", "--all-or-nothing", "--dry-run", ok=0).out
    assert "merge " not in steps
    ran = project.run("merge-level", "--all-or-nothing", "--json")
    assert (ran.code, ran.json["landed"]) == (1, [])
    assert {one["reason"] for one in ran.json["waiting"]} == {
        "nothing lands while task 3 is deferred (--all-or-nothing)"
    }
    assert project.remote.tip("main") == first
    dry = project.run("merge-level", "--dry-run", ok=0).out.splitlines()
    ran = project.run("merge-level", "--json")
    assert tasks_of(ran.json["landed"]) == ["1", "2"]
    assert f"merge {BRANCH} (tasks 1, 2) into main" in dry
    assert project.remote.tree("main") == merged_by_hand(project, "1", "2")


def test_the_cautious_rule_gives_each_wave_a_pull_request_of_its_own(tmp_path: Path) -> None:
    lines = "".join(f"line {number}\n" for number in range(1, 41))
    project = Project.create(
        tmp_path, independent("1", "2"), strategy="single-pr", files={"lines.txt": lines}
    )
    project.work("1", {"lines.txt": lines.replace("line 2\n", "two\n")})
    project.work("2", {"lines.txt": lines.replace("line 30\n", "thirty\n")})
    ran = project.run("merge-level", "--serialize-on", "overlap", "--method", "squash", "--json", ok=0)
    assert {one["task"]: (one["pull"], one["wave"]) for one in ran.json["landed"]} == {
        "1": (1, 1),
        "2": (2, 2),
    }
    assert project.remote.tree("main") == merged_by_hand(project, "1", "2")


def test_the_wait_sees_what_a_worker_hands_in_meanwhile(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    project.work("1", {"one.txt": "1\n"})
    landing = start_gitcoord("merge-level", "--wait", "60s", "--json", cwd=project.desk.path)
    assert landing.stderr is not None
    told = []
    for line in landing.stderr:
        told.append(line.decode())
        if "waiting: " in told[-1]:
            project.work("2", {"two.txt": "2\n"})
            break
    out, rest = landing.communicate(timeout=60)
    assert landing.returncode == 0, (told, out, rest)
    assert b"waiting: " not in rest
    assert project.remote.files("main") == ["one.txt", "src/main.rs", "two.txt"]
