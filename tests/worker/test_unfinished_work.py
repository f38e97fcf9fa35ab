"""Work that running attempts publish before it is handed in, and who sees it."""

import signal
from pathlib import Path

from gitcoord.event_stamp import now
from gitcoord.events import AttemptStarted
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.run.log_retention import RemoteCleanup
from gitcoord.state.published_work import work_ref
from gitcoord.tasks.model import TaskId
from gitcoord.worker.leases import Silence, take_over
from tests.state.world import plan_of, store_of
from tests.support.agents import ScriptAgent
from tests.support.cli import start_gitcoord
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.waiting import until
from tests.worker.test_worker import LINES, agent, begin, project, work

__all__ = ["agent", "project"]  # fixtures

PREFIX = "refs/gitcoord/work/"
PACE = "[run]\npublish-progress = '0.2s'\n"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"


def published(project: Project) -> dict[str, str]:
    return {ref: tip for ref, tip in project.remote.refs().items() if ref.startswith(PREFIX)}


def paced(project: Project, *places: Path) -> None:
    for place in (project.desk.path, *places):
        (place / "gitcoord.toml").write_text(PACE)


def test_what_is_not_committed_is_seen_elsewhere_and_what_is_held_back_is_not(
    project: Project, agent: ScriptAgent
) -> None:
    paced(project)
    go = agent.directory / "go"
    private = {".env": "TOKEN=1\n", "deep/key": KEY, "large.bin": "x" * (1 << 21)}
    agent.does(
        "1",
        {"write": {"own.txt": "1\n", "committed/.env": "A=1\n", "committed/key": KEY}},
        {"commit": "With what nobody should see"},
        {"write": {**private, "app.txt": LINES + "more\n", "new.txt": "1\n", "staged.txt": "1\n"}},
        {"git": ["add", "staged.txt"]},
        {"write": {"last.txt": "1\n"}},
        {"await": str(go)},
        {"exit": 1},
    )
    worker = begin(project, agent, "1")
    checkout = project.desk.path.parent / "desk.gitcoord/1"
    until(lambda: any("last.txt" in project.remote.files(tip) for tip in published(project).values()))
    (ref,) = published(project)
    assert ref == "refs/gitcoord/work/1/1/1"
    tip = published(project)[ref]
    files = {*project.remote.files(tip)} - {*project.remote.files("main")}
    assert files == {"own.txt", "new.txt", "staged.txt", "last.txt"}
    assert project.remote.read(tip, "app.txt") == LINES + "more"
    # One commit on top of the base: none of the agent's commits is sent, which have the key.
    assert project.remote.git("rev-list", f"{tip}", "--not", "main") == tip
    index = (project.desk.path / ".git/worktrees/1/index").read_bytes()
    elsewhere = project.worker("2")
    asked = elsewhere.run("check-file", "new.txt", "app.txt", "--task", "2", "--fetch")
    assert (asked.code, len(asked.out.splitlines())) == (1, 2)
    assert "new.txt: task 1 (Do it) on feature/level-0-task-1" in asked.out
    assert "app.txt" in elsewhere.run("prompt", "2", ok=0).out
    (checkout / "later.txt").write_text("1\n")
    until(lambda: published(project)[ref] != tip)
    assert (project.desk.path / ".git/worktrees/1/index").read_bytes() == index
    go.touch()
    assert worker.wait() == 1
    assert published(project) == {}
    assert elsewhere.run("check-file", "new.txt", "--task", "2", "--fetch").code == 0


def test_the_next_attempt_deletes_what_a_dead_worker_published(project: Project, agent: ScriptAgent) -> None:
    paced(project)
    agent.does("1", {"write": {"new.txt": "1\n"}}, {"await": str(agent.directory / "never")})
    worker = begin(project, agent, "1")
    until(lambda: bool(published(project)))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert project.worker("2").run("check-file", "new.txt", "--task", "2", "--fetch").code == 1
    (project.desk.path / "gitcoord.toml").unlink()
    agent.does("1", {"exit": 1})
    work(project, agent, "1")
    assert published(project) == {}


def test_whoever_takes_an_attempt_over_or_ends_a_run_deletes_its_work(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    store = store_of(desk)
    store.save_plan(plan_of([[["1"]]]))
    started = AttemptStarted(at=now(), by="ann", task="1", attempt=1, branch="b", base="c", lease=1.0)
    store.record(started)
    publish = RefUpdate(work_ref(store, "1", 1), None, remote.tip("main"))
    store.shared.publish([publish])
    RemoteCleanup(store, 0).apply(now=True)
    assert publish.ref in remote.refs()  # it is at work
    take_over(store, TaskId("1"), Silence(attempt=1, claim=started.at, lease=1.0, sign=None, silent=2.0))
    assert publish.ref not in remote.refs()
    store.shared.publish([publish])  # by a worker that was only frozen
    RemoteCleanup(store, 0).apply(now=True)
    assert publish.ref not in remote.refs()


def test_tasks_on_two_machines_that_clash_are_told_while_they_run(
    project: Project, agent: ScriptAgent
) -> None:
    other = project.worker("1").repo
    paced(project, other.path)
    words = 'while [ ! -s "$GITCOORD_CLASHES_FILE" ]; do sleep 0.05; done; cp "$GITCOORD_CLASHES_FILE" '
    seen = {id: agent.directory / f"seen-{id}" for id in ("1", "2")}
    change = "sed -i 's/line 3/mine $GITCOORD_TASK_ID/' app.txt; "
    change = change.replace("'", '"')
    one = f"{change}{words}{seen['1']}"
    two = f"{change}{words}{seen['2']}; exit 1"
    first = start_gitcoord("worker", "1", "--shell", "--agent", one, cwd=other.path)
    until(lambda: bool(published(project)))
    run = ("run", "--shell", "--agent", two, "--retries", "0", "--wait", "0", "--yes")
    second = start_gitcoord(*run, cwd=project.desk.path)
    try:
        until(lambda: all(file.is_file() and file.read_text() for file in seen.values()))
    finally:
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            process.wait()
    assert seen["1"].read_text() == "app.txt: task 2 (Task 2), on feature/level-0-task-2\n"
    assert seen["2"].read_text() == "app.txt: task 1 (Do it), on feature/level-0-task-1\n"
    told = project.run("log", ok=0).out
    assert "app.txt" in told
