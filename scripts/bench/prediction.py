"""How near a run comes to what the plan predicted: a speed-up measured against a speed-up foretold.

Seventeen tasks: eleven in a row, three side by side with three subtasks each, three in a row. The agent takes
as long as the estimates say, so that what is missing is what coordination costs. Checks, too, that the three
overlap, that the next starts after all of them, and that every unit's file is in the base.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from run import GITCOORD, git

AGENT = """import os, sys, time
unit = os.environ["GITCOORD_SUBTASK"] or os.environ["GITCOORD_TASK_ID"]
time.sleep(float(sys.argv[1]) * (1 / 3 if "." in unit else 1))
os.makedirs("done", exist_ok=True)
with open(f"done/{unit}.txt", "w") as file:
    file.write(unit + "\\n")
"""
MIDDLE = (12, 13, 14)


def make_tasks() -> list[dict[str, Any]]:
    """The task list; estimates in minutes."""
    needs = {one: [one - 1] for one in (*range(2, 12), 16, 17)} | {one: [11] for one in MIDDLE}
    needs[15] = list(MIDDLE)
    return [
        {
            "id": one,
            "title": f"Task {one}",
            "status": "pending",
            "dependencies": needs.get(one, []),
            "estimate": 30,
            "subtasks": [_subtask(part) for part in (1, 2, 3)] if one in MIDDLE else [],
        }
        for one in range(1, 18)
    ]


def _subtask(part: int) -> dict[str, Any]:
    needs = [1, 2] if part == 3 else []
    return {"id": part, "title": f"Part {part}", "status": "pending", "dependencies": needs, "estimate": 10}


def make_project(place: Path) -> None:
    """A repository with the task list, and a setting for one pull request a task."""
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "config", "user.name", "bench")
    git(place, "config", "user.email", "bench@localhost")
    (place / "tasks").mkdir()
    (place / "tasks/tasks.json").write_text(json.dumps({"tasks": make_tasks()}))
    (place / "gitcoord.toml").write_text('strategy = "multi-pr"\n')
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "the base")


def check(place: Path, report: dict[str, Any]) -> list[str]:
    """What is not as it has to be."""
    wrong = []
    bars = {task: [bar for bar in report["bars"] if bar["task"] == str(task)] for task in range(1, 18)}
    spans = {task: (min(b["start"] for b in of), max(b["end"] for b in of)) for task, of in bars.items()}
    if max(spans[task][0] for task in MIDDLE) >= min(spans[task][1] for task in MIDDLE):
        wrong.append("tasks 12, 13 and 14 did not overlap")
    if spans[15][0] < max(spans[task][1] for task in MIDDLE):
        wrong.append("task 15 started before 12, 13 and 14 had ended")
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "main", "done"],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    units = [str(one) for one in range(1, 18) if one not in MIDDLE]
    units += [f"{one}.{part}" for one in MIDDLE for part in (1, 2, 3)]
    if sorted(listed) != sorted(f"done/{unit}.txt" for unit in units):
        wrong.append(f"the base holds {len(listed)} of {len(units)} units")
    if report["landed"] != report["tasks"]:
        wrong.append(f"{report['landed']} of {report['tasks']} tasks landed")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="what the agent takes for 30 minutes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        place, agent = Path(scratch, "project"), Path(scratch, "agent.py")
        make_project(place)
        agent.write_text(AGENT)
        command = shlex.join([sys.executable, "-I", "-S", str(agent), str(asked.seconds)])
        run = ["run", "--yes", "--land", "--max-parallel", "4", "--agent", command]
        ended = subprocess.run([*GITCOORD, *run], cwd=place, check=False, stdout=subprocess.DEVNULL)
        told = subprocess.run([*GITCOORD, "report", "--json"], cwd=place, capture_output=True, check=True)
        report = json.loads(told.stdout)
        wrong = check(place, report) + ([f"run ended with {ended.returncode}"] if ended.returncode else [])
    measured, predicted = report["speedup"], report["predicted"]
    off = f"{measured / predicted - 1:+.1%}"
    print(f"30 minutes as {asked.seconds:g} s, at most 4 at once, {len(report['bars'])} tries")
    print(f"speed-up   {measured:.3f} measured, {predicted:.3f} predicted, off by {off}")
    print(f"elapsed    {report['elapsed']:.0f} s for {report['sequential']:.0f} s of work")
    print("in order   12, 13, 14 overlap; 15 after them; all landed" if not wrong else f"WRONG: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
