"""`gitcoord worker`: one unit from claim to result, with a real agent in a real checkout."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.agents import ScriptAgent
from tests.support.cli import Ran, gitcoord, start_gitcoord
from tests.support.copies import copy_of
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.support.waiting import until

BRANCH = "feature/level-0-task-1"
LINES = "".join(f"line {number}\n" for number in range(9))


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        first = task(1, title="Do it", details="With care.", testStrategy="Try it.", modifies=["src/**"])
        tasks = [first, task(2), task(3, depends_on=[1])]
        return Project.create(place, tasks, files={"app.txt": LINES})

    return copy_of("worker", make, tmp_path / "project", tmp_path_factory)


@pytest.fixture
def agent(tmp_path: Path) -> ScriptAgent:
    return ScriptAgent(tmp_path / "agent")


def work(project: Project, agent: ScriptAgent, *arguments: str, ok: int | None = None) -> Ran:
    return project.run("worker", *arguments, "--agent", agent.command, ok=ok)


def begin(
    project: Project, agent: ScriptAgent, *arguments: str, at: Repo | None = None
) -> subprocess.Popen[bytes]:
    """Starts a worker and returns when its agent has begun."""
    before = len(agent.runs())
    place = (at or project.desk).path
    process = start_gitcoord("worker", *arguments, "--agent", agent.command, cwd=place)
    until(lambda: len(agent.runs()) > before or process.poll() is not None)
    return process


def told(project: Project, id: str = "1") -> list[str]:
    """The sentences of the task's record, without who did it."""
    events = project.run("log", "--task", id, "--json", ok=0).json["events"]
    return [event["sentence"].replace(f" by {event['by']}", "") for event in events]


def left_over(agent: ScriptAgent) -> list[int]:
    """The processes of the agent, children that fled included, that live."""
    pids = [run.pid for run in agent.runs()]
    pids += [int(file.name.partition("-")[2]) for file in agent.directory.glob("child-*")]
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_a_unit_goes_from_claim_to_result(project: Project, agent: ScriptAgent) -> None:
    agent.does(
        "1",
        {"note": True},
        {"write": {"committed.txt": "1\n"}},
        {"commit": "My own commit"},
        {"write": {"left.txt": "1\n"}},
        {"tokens": 4321},
    )
    before = project.desk.path.parent / "desk.gitcoord"
    would = work(project, agent, "1", "--dry-run", ok=0).err
    assert would == f"{BRANCH} would be made at {project.remote.tip('main')[:12]}, in {before / '1'}\n"
    assert (agent.runs(), before.exists()) == ([], False)
    document = work(
        project, agent, "1", "--check", "grep 1 left.txt", "--waited", "slots=1.5", "--json", ok=0
    ).json
    head = project.remote.tip(BRANCH)
    assert (document["outcome"], document["attempt"], document["head"]) == ("ok", 1, head)
    assert project.remote.files(BRANCH) == ["app.txt", "committed.txt", "left.txt", "src/main.rs"]
    assert project.remote.git("log", "--format=%s", f"main..{BRANCH}") == "1: Do it\nMy own commit"
    assert told(project) == [
        f"task 1 started on {BRANCH}",
        f"task 1: attempt 1 started on {BRANCH}",
        f"task 1 submitted at {head[:12]}",
        "task 1: attempt 1 ended: ok",
    ]
    record = project.remote.git("log", "-1", "--format=%b", "refs/gitcoord/tasks/1")
    ended = json.loads(record.splitlines()[0])
    assert (ended["tokens"], ended["head"], ended["work_seconds"] < ended["seconds"]) == (4321, head, True)
    seen = agent.noted("1")
    assert "# Task 1: Do it" in seen["prompt"]
    assert "With care." in seen["prompt"]
    assert "Try it." in seen["prompt"]
    names = ("TASK_ID", "SUBTASK", "BRANCH", "BASE", "LEVEL", "WAVE", "ATTEMPT", "TOKEN_BUDGET", "TASK_TITLE")
    wanted = ("1", "", BRANCH, "main", "level-0", "1", "1", "", "Do it")
    assert tuple(seen["environment"][f"GITCOORD_{name}"] for name in names) == wanted
    # The checkout lies beside the repository while it is needed, and the user's own copy is never touched.
    assert seen["directory"] == str(before / "1")
    assert not list(before.iterdir())
    assert project.desk.git("status", "--porcelain", "--", "app.txt", "src") == ""
    assert "has already been submitted" in work(project, agent, "1", ok=0).err
    assert len(agent.runs()) == 2


