"""`gitcoord run`, `pause`, `resume` and `retry`, with a real program as the agent and real processes."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.engines.contract import lives
from tests.support.agents import ScriptAgent
from tests.support.cli import gitcoord, start_gitcoord
from tests.support.misbehaving import Misbehaving
from tests.support.misdeeds import deed
from tests.support.project import Project
from tests.support.soak import Soak
from tests.support.tasklists import task, write_tasks

Make = Callable[..., Project]
T = TypeVar("T")


@pytest.fixture
def agent(tmp_path: Path) -> ScriptAgent:
    return ScriptAgent(tmp_path / "agent")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(tasks: list[dict[str, Any]], **options: Any) -> Project:
        return Project.create(tmp_path / "project", tasks, **options)

    return made


def test_tasks_run_side_by_side_land_as_they_go_and_one_failure_stops_only_what_needs_it(
    make: Make, agent: ScriptAgent, tmp_path: Path
) -> None:
    parts = [task(1), task(2), task(3, depends_on=[1, 2])]
    project = make(
        [task(1, subtasks=parts), task(2), task(3, depends_on=[1]), task(4), task(5, depends_on=[4])]
    )
    met = tmp_path / "agent" / "met"
    # Each of the two goes on only when the other one is at work.
    agent.does("1.1", {"touch": f"{met}-1"}, {"await": f"{met}-2"}, {"write": {"1.1": "x"}})
    agent.does("2", {"exit": 75})
    agent.does("2#2", {"touch": f"{met}-2"}, {"await": f"{met}-1"}, {"write": {"2": "x"}})
    agent.does("4", {"exit": 1})
    ran = project.run("run", "--agent", agent.command, "--land", "--yes", "--retries", "0", "--json", ok=1)
    assert "Git merged everything cleanly, but no check was run" in ran.err
    states = {unit["unit"]: (unit["state"], unit["reason"]) for unit in ran.json["units"]}
    assert states == {
        **dict.fromkeys(("1.1", "1.2", "1.3", "2", "3"), ("landed", "")),
        "4": ("failed", "its attempt 1 failed: the agent ended with code 1"),
        "5": ("blocked", "it needs task 4, which failed"),
    }
    assert {"1.1", "2", "agent-1.2.txt", "agent-1.3.txt", "agent-3.txt"} <= set(project.remote.files("main"))
    begun = {run.id: run.at for run in agent.runs() if run.what == "start"}
    over = {run.id: run.at for run in agent.runs() if run.what == "end"}
    assert max(over["1.1"], over["1.2"]) < begun["1.3"] < over["1.3"] < begun["3"]

    shown = project.run("run", "--agent", agent.command, "--retries", "0", "--dry-run", ok=0)
    idle = " ".join(shown.out.split())
    assert "Nothing can start: the remaining 2 of 7 units of work wait. Not in this run:" in idle
    assert "4: its attempt 1 failed: the agent ended with code 1 5: it needs task 4, which failed" in idle
    assert idle.endswith("To retry them: `gitcoord retry 4`")

    done = project.run("retry", "1.2", ok=1)
    assert done.err.splitlines()[0] in (
        "gitcoord: Task 1 has already landed.",
        "gitcoord: Task 1.2 is done; there is nothing to retry.",
    )

    # What failed is tried again when somebody says so; the rest is not touched.
    agent.does("4", {"write": {"4": "x"}})
    assert project.run("retry", "5", "4", "--dry-run", "--json", ok=0).json["tasks"] == ["5", "4"]
    assert "either TASK or --all" in project.run("retry", ok=2).err
    assert project.run("retry", "--all", "--json", ok=0).json["tasks"] == ["4"]
    by_hand = project.desk.path.with_name("desk.gitcoord") / "1"
    project.desk.git("worktree", "add", "--quiet", str(by_hand), "feature/level-0-task-1")
    project.run("run", "--agent", agent.command, "--land", "--delete-branches", ok=2)
    assert by_hand.is_dir()
    project.run("run", "--agent", agent.command, "--land", "--delete-branches", "--yes", ok=0)
    assert not by_hand.exists()
    for repo in (project.desk, project.remote):
        assert [ref for ref in repo.refs() if ref.startswith("refs/heads/")] == ["refs/heads/main"]
    assert {"4", "agent-5.txt"} <= set(project.remote.files("main"))
    assert [run.id for run in agent.runs() if run.what == "start"][-2:] == ["4", "5"]


def test_two_that_clash_are_seen_at_work_reworked_and_landed_with_the_base_never_broken(
    make: Make, agent: ScriptAgent, tmp_path: Path
) -> None:
    project = make([task(1), task(2, subtasks=[task(1)])], files={"a.txt": "one\ntwo\nthree\n"})
    seen, noted = tmp_path / "agent" / "seen", tmp_path / "noted"
    (project.desk.path / "gitcoord.toml").write_text(f"[run]\non-event = 'tee -a {noted}'\n")
    for unit in ("1", "2.1"):
        change = {"replace": ["a.txt", "two", f"TWO of {unit[0]}"]}
        agent.does(unit, {"note": True}, change, {"await": str(seen)})
    both = {"write": {"a.txt": "one\nTWO of both\nthree\n"}}
    agent.does("1#rework", both).does("2#rework", both)
    command = ("run", "--agent", agent.command, "--check", "grep -q -e two -e TWO a.txt", "--land", "--yes")
    run = start_gitcoord(*command, cwd=project.desk.path)
    clash = wait_for(lambda: [one for one in log(project) if one["event"] == "clash"])
    # What starts in the same moment is known, and a clash that begins then is heard where it matters.
    for unit, other in (("1", "2.1"), ("2.1", "1")):
        assert f"files that are not known yet: {other} (" in agent.noted(unit)["prompt"]
        checkout = project.desk.path.with_name("desk.gitcoord") / unit
        heard = checkout / ".gitcoord" / "clashes"
        assert agent.noted(unit)["environment"]["GITCOORD_CLASHES_FILE"] == str(heard)
        wait_for(heard.exists)
        assert heard.read_text().startswith(f"a.txt: task {other} (")
        asked = gitcoord("check-file", "a.txt", cwd=checkout)
        assert (asked.code, f"a.txt: task {other[0]} (" in asked.out) == (1, True)
    seen.touch()
    _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert {clash[0]["task"]} | {"1", "2.1"} == {"1", "2.1"}
    assert "in a.txt" in clash[0]["sentence"]
    assert project.remote.read("main", "a.txt") == "one\nTWO of both\nthree"
    for commit in project.remote.git("rev-list", "main").split():
        text = project.remote.read(commit, "a.txt")
        assert "<<<<" not in text
        assert "two" in text.lower()
    events = log(project)
    assert len([one for one in events if one["event"] == "clash"]) == 1
    # Without a terminal every event of the run is one line, and the last line says how everything stands.
    since = next(place for place, one in enumerate(events) if one["event"] == "run")
    passed_on = [json.loads(line)["sentence"] for line in noted.read_text().splitlines()]
    assert sorted(passed_on) == sorted(one["sentence"] for one in events[since:])
    printed = [line[9:] for line in said.decode().splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert printed == [one["sentence"] for one in events[since:]]
    assert said.decode().splitlines()[-1].startswith("2 of 2 units done (100 %), 2 of 2 tasks landed")


def test_killed_at_random_moments_and_run_again_everything_lands_once(tmp_path: Path) -> None:
    soak = Soak(tmp_path, seed=4, quick=True)
    soak.run(2, latest=1.0)
    soak.check()
    assert soak.kills


def test_ctrl_c_twice_ends_what_is_at_work_and_the_next_run_goes_on(
    make: Make, agent: ScriptAgent, tmp_path: Path
) -> None:
    project = make([task(1), task(2, depends_on=[1])])
    agent.does("1", {"touch": str(tmp_path / "agent" / "begun")}, {"flee": 3600.0}, {"hang": True})
    command = ("run", "--agent", agent.command, "--land", "--yes")
    run = start_gitcoord(*command, cwd=project.desk.path)
    wait_for((tmp_path / "agent" / "begun").exists)
    refused = project.run(*command, ok=1)
    assert "Another `gitcoord run` is running" in refused.err
    project.run("pause", "--reason", "a look", ok=0)
    os.killpg(run.pid, signal.SIGINT)
    assert run.stderr
    told = [next(line for line in run.stderr if b"Press Ctrl-C again to stop it." in line)]
    os.killpg(run.pid, signal.SIGINT)
    said = b"".join([*told, *run.stderr])
    assert run.wait(60) == 130, said
    assert b"Interrupted" not in said
    assert b"resume" not in said
    fled = [int(file.name.removeprefix("child-")) for file in (tmp_path / "agent").glob("child-*")]
    assert len(fled) == 1
    assert not any(map(lives, fled))
    events = [(one["event"], one["sentence"]) for one in log(project) if one["event"] != "plan"]
    assert any("cancelled" in sentence for event, sentence in events if event == "attempt-ended")
    assert "no-run" in project.run("resume", "--json", ok=1).out

    agent.does("1", {"write": {"1": "x"}})
    project.run(*command, ok=0)
    assert [run.attempt for run in agent.runs() if run.id == "1"][-1] == 2
    assert not project.desk.path.with_name("desk.gitcoord").exists()


def test_a_run_waits_for_a_remote_that_is_away_and_gives_up_only_what_is_refused_for_good(
    make: Make, agent: ScriptAgent
) -> None:
    project = make([task(1), task(2), task(3)])
    agent.does("1", {"hang": True}).does("1#2", {"write": {"1": "x"}})
    go = agent.directory / "go"
    agent.does("2#1", {"await": str(go)}, {"write": {"2": "x"}}).does("2", {"append": {"2": "y"}})
    command = ("run", "--agent", agent.command, "--yes", "--max-parallel", "2")
    run = start_gitcoord(*command, cwd=project.desk.path)
    assert run.stderr is not None
    wait_for(lambda: len(agent.runs()) == 2)
    here, away = project.remote.path, project.remote.path.with_name("away.git")
    here.rename(away)
    worker = json.loads((project.desk.path / ".git/gitcoord/run/1-1/worker.json").read_text())
    os.kill(worker["pid"], signal.SIGKILL)
    said = [next(line for line in run.stderr if b"cannot be read" in line)]
    assert b"Starting no task until that is over; trying again." in said[0]
    # Back, it takes nothing: what is at work may end, nothing else begins, and the way out is said.
    hook = away / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho Permission to write denied; exit 1\n")
    hook.chmod(0o755)
    away.rename(here)
    said.append(next(line for line in run.stderr if b"Running tasks continue; no task starts" in line))
    go.touch()
    _, rest = run.communicate(timeout=60)
    assert (run.returncode, b"".join([*said, rest]).count(b"cannot be read")) == (3, 1), (said, rest)
    assert b"Permission to write denied" in said[1]
    assert b"`gitcoord run` continues once that is fixed." in rest
    assert {(run.id, run.attempt) for run in agent.runs()} == {("1", 1), ("2", 1)}
    (here / "hooks/pre-receive").unlink()
    project.run(*command, ok=0)
    # What had been finished while nothing could be recorded is handed in, and not done again.
    assert project.remote.read("feature/level-0-task-2", "2") == "x"


def test_without_landing_what_builds_on_others_waits_and_with_pipeline_it_stands_on_their_branches(
    make: Make, agent: ScriptAgent
) -> None:
    project = make([task(1), task(2, depends_on=[1])])
    waits = project.run("run", "--agent", agent.command, "--yes", "--json", ok=1)
    assert "2: it needs task 1 in main, and nothing lands without --land" in waits.err
    assert [(unit["state"], unit["reason"]) for unit in waits.json["units"]] == [
        ("handed-in", ""),
        ("waiting", "it needs task 1: submitted, and not landed yet"),
    ]
    agent.does("2", {"print": "nothing is to be changed"})
    project.run("run", "--agent", agent.command, "--yes", "--pipeline", "--allow-empty", ok=0)
    assert "agent-1.txt" in project.remote.files("feature/level-1-task-2")
    assert project.remote.files("main") == ["src/main.rs"]


def test_a_run_shows_what_it_would_do_and_begins_only_when_somebody_agrees(
    make: Make, agent: ScriptAgent
) -> None:
    hints: dict[str, Any] = {"metadata": {"gitcoord": {"modifies": ["a.py"]}}}
    project = make([task(1, **hints), task(2, **hints), task(3, depends_on=[1])])
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    write_tasks(project.desk.path, [task(1, **hints), task(2, **hints), task(3, depends_on=[1])])
    shown = project.run("run", "--agent", agent.command, "--land", "--dry-run", "--json", ok=0).json
    assert shown["schema"] == "gitcoord.run-preview/1"
    assert (shown["sequential"], shown["duration"], shown["together"]) == (90, 60, [["1"], ["2", "3"]])
    assert shown["clashes"] == [{"units": ["1", "2"], "seen": False}]
    assert "refs/gitcoord/plan" not in project.remote.refs()
    refused = project.run("run", "--agent", agent.command, "--land", ok=2)
    assert "1 and 2 declare the same paths: the later one waits" in refused.err
    assert "The run lands what git merges cleanly, unchecked." in refused.err
    words = ("run", "--agent", agent.command, "--dry-run", "--check", "make test")
    assert "The run lands only trees that pass `make test`." in project.run(*words, "--land", ok=0).out
    assert "The run lands" not in project.run(*words, ok=0).out
    assert "Add `--yes`." in refused.err
    assert agent.runs() == []
    wrong: list[str]
    for wrong in (
        ["--max-parallel", "many"],
        ["--pipeline", "--barrier"],
        ["--speculate"],
        ["--stagger", "soon"],
    ):
        project.run("run", "--agent", agent.command, "--yes", *wrong, ok=2)
    assert "refs/gitcoord/plan" not in project.remote.refs()
    assert "./nowhere is not a file" in project.run("run", "--agent", "./nowhere", "--yes", ok=2).err
    assert "There is no agent for the tasks." in project.run("run", ok=2).err


def log(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.run("log", "--json", ok=0).json["events"]
    return found


def wait_for(found: Callable[[], T]) -> T:
    """What `found` returns as soon as that is something; the test's own time limit ends the waiting."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError(json.dumps(str(found)))


def test_agents_that_misbehave_lose_no_work_and_touch_nobody_elses(tmp_path: Path) -> None:
    names = {
        "1.1": ("detached and back", "config"),
        "1.2": ("nested", "locks", "fled"),
        "2": ("git's record removed",),
        "3": ("left in the middle",),
    }
    deeds = {unit: [deed(unit, 1, one)] for unit, one in names.items()}
    soak = Misbehaving(tmp_path, seed=7, strategy="single-pr", deeds=deeds)
    soak.run()
    soak.check()
