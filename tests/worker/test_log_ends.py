"""The end of an attempt's log, which git keeps for clones on other machines."""

import signal

from gitcoord.state.log_ends import MOST_BYTES
from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.waiting import until
from tests.worker.test_worker import agent, begin, project, told, work

__all__ = ["agent", "project"]  # fixtures


def log_refs(project: Project) -> list[str]:
    return [ref for ref in project.remote.refs() if ref.startswith("refs/gitcoord/logs/")]


def test_any_clone_shows_the_end_of_a_log_that_another_machine_has(
    project: Project, agent: ScriptAgent
) -> None:
    token = "ghp_" + "a1B2" * 8
    agent.does("1", {"print": f"the token is {token}"}, {"print": "\x1b[31mred\x1b[0m"}, {"exit": 1})
    elsewhere = project.worker("2")
    assert elsewhere.run("logs", "1").code == 2
    before = project.remote.refs()
    work(project, agent, "1")
    assert log_refs(project) == ["refs/gitcoord/logs/1/1/1"]
    assert set(project.remote.refs()) - set(before) == {"refs/gitcoord/logs/1/1/1", "refs/gitcoord/tasks/1"}
    shown = elsewhere.run("logs", "1", ok=0)
    assert "the token is ***\nred" in shown.out
    assert shown.err.startswith("A copy from git: attempt 1 wrote its log on ")
    assert "\x1b[31mred" in elsewhere.run("logs", "1", "--raw", ok=0).out
    # The other clone has it on request only: its fetches leave all of them out.
    assert [ref for ref in project.desk.refs() if "/logs/" in ref] == []
    work(project, agent, "1")
    project.worker("3").run("status", ok=0)
    assert [ref for ref in project.worker("3").repo.refs() if "/logs/" in ref] == []
    assert "the token is ***" in project.run("logs", "1", ok=0).out
    document = elsewhere.run("logs", "1", "--attempt", "2", "--json", ok=0).json
    end = document["end"]
    assert (document["attempt"], document["logs"], end["attempt"], end["complete"]) == (2, [], 2, True)
    assert end["engine"] == "local"
    # The log itself comes first wherever it is.
    assert "end" not in project.run("logs", "1", "--json", ok=0).json


def test_of_a_long_log_only_the_end_is_kept_and_that_is_said(project: Project, agent: ScriptAgent) -> None:
    agent.does("1", {"print": "the beginning"}, {"spew": 200_000}, {"print": "the end"}, {"exit": 1})
    work(project, agent, "1")
    shown = project.worker("2").run("logs", "1", ok=0)
    assert shown.out.endswith("the end\n")
    assert "the beginning" not in shown.out
    assert len(shown.out) < MOST_BYTES + 2
    assert shown.err.startswith("Only the end of the log, from git: the last 6")
    assert "wrote the whole log on" in shown.err
    end = project.worker("2").run("logs", "1", "--json", ok=0).json["end"]
    assert (end["complete"], end["bytes"] > 200_000) == (False, True)


def test_a_server_that_takes_no_log_fails_no_attempt(project: Project, agent: ScriptAgent) -> None:
    hook = project.remote.path / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncase $1 in refs/gitcoord/logs/*) echo no room; exit 1 ;; esac\n")
    hook.chmod(0o755)
    agent.does("1", {"write": {"new.txt": "1\n"}})
    assert work(project, agent, "1", "--json", ok=0).json["outcome"] == "ok"
    assert told(project)[-1] == "task 1: attempt 1 ended: ok"
    assert log_refs(project) == []
    said = project.worker("2").run("logs", "1")
    assert (said.code, "Attempt 1 ran on" in said.err) == (2, True)


def test_the_log_of_a_killed_worker_is_kept_by_who_records_its_end(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does("1", {"print": "last words"}, {"await": str(agent.directory / "never")})
    worker = begin(project, agent, "1")
    until(lambda: "last words" in (project.desk.path / ".git/gitcoord/run/1-1/log").read_text())
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    agent.does("1", {"exit": 1})
    work(project, agent, "1")
    assert told(project)[2].endswith("attempt 1 ended: lost: its worker is gone")
    assert "last words" in project.worker("2").run("logs", "1", "--attempt", "1", ok=0).out


def test_settings_limit_how_many_are_kept_and_a_new_plan_forgets_them(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does("1", {"exit": 1})
    agent.does("2", {"exit": 1})
    for id in ("1", "2", "1"):
        work(project, agent, id)
    assert len(log_refs(project)) == 3
    (project.desk.path / "gitcoord.toml").write_text("[run]\nkeep-log-ends = 1\n")
    project.run("run", "--agent", "false", "--retries", "0", "--yes")
    kept = log_refs(project)
    assert len(kept) == 1
    project.run("plan", "--reset", "--force", ok=0)
    assert log_refs(project) == []