def test_what_an_agent_ends_with_is_the_result(project: Project, agent: ScriptAgent) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"exit": 75}, 75, "again: the agent ended with code 75: what I said"),
        ({"exit": 65}, 65, "wrong: the agent ended with code 65: what I said"),
        ({"exit": 3}, 1, "failed: the agent ended with code 3: what I said"),
        ({"kill": 9}, 1, "failed: the agent was killed by SIGKILL (Killed): what I said"),
        ({"write": {"kept.txt": "by attempt 5\n"}}, 1, "failed: the check ended with code 1"),
    ]
    for number, (move, code, reason) in enumerate(cases, start=1):
        agent.does("1", {"print": "what I said"}, move)
        ran = work(project, agent, "1", "--check", "grep -q 6 kept.txt")
        assert (ran.code, told(project)[-1]) == (code, f"task 1: attempt {number} ended: {reason}")
    # The next one goes on with what was left, and hears of it.
    agent.does("1", {"note": True}, {"append": {"kept.txt": "and by attempt {attempt}\n"}})
    work(project, agent, "1", "--check", "grep -q 6 kept.txt", ok=0)
    assert "It failed: the check ended with code 1" in agent.noted("1")["prompt"]
    assert project.remote.read(BRANCH, "kept.txt") == "by attempt 5\nand by attempt 6"


def test_what_cannot_begin_is_refused_without_a_claim(project: Project, agent: ScriptAgent) -> None:
    waiting = work(project, agent, "3")
    assert (waiting.code, "depends on task 1, not landed yet" in waiting.err) == (75, True)
    assert work(project, agent, "9").code == 2
    assert project.run("worker", "1").code == 2
    assert project.run("worker", "1", "--agent", "an 'open quote").code == 2
    (project.desk.path / "gitcoord.toml").write_text("[run]\nagent = 'src/main.rs'\n")
    below = gitcoord("worker", "1", cwd=project.desk.path / "src", env=project.env, ok=2)
    assert "/desk/src/main.rs is not executable" in below.err
    project.desk.git("worktree", "add", "--quiet", "-b", BRANCH, str(project.desk.path.parent / "mine"))
    taken = work(project, agent, "1")
    assert (taken.code, "checked out in" in taken.err) == (75, True)
    assert "refs/gitcoord/tasks/1" not in project.remote.refs()
    assert agent.runs() == []


