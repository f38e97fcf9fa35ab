"""`gitcoord status` over real repositories, as a person and as a program see it."""

import re
from pathlib import Path

import pytest

from gitcoord.cli.status.status_document import make_status
from gitcoord.cli.views.output import show
from gitcoord.cli.views.status import status_view
from gitcoord.event_stamp import now
from gitcoord.events import AnyEvent, CancelAsked, PullOpened, TaskDeferred, TaskLanded
from gitcoord.progress.make_picture import make_picture
from gitcoord.state.task_history import replay
from gitcoord.tasks.model import TaskId
from tests.progress.plans import at, parent, planned, task
from tests.progress.test_make_picture import begun, over
from tests.state.world import STATE, plan_of, started, store_of, submitted
from tests.support.cli import gitcoord
from tests.support.repos import Repo

TITLE = 'Wipe"; rm -rf ~ #[/red]\x1b[2J'


@pytest.fixture
def remote(tmp_path: Path) -> Repo:
    return Repo.pair(tmp_path)[0]


@pytest.fixture
def desk(remote: Repo, tmp_path: Path) -> Repo:
    """A clone with a plan of five tasks, each in another state but for the last two."""
    desk = Repo(tmp_path / "work")
    done, clashing = (remote.commit({f"{id}.txt": id}, branch=f"feature/level-0-task-{id}") for id in "12")
    merge = remote.commit({"1.txt": "1"}, "merge", merge=["feature/level-0-task-1"])
    store = store_of(desk)
    store.save_plan(plan_of([[["1", "2"], ["3"]], [["4"], ["5"]]], title=TITLE))
    store.record(started("1", by="ann"))
    store.record(submitted("1", done, by="ann"))
    store.record(TaskLanded(at=now(), by="ann", task="1", branch="b", head=done, commit=merge, pull=7))
    store.record(started("2", by="bob"))
    store.record(submitted("2", clashing))
    reason, paths = "task 2 and task 1 both change `x`", ("x", "caf\udce9")
    deferral = TaskDeferred(
        at=now(), by="ann", task="2", head=clashing, reason=reason, others=("1",), paths=paths
    )
    store.record(deferral)
    store.record(started("3", by="\x1b[31mcyn", at="2025-01-01T00:00:00.000000+00:00"))
    return desk


def test_every_state_is_told_to_a_program(desk: Repo, remote: Repo) -> None:
    document = gitcoord("status", "--json", cwd=desk.path, ok=0).json
    assert document["schema"] == "gitcoord.status/1"
    assert (document["base"], document["strategy"], document["tag"]) == ("main", "multi-pr", "master")
    assert document["progress"] == {"tasks": 5, "landed": 1, "percent": 20}
    assert [(level["name"], level["landed"], level["waves"]) for level in document["levels"]] == [
        ("level-0", False, [["1", "2"], ["3"]]),
        ("level-1", False, [["4"], ["5"]]),
    ]
    tasks = document["tasks"]
    assert {id: task["state"] for id, task in tasks.items()} == {
        "1": "landed",
        "2": "deferred",
        "3": "started",
        "4": "pending",
        "5": "pending",
    }
    assert (tasks["1"]["landed_commit"], tasks["1"]["pull"]) == (remote.tip("main"), 7)
    assert tasks["2"]["deferred"] == {
        "reason": "task 2 and task 1 both change `x`",
        "with": ["1"],
        "paths": ["x", "caf\udce9"],
    }
    assert tasks["2"]["head"] == remote.tip("feature/level-0-task-2")
    assert (tasks["3"]["by"], tasks["3"]["since"][:10]) == ("\x1b[31mcyn", "2025-01-01")
    assert tasks["4"] == {
        "title": f"{TITLE} 4",
        "state": "pending",
        "branch": "feature/level-1-task-4",
        "level": 1,
        "wave": 1,
        **dict.fromkeys(["by", "since", "head", "pull", "landed_commit", "held", "deferred"]),
        "work": "ready",
        "quiet": {},
        "leases": {},
        "troubles": [],
    }
    assert document["warnings"] == []


def test_a_person_sees_it_in_eighty_columns_with_nothing_interpreted(desk: Repo) -> None:
    ran = gitcoord("status", cwd=desk.path, env={"COLUMNS": "80"}, ok=0)
    lines = ran.out.splitlines()
    assert lines[0] == "1 of 5 tasks landed on main  multi-pr, tag master"
    assert lines[1].endswith("20 %  2 pending, 1 started, 1 deferred")
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in ran.out
    assert r"\x1b[31mcyn" in ran.out
    assert re.search(r'1 +\+ +1 +Wipe"; rm -rf ~ #\[/red\].* landed #7 +ann +just now', ran.out)
    assert re.search(r"! +2 .* deferred", ran.out)
    assert "task 2 and task 1 both" in ran.out
    assert re.search(r"2 +> +3 .* started .* \d+ days ago", ran.out)
    assert ran.err == ""


