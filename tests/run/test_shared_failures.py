"""Failures with one cause: a run that is left alone does not make all of them."""

from pathlib import Path

import pytest

from gitcoord.events import AnyEvent, AttemptEnded, Outcome, RunChanged
from gitcoord.run.shared_failures import common_failure
from tests.support.agents import ScriptAgent
from tests.support.project import Project, independent

AT = "2026-01-01T00:00:00+00:00"
LOGIN = "the agent ended with code 1: Not logged in · Please run /login"


def ended(unit: str, reason: str = LOGIN, outcome: Outcome = "failed", by: str = "me") -> AttemptEnded:
    return AttemptEnded(at=AT, by=by, task=unit, attempt=1, outcome=outcome, reason=reason, code=1)


@pytest.mark.parametrize(
    ("events", "units"),
    [
        ([ended("1"), ended("2")], None),
        ([ended("1"), ended("2"), ended("2")], None),
        ([ended("1"), ended("2"), ended("3")], 3),
        ([ended("1"), ended("2", outcome="ok"), ended("3"), ended("4")], None),
        ([ended("1"), ended("2"), ended("3", outcome="cancelled"), ended("4")], 3),
        ([ended("1"), ended("2", by="another"), ended("3")], None),
        ([ended(one, f"file {one}.py, line {int(one) * 7}, at 12ab34f{one}") for one in "123"], 3),
        ([ended(one, f"FAILED tests/test_{'abc'[int(one) - 1]}.py") for one in "123"], None),
        ([ended("1"), ended("2"), RunChanged(at=AT, by="me", state="running"), ended("3")], None),
    ],
)
def test_failures_of_several_units_in_a_row_have_one_cause(events: list[AnyEvent], units: int | None) -> None:
    found = common_failure(events, "me", 3)
    assert (found.units if found else None) == units
    assert common_failure(events, "me", 0) is None


def test_a_run_of_agents_that_are_not_logged_in_stops_early_and_names_the_cause(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent(*"123456"))
    agent = ScriptAgent(tmp_path / "agent").does("*", {"print": "Not logged in\n"}, {"exit": 1})
    arguments = ("run", "--agent", agent.command, "--yes", "--max-parallel", "2")
    ran = project.run(*arguments, ok=1)
    starts = [run for run in agent.runs() if run.what == "start"]
    assert len(starts) < 8
    said = "tasks in a row failed for the same reason (the agent ended with code 1: Not logged in); once it"
    assert said in " ".join(ran.err.split())
    assert "Starting no task" in ran.err
    agent.does("*", {"write": {"{id}.txt": "x"}})
    project.run("retry", "--all", ok=0)
    project.run(*arguments, ok=0)