def test_an_agent_that_will_not_end_is_ended_with_all_that_it_started(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does("1", {"child": 100}, {"flee": 100}, {"hang": True})
    # The shell ignores TERM before the agent has started, however long that takes.
    deaf = f"trap '' TERM; exec {agent.command}"
    late = project.run("worker", "1", "--shell", "--agent", deaf, "--timeout", "1s", "--grace", "0.2")
    assert late.code == 124
    assert "ignored TERM) after 1 s" in told(project)[-1]
    assert left_over(agent) == []
    # The same when it says that it is done, and leaves its children behind.
    agent.does("1", {"flee": 100}, {"write": {"done.txt": "1\n"}})
    done = work(project, agent, "1", "--grace", "0.2", ok=0)
    assert "ended 1 process that the agent left behind" in done.err
    assert left_over(agent) == []


def test_an_agent_that_may_not_write_any_more_is_named(project: Project, agent: ScriptAgent) -> None:
    agent.does("1", {"fill": ["big.bin", 10_000_000]})
    limited = f"ulimit -f 100; exec {agent.command}"
    ran = project.run("worker", "1", "--shell", "--agent", limited)
    assert ran.code == 1
    assert "cannot write big.bin: File too large" in told(project)[-1]
    assert left_over(agent) == []


@pytest.mark.parametrize("strategy", ["multi-pr", "single-pr"])
def test_a_conflict_goes_back_to_the_agent_once_and_then_waits(
    project: Project, agent: ScriptAgent, strategy: str
) -> None:
    project.run("plan", "--strategy", strategy, ok=0)
    go = agent.directory / "go"
    change = {"replace": ["app.txt", "line 5", "{id} was here"]}
    agent.does("1", {"await": str(go)}, change)
    agent.does("1#rework", {"note": True}, {"print": "I leave it as it is"})
    first = begin(project, agent, "1")
    agent.does("2", change)
    if strategy == "single-pr":
        work(project, agent, "2", ok=0)
    else:
        project.remote.commit({"app.txt": LINES.replace("line 5", "2 was here")})
    go.touch()
    assert first.wait() == 1
    stage = told(project)
    assert "attempt 1 ended: conflict" in stage[-1]
    assert [line for line in stage if line.startswith("task 1 deferred")]
    assert "- `app.txt`" in agent.noted("1")["prompt"]
    assert project.remote.read(BRANCH, "app.txt") == LINES.replace("line 5", "1 was here").rstrip("\n")
    before = len(agent.runs())
    again = work(project, agent, "1", "--now")
    assert (again.code, len(agent.runs()) - before) == (1, 2)  # the start and the end of one turn
    assert "and the agent did not resolve it" in told(project)[-1]
    assert (
        f"to resolve it yourself: `gitcoord checkout 1` in {project.desk.path}.gitcoord/1, edit" in again.err
    )
    agent.does("1#rework", {"write": {"app.txt": LINES.replace("line 5", "both were here")}})
    work(project, agent, "1", "--now", ok=0)
    assert "both were here" in project.remote.read(BRANCH, "app.txt")
    if strategy == "single-pr":
        assert "tasks 1 and 2 clash in app.txt" in stage
        assert "both were here" in project.remote.read("feature/level-0-implementation", "app.txt")


def test_whatever_state_an_agent_leaves_is_put_right_or_named(project: Project, agent: ScriptAgent) -> None:
    (project.desk.path / "gitcoord.toml").write_text('[rules]\nscratch = ["*.tmp"]\n')
    # A branch of its own, a repository inside, and files that must not land.
    agent.does(
        "1",
        {"git": ["switch", "-q", "-c", "my-own"]},
        {"write": {"a.txt": "a\n"}},
        {"commit": "On my own branch"},
        {"git": ["init", "-q", "inner"]},
        {"write": {"x.tmp": "x\n", "-rf": "odd\n", "sp ace.txt": "b\n"}},
        {"remove": "app.txt"},
    )
    work(project, agent, "1", ok=0)
    assert project.remote.files(BRANCH) == ["-rf", "a.txt", "sp ace.txt", "src/main.rs"]
    agent.does("2", {"git": ["checkout", "-q", "--orphan", "else"]}, {"git": ["commit", "-qm", "Lost"]})
    assert work(project, agent, "2").code == 1
    assert (
        "the checkout was left on else, which lacks commits of feature/level-0-task-2"
        in told(project, "2")[-1]
    )


def test_hostile_words_reach_the_agent_as_they_are_and_no_shell(tmp_path: Path, agent: ScriptAgent) -> None:
    title = "$(touch pwned) `touch pwned`; touch pwned \x1b[31m\n--attempt=9"
    project = Project.create(tmp_path / "project", [task(1, title=title)])
    agent.does("1", {"note": True}, {"write": {"x.txt": "x\n"}})
    ran = project.run("worker", "--shell", "--agent", f"{agent.command}; true", "1", ok=0)
    assert "\x1b" not in project.run("log", ok=0).out + ran.err
    seen = agent.noted("1")
    assert seen["environment"]["GITCOORD_TASK_TITLE"] == " ".join(title.split())
    assert not list(tmp_path.rglob("pwned"))
    assert ran.code == 0