def test_what_nobody_is_at_any_more_is_not_called_started_and_its_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parent_of_two = parent("1", "Parent", [["a", "b"]])
    plan = planned([parent_of_two, *(task(id) for id in "2345"), task("6", "2"), task("7")])
    events: list[AnyEvent] = [started(unit) for unit in ("1", "2", "3", "4", "5")]
    events += [begun(unit, 0) for unit in ("1.1", "1.2", "2", "3", "4")]
    events += [over("1.1", 9, "failed", reason="no\x1b"), over("2", 9, "failed", reason="red"), over("3", 9)]
    # What `gitcoord cancel` ends stays ended; what a stopped run leaves goes on with the next one.
    events += [CancelAsked(at=at(8), by="ann", task="4"), over("4", 9, "cancelled")]
    events += [TaskDeferred(at=at(8), by="ann", task="5", head="0" * 40, reason="x"), begun("5", 9)]
    progress, picture = replay(events), make_picture(plan, events, (), at(10))
    status = make_status(plan, progress, {}, picture=picture)
    work = [status.tasks[TaskId(id)].work for id in "1234567"]
    assert work == ["running", "failed", "done", "cancelled", "running", "blocked", "ready"]
    monkeypatch.setenv("COLUMNS", "100")
    show(*status_view(status))
    shown = capsys.readouterr().out
    assert "1 pending, 1 started, 1 failed, 1 cancelled, 1 blocked, 1 interrupted, 1 in rework" in " ".join(
        shown.split()
    )
    assert r"! 1.1: failed: no\x1b" in shown
    assert "! 2: failed: red" in shown
    assert "! 4: cancelled\n" in shown


def test_an_open_pull_request_is_told_with_its_number(desk: Repo, remote: Repo) -> None:
    head = remote.commit({"3.txt": "3"}, branch="feature/level-0-task-3")
    store = store_of(desk)
    store.record(submitted("3", head))
    store.record(PullOpened(at=now(), by="ann", task="3", pull=8, branch="feature/level-0-task-3"))
    assert gitcoord("status", "--json", cwd=desk.path).json["tasks"]["3"]["state"] == "open-pull"
    assert "in pull #8" in gitcoord("status", cwd=desk.path, ok=0).out


def test_a_landing_that_git_does_not_confirm_is_not_believed(desk: Repo, remote: Repo) -> None:
    remote.git("update-ref", "refs/heads/main", f"{remote.tip('main')}^")
    ran = gitcoord("status", "--json", cwd=desk.path, ok=0)
    assert ran.json["tasks"]["1"]["state"] == "open-pull" or ran.json["tasks"]["1"]["state"] == "submitted"
    assert ran.json["progress"]["landed"] == 0
    assert [warning["code"] for warning in ran.json["warnings"]] == ["unconfirmed-landing"]
    assert "The journal says that task 1 landed" in ran.err


def test_work_that_landed_without_any_record_is_seen(desk: Repo, remote: Repo) -> None:
    remote.commit({"4.txt": "4"}, branch="feature/level-1-task-4")
    remote.commit({"4.txt": "4"}, "merged by hand", merge=["feature/level-1-task-4"])
    task = gitcoord("status", "--json", cwd=desk.path, ok=0).json["tasks"]["4"]
    assert (task["state"], task["since"], task["by"]) == ("landed", None, None)


def test_a_level_that_has_landed_takes_one_line(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    remote.commit({"1.txt": "1"}, branch="feature/level-0-task-1")
    remote.commit({"1.txt": "1"}, "merge", merge=["feature/level-0-task-1"])
    store_of(desk).save_plan(plan_of([[["1"]]]))
    out = gitcoord("status", cwd=desk.path, ok=0).out
    assert out.splitlines()[0].startswith("1 of 1 tasks landed on main")
    assert out.splitlines()[1].startswith("█" * 30 + " 100 %")
    assert out.splitlines()[-1] == "level-0  + landed  1"


def test_a_level_of_thousands_of_tasks_stays_readable(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    store_of(desk).save_plan(plan_of([[[str(id) for id in range(1, 3001)]]]))
    out = gitcoord("status", cwd=desk.path, ok=0).out
    assert len(out.splitlines()) < 60
    assert "… and 2960 more" in out


def test_without_a_plan_the_exit_code_is_two(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    ran = gitcoord("status", "--json", cwd=desk.path, ok=2)
    assert (ran.json["schema"], ran.json["code"]) == ("gitcoord.error/1", "no-plan")
    assert gitcoord("status", cwd=desk.path, ok=2).err == (
        "gitcoord: No plan is saved in the remote origin.\n  hint: Run `gitcoord plan` first.\n"
    )


def test_a_foreign_ref_is_a_warning_and_everything_else_is_shown(desk: Repo, remote: Repo) -> None:
    remote.git("update-ref", STATE + "tasks/5", remote.tip("main"))
    ran = gitcoord("status", "--json", cwd=desk.path, ok=0)
    assert "foreign-state" in {warning["code"] for warning in ran.json["warnings"]}
    assert "was not written by gitcoord. [foreign-state]" in ran.err
    assert ran.json["tasks"]["3"]["state"] == "started"


def test_a_base_that_is_gone_is_a_warning(desk: Repo, remote: Repo) -> None:
    remote.git("update-ref", "-d", "refs/heads/main")
    ran = gitcoord("status", cwd=desk.path, ok=0)
    assert ran.out.startswith("0 of 5 tasks landed on main")
    assert "The base branch main does not exist" in ran.err


def test_a_remote_that_is_gone_is_exit_three(desk: Repo, remote: Repo, tmp_path: Path) -> None:
    remote.path.rename(tmp_path / "elsewhere.git")
    assert gitcoord("status", "--json", cwd=desk.path, ok=3).json["code"] == "unreachable"


def test_status_changes_nothing_and_loads_neither_pygit2_nor_pygithub(desk: Repo, remote: Repo) -> None:
    before = remote.refs(), desk.git("status", "--porcelain")
    ran = gitcoord("status", cwd=desk.path, env={"PYTHONPROFILEIMPORTTIME": "1"}, ok=0)
    assert (remote.refs(), desk.git("status", "--porcelain")) == before
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "gitcoord.cli.views.status" in loaded
    assert not loaded & {"pygit2", "github"}
