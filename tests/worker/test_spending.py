"""What agents say that they have used, and a budget that holds starts back by what they really use."""

import json
from pathlib import Path

import pytest

from gitcoord.events import AttemptEnded
from gitcoord.run.capacity import tokens_each
from gitcoord.schedule.model import Capacity
from gitcoord.worker.attempt.spending import Spending
from tests.support.project import Project, independent

CLAUDE = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "num_turns": 3,
    "result": 'I wrote "usage" down.\nDone.',
    "session_id": "4f1c",
    "total_cost_usd": 0.1234,
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 3000,
        "output_tokens": 40,
        "server_tool_use": {"web_search_requests": 0},
        "service_tier": "standard",
    },
}
CODEX = {
    "type": "turn.completed",
    "usage": {"input_tokens": 1200, "cached_input_tokens": 200, "output_tokens": 345},
}
MESSAGE = {"type": "assistant", "message": {"usage": {"input_tokens": 7}}, "usage": {"input_tokens": 9}}


@pytest.mark.parametrize(
    ("said", "tokens", "usd"),
    [
        (json.dumps(CLAUDE), 3250, 0.1234),
        (f"{json.dumps(MESSAGE)}\n{json.dumps(CLAUDE)}\n", 3250, 0.1234),
        (json.dumps([{"type": "system"}, MESSAGE, CLAUDE]), 3250, 0.1234),
        (f"working …\n{json.dumps({'type': 'thread.started'})}\n{json.dumps(CODEX)}\n", 1545, None),
        (f"{json.dumps(CODEX)}\n{json.dumps(CLAUDE)}\n", 4795, 0.1234),
        ('{"usage": {"input_tokens": 5}}\nmy "usage" is {\n', None, None),
        (
            '{"type": "result", "usage": {"input_tokens": "many"}}\n{"type": "result", "usage": nonsense}\n',
            None,
            None,
        ),
        (
            '{"type": "result", "usage": {"input_tokens": -5, "output_tokens": 3}, "total_cost_usd": -1}',
            3,
            None,
        ),
        ("", None, None),
    ],
)
def test_the_json_of_agents_is_read_wherever_it_is_cut(
    said: str, tokens: int | None, usd: float | None
) -> None:
    for size in (1, 7, 1 << 20):
        spending, data = Spending(), said.encode()
        for start in range(0, len(data), size):
            spending.write(data[start : start + size])
        spending.close()
        assert (spending.tokens, spending.usd) == (tokens, usd)


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    spending = Spending()
    for _ in range(80):
        spending.write(b'{"usage"' + b"x" * (1 << 17))
    spending.write(b"\n" + json.dumps(CODEX).encode() + b"\n")
    assert spending.tokens == 1545


def test_what_units_are_counted_with_is_the_median_of_what_they_used() -> None:
    def ended(tokens: int | None, outcome: str = "ok") -> AttemptEnded:
        told = {"at": "", "by": "me", "task": "1", "attempt": 1, "outcome": outcome, "tokens": tokens}
        return AttemptEnded(**told)  # type: ignore[arg-type]

    assert tokens_each([ended(None), ended(9, "failed")]) == 0
    assert tokens_each([ended(10), ended(1000), ended(30), ended(None)]) == 30
    assert Capacity().tokens_each == 0


def test_a_budget_holds_back_what_would_go_beyond_it_and_the_cost_is_told(tmp_path: Path) -> None:
    """Three at once are planned; after the first is seen to use two thirds of the budget, one is."""
    project = Project.create(tmp_path / "project", independent(*"12345"))
    diary, answer = tmp_path / "diary", tmp_path / "answer.json"
    answer.write_text(json.dumps(CLAUDE))
    agent = tmp_path / "agent.sh"
    agent.write_text(
        f'#!/bin/sh\necho "+ $GITCOORD_TASK_ID" >>{diary}\nsleep 0.3\necho x >"f-$GITCOORD_TASK_ID"\n'
        f'cat {answer}\necho "- $GITCOORD_TASK_ID" >>{diary}\n'
    )
    agent.chmod(0o755)
    limits = ("--max-parallel", "3", "--token-budget", "4800")
    ran = project.run("worker", "1", "--agent", str(agent), ok=0)
    assert ran.code == 0
    project.run("run", "--agent", str(agent), "--yes", *limits, ok=0)
    at_once = most = 0
    for line in diary.read_text().splitlines():
        at_once += 1 if line.startswith("+") else -1
        most = max(most, at_once)
    assert most == 1
    report = project.run("report", ok=0).out
    assert "$0.62 in all" in report
    document = project.run("report", "--json", ok=0).json
    assert (document["tokens"], document["usd"]) == (16250, 0.617)
