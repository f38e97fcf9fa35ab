"""One pull request a task, on the local forge: what lands, what waits and why, what is never lost."""

import json
from pathlib import Path

import pytest

from tests.git.world import hook
from tests.landing.scenes import changes_in_base, merged_by_hand, three_tasks
from tests.support.cli import start_gitcoord
from tests.support.project import MAIN, Project, independent
from tests.support.repos import Repo
from tests.support.tasklists import task

LINES = "".join(f"line {number}\n" for number in range(1, 41))


def tasks_of(document: list[dict[str, str]]) -> list[str]:
    return [one["task"] for one in document]


def test_what_is_not_ready_waits_with_its_reason_and_the_rest_lands(tmp_path: Path) -> None:
    tasks = [*independent("1", "2", "3", "4", "5", "6"), task(7, depends_on=[1, 4])]
    project = Project.create(tmp_path, tasks)
    project.work("1", {"one.txt": "1\n"})
    for id in ("2", "3", "6"):
        assert project.worker(id).do({f"{id}.txt": "first\n"}).code == 0
    project.remote.commit({"2.txt": "first\nsecond\n"}, "more", branch="feature/level-0-task-2")
    project.remote.branch("feature/level-0-task-3")
    project.remote.commit({"3.txt": "rewritten\n"}, "again", branch="feature/level-0-task-3")
    project.worker("5").run("checkout", "5", ok=0)
    project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-task-6")
    ran = project.run("merge-level", "0", "--json")
    assert ran.code == 1
    assert tasks_of(ran.json["landed"]) == ["1", "2"]
    reasons = {one["task"]: one["reason"] for one in ran.json["waiting"]}
    assert set(reasons) == {"3", "4", "5", "6"}
    assert "rewritten after it was submitted" in reasons["3"]
    assert reasons["4"] == "not started"
    assert "started by worker-5" in reasons["5"]
    assert "feature/level-0-task-6 is gone (submitted at" in reasons["6"]
    assert project.remote.read("main", "2.txt") == "first\nsecond"
    later = project.run("merge-level", "1", "--json")
    assert later.code == 1
    assert later.json["waiting"][0]["reason"] == "depends on task 4, not landed yet"
    needs = {one["task"]: one["needs"] for one in [*ran.json["waiting"], *later.json["waiting"]]}
    assert needs == {"3": "work", "4": "work", "5": "time", "6": "work", "7": "landing"}
    worker = project.worker("3").repo
    worker.git("fetch", "--quiet", "origin")
    worker.git("reset", "--quiet", "--hard", "origin/feature/level-0-task-3")
    project.worker("3").run("submit", ok=0)
    again = project.run("merge-level", "0", "--json")
    assert tasks_of(again.json["landed"]) == ["1", "2", "3"]
    assert project.remote.read("main", "3.txt") == "rewritten"


def test_a_task_without_changes_has_landed_once_it_is_submitted(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.remote.branch("feature/level-0-task-1")
    waiting = project.run("merge-level", "--json")
    assert waiting.code == 1
    assert "has no commits yet" in waiting.json["waiting"][0]["reason"]
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    worker.run("submit", "--allow-empty", ok=0)
    assert tasks_of(project.run("merge-level", "0", "--json", ok=0).json["landed"]) == ["1"]


def test_the_dry_run_changes_nothing_and_names_the_steps_that_a_run_takes(tmp_path: Path) -> None:
    project = three_tasks(tmp_path, "multi-pr")
    before = project.remote.refs()
    steps = project.run("merge-level", "--dry-run", ok=0).out.splitlines()
    assert project.remote.refs() == before
    ran = project.run("merge-level", "--json")
    assert [step for step in steps if step.startswith("merge ")] == [
        f"merge feature/level-0-task-{id} (task {id}) into main" for id in tasks_of(ran.json["landed"])
    ]
    assert "defer task 3: it conflicts in src/main.rs" in steps
    assert len([step for step in steps if step.startswith("open ")]) == 3
    assert project.remote.tree("main") == merged_by_hand(project, "1", "2")
    after = project.remote.refs()
    left = project.run("merge-level", "0", "--dry-run", ok=0).out
    assert "open" not in left
    assert "merge " not in left
    assert "leave task 3 deferred: it conflicts with task 1 in src/main.rs" in left
    assert project.remote.refs() == after


def test_a_deferred_task_lands_once_its_conflict_is_resolved_however_often_it_takes(tmp_path: Path) -> None:
    project = three_tasks(tmp_path, "multi-pr")
    ran = project.run("merge-level", "--json")
    (deferred,) = ran.json["deferred"]
    assert (deferred["with"], deferred["paths"]) == (["1"], ["src/main.rs"])
    worker = project.worker("3")
    for attempt, text in enumerate(("start 1 and 3", "start 1 and 3 again")):
        if attempt:
            project.remote.commit({"src/main.rs": MAIN.replace("start", "start elsewhere")}, "in between")
            assert tasks_of(project.run("merge-level", "0", "--json").json["deferred"]) == ["3"]
        worker.run("checkout", "3", ok=0)
        worker.repo.path.joinpath("src/main.rs").write_text(MAIN.replace("start", text))
        worker.run("submit", ok=0)
    squashed = project.run("merge-level", "0", "--method", "rebase", "--json")
    assert "gives a different tree than merging it" in squashed.json["waiting"][0]["reason"]
    assert tasks_of(project.run("merge-level", "0", "--json", ok=0).json["landed"]) == ["1", "2", "3"]
    assert project.remote.read("main", "src/main.rs") == MAIN.replace("start", "start 1 and 3 again").rstrip(
        "\n"
    )


def test_overlapping_tasks_land_in_waves_each_brought_up_to_date_first(tmp_path: Path) -> None:
    project = Project.create(
        tmp_path, independent("1", "2", "3"), files={"lines.txt": LINES, "a.lock": LINES}
    )
    for id, number in (("1", 2), ("2", 20)):
        changed = LINES.replace(f"line {number}\n", f"line {number} by {id}\n")
        project.work(id, {"lines.txt": changed})
    project.work("3", {"a.lock": LINES.replace("line 30", "line thirty")})
    ran = project.run("merge-level", "--serialize-on", "overlap", "--ignore", "*.lock", "--json", ok=0)
    assert {one["task"]: one["wave"] for one in ran.json["landed"]} == {"1": 1, "3": 1, "2": 2}
    assert ran.err.count("updated from the base") == 1
    tip = project.remote.tip("feature/level-0-task-2")
    brought = next(one["commit"] for one in ran.json["landed"] if one["task"] == "1")
    assert project.remote.git("merge-base", "--is-ancestor", brought, tip) == ""
    assert "updated from the base" in project.run("log").out
    assert project.remote.tree("main") == merged_by_hand(project, "1", "3", "2")


def test_a_branch_that_may_not_be_moved_is_held_and_the_others_land(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2", "3"), files={"lines": LINES})
    for id, line in (("1", "line 5"), ("2", "line 25")):
        project.work(id, {"lines": LINES.replace(f"{line}\n", f"{line} by {id}\n")})
    project.work("3", {"3.txt": "3\n"})
    refuse = 'case "$1" in refs/heads/feature/*) exit 1;; esac'
    hook(project.remote, "update", refuse)
    ran = project.run("merge-level", "--serialize-on", "overlap", "--json")
    assert (ran.code, sorted(tasks_of(ran.json["landed"]))) == (1, ["1", "3"])
    [held] = ran.json["waiting"]
    assert ("cannot be updated" in held["reason"], held["needs"]) == (True, "work")


def test_two_landings_at_once_land_everything_once(tmp_path: Path) -> None:
    project = three_tasks(tmp_path, "multi-pr")
    by_hand = merged_by_hand(project, "1", "2")
    second = project.remote.clone(tmp_path / "second")
    runs = [start_gitcoord("merge-level", "0", "--json", cwd=place.path) for place in (project.desk, second)]
    ended = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [1, 1], ended
    assert project.remote.tree("main") == by_hand
    assert changes_in_base(project.remote) == {"1": 1, "2": 1, "3": 0}
    assert len([ref for ref in project.remote.refs() if "/pulls/" in ref]) == 3


def test_without_a_remote_local_changes_stop_the_landing_and_are_kept(tmp_path: Path) -> None:
    project = three_tasks(tmp_path / "p", "multi-pr")
    desk = project.remote.clone(tmp_path / "desk")
    for space in ("gitcoord", "heads/feature"):
        desk.git("fetch", "--quiet", "origin", f"+refs/{space}/*:refs/{space}/*")
    desk.git("remote", "remove", "origin")
    alone = Project(desk, desk)
    desk.path.joinpath("src/main.rs").write_text("my own work\n")
    ran = alone.run("merge-level", "--json")
    assert ran.code == 1
    assert ran.json["code"] == "worktree-in-the-way"
    assert desk.path.joinpath("src/main.rs").read_text() == "my own work\n"
    desk.git("checkout", "--quiet", "--", "src/main.rs")
    desk.path.joinpath("docs").mkdir(exist_ok=True)
    desk.path.joinpath("mine.txt").write_text("untracked\n")
    assert tasks_of(alone.run("merge-level", "--json").json["landed"]) == ["1", "2"]
    assert desk.path.joinpath("mine.txt").read_text() == "untracked\n"
    assert desk.git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_hostile_title_is_plain_words_in_pull_requests_and_commits(tmp_path: Path) -> None:
    title = '"; rm -rf ~ #[/red]\x1b[2J\n\nGitcoord-Landed: 9 abc @everyone <img src=x> ' + "long " * 60
    project = Project.create(tmp_path, [task(1, title=title)])
    project.work("1", {"one.txt": "1\n"})
    project.run("merge-level", ok=0)
    subject, _, rest = project.remote.git("log", "-1", "--format=%B", "main").partition("\n")
    assert subject.startswith('Task 1: "; rm -rf ~ #[/red] [2J Gitcoord-Landed: 9 abc')
    assert subject.endswith("(#1)")
    assert len(subject) <= 200
    assert rest.strip() == f"Gitcoord-Landed: 1 {project.remote.tip('feature/level-0-task-1')}"
    kept = project.remote.git("log", "-1", "--format=%B", "refs/gitcoord/pulls/1")
    body = next(json.loads(line)["body"] for line in kept.splitlines() if line.startswith("{"))
    assert "\x1b" not in body
    assert "- Level: level-0, wave 1 of 1" in body
    assert "\\<img src=x\\>" in body
    assert "@everyone" not in body


def test_the_number_of_git_processes_grows_with_the_tasks_and_no_faster(tmp_path: Path) -> None:
    per_task = []
    for count in (3, 9):
        ids = [str(number) for number in range(1, count + 1)]
        project = Project.create(tmp_path / str(count), independent(*ids))
        for id in ids:
            project.work(id, {f"{id}.txt": "work\n"})
        trace = tmp_path / f"trace-{count}"
        ran = project.run("merge-level", "--json", ok=0, env={"GIT_TRACE2_EVENT": str(trace)})
        assert len(ran.json["landed"]) == count
        own = [line for line in trace.read_text().splitlines() if '"event":"start"' in line]
        per_task.append(len(own) / count)
    print(f"git processes per task: {per_task}")
    assert per_task[1] <= per_task[0] * 1.1


def test_a_base_that_was_reset_takes_landings_back(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    first = project.remote.tip("main")
    project.work("1", {"one.txt": "1\n"})
    project.run("merge-level")
    Repo(project.remote.path).git("update-ref", "refs/heads/main", first)
    again = project.run("merge-level", "0", "--json")
    (landed,) = again.json["landed"]
    assert landed["commit"] == project.remote.tip("main") != first
    assert project.remote.read("main", "one.txt") == "1"


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_branch_that_was_just_stacked_on_another_has_not_landed_with_it(
    method: str, tmp_path: Path
) -> None:
    tasks = [task(1), task(2, dependencies=[1]), task(3, dependencies=[2])]
    project = Project.create(tmp_path, tasks)
    project.work("1", {"1.txt": "1\n"})
    project.remote.branch("feature/level-2-task-3", "feature/level-0-task-1")
    project.work("1", {"1.txt": "2\n"})
    project.remote.branch("feature/level-1-task-2", "feature/level-0-task-1")
    project.run("merge-level", "0", "--method", method, ok=0)
    landed = project.remote.tip("main")
    waiting = project.run("merge-level", "1", "--method", method, "--json").json["waiting"]
    assert "has no commits" in waiting[0]["reason"]
    assert project.remote.tip("main") == landed
    project.work("2", {"2.txt": "2\n"}, level=1)
    done = project.run("merge-level", "1", "--method", method, "--json", ok=0).json["landed"]
    assert tasks_of(done) == ["2"]


def test_a_message_that_names_anothers_work_lands_nothing_of_it(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2)], files={"lines": LINES})
    head = project.work("2", {"two.txt": "2\n", "lines": LINES.replace("line 5\n", "line five\n")})
    trailer = f"Gitcoord-Landed: 2 {head}"
    elsewhere = {"lines": LINES.replace("line 25\n", "line twenty-five\n")}
    project.remote.commit(elsewhere, f"Do something else\n\n{trailer}\n")
    project.run("merge-level", "0", "--method", "squash", "--json")
    assert "two.txt" in project.remote.files("main")
    landed = project.remote.tip("main")
    project.remote.commit({"one.txt": "2\n"}, f"Quote it again\n\n{trailer}\n")
    assert tasks_of(project.run("merge-level", "0", "--json").json["landed"]) == ["2"]
    assert landed in project.run("merge-level", "0", "--json").out


@pytest.mark.parametrize("strategy", ["multi-pr", "single-pr"])
def test_a_quoted_trailer_deletes_no_branch_that_holds_the_only_copy(strategy: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2)], files={"lines": LINES}, strategy=strategy)
    head = project.work("2", {"two.txt": "2\n", "lines": LINES.replace("line 5\n", "line five\n")})
    other = {"lines": LINES.replace("line 5\n", "line cinq\n")}
    project.remote.commit(other, f"As they did\n\nGitcoord-Landed: 2 {head}\n")
    more = ("--partial",) if strategy == "single-pr" else ()
    ran = project.run("merge-level", "0", "--delete-branches", *more, "--json")
    assert ran.json["landed"] == []
    assert project.remote.tip("feature/level-0-task-2") == head
    assert project.run("status", "--json", ok=0).json["tasks"]["2"]["state"] != "landed"


def test_each_of_several_squashes_made_elsewhere_is_found_for_its_own_task(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2", "3"))
    heads = {id: project.work(id, {f"{id}.txt": f"{id}\n"}) for id in ("1", "2", "3")}
    more = {"1": "", "2": "\r", "3": "\n\n---------\n\nCo-authored-by: Somebody <else@example.com>"}
    made = {
        id: project.remote.commit(
            {f"{id}.txt": f"{id}\n"}, f"Task {id}\n\nGitcoord-Landed: {id} {head}{more[id]}\n"
        )
        for id, head in heads.items()
    }
    ran = project.run("merge-level", "0", "--json", ok=0)
    assert {one["task"]: one["commit"] for one in ran.json["landed"]} == made
    assert project.remote.tip("main") == made["3"]
