"""Plays twenty tasks with and without foresight: how many had to be reworked, how long until all had landed.

The tasks are the newest changes of a generated repository, with their words as title and text. Agents are
scripts that take as long as they are told and add a line at the end of each file that the real change
touched, so that two tasks that share a file conflict unless one starts from the other. Both ways have the
same width.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gitcoord.foresight.mining import HistoryReader  # noqa: E402
from gitcoord.foresight.replay import PastTask, past_tasks  # noqa: E402
from gitcoord.git.git_cli import Git  # noqa: E402
from tests.foresight.synthetic import make_history  # noqa: E402

GITCOORD = (sys.executable, "-P", "-m", "gitcoord")
AGENT = """
import json, os, pathlib, sys, time
seconds, edits = json.loads(pathlib.Path(sys.argv[1]).read_text())
task = os.environ["GITCOORD_TASK_ID"]
time.sleep(seconds[task])
for name in edits[task]:
    path = pathlib.Path(name)
    lines = path.read_text().splitlines()
    if os.environ.get("GITCOORD_REWORK"):
        lines = [line for line in lines if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>", "|||||||")]
    elif name == "CHANGELOG.md":
        lines.insert(1, f"- what task {task} did")
    else:
        lines.append(f"# task {task}")
    path.write_text("\\n".join([*lines, ""]))
"""


def main() -> None:
    options = _options()
    found: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as directory:
        for seed in range(options.seed, options.seed + options.repeat):
            for predict in (True, False):
                place = Path(directory) / f"{seed}-{predict}"
                report = played(place, seed, options, predict=predict)
                found[predict].append(report)
                print(
                    f"seed {seed}, {'with' if predict else 'without'} foresight: "
                    f"{report['rework']} reworked, {report['landed']} of {options.tasks} landed "
                    f"after {report['elapsed']:.1f} s, {report['conflicts']['found']} pairs conflicted",
                    flush=True,
                )
                shutil.rmtree(place, ignore_errors=True)
    for predict, reports in found.items():
        rework = statistics.mean(report["rework"] for report in reports)
        elapsed = statistics.mean(report["elapsed"] for report in reports)
        name = "with" if predict else "without"
        print(f"{name} foresight: {rework:.2f} tasks reworked, {elapsed:.1f} s until all had landed (means)")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--width", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long an agent is at work")
    parser.add_argument("--history", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=3, help="how many repositories")
    return parser.parse_args()


def played(place: Path, seed: int, options: argparse.Namespace, *, predict: bool) -> dict[str, Any]:
    """What `report` says of a run on a repository of its own."""
    place.mkdir()
    history = make_history(place / "history.git", seed=seed, changes=options.history + options.tasks)
    reader = HistoryReader(Git(history.path))
    tasks = past_tasks(reader, history.tip("main"), options.tasks)
    desk = place / "desk"
    _run("git", "clone", "--quiet", str(history.path), str(desk), cwd=place)
    for command in (
        ("git", "reset", "--quiet", "--hard", tasks[0].parent),
        ("git", "remote", "remove", "origin"),
        ("git", "config", "user.name", "bench"),
        ("git", "config", "user.email", "bench@localhost"),
    ):
        _run(*command, cwd=desk)
    _write_list(desk, tasks)
    settings = 'strategy = "multi-pr"\nbase = "main"\n[rules]\nunion = ["CHANGELOG.md"]\n'
    (desk / "gitcoord.toml").write_text(settings)
    (desk / ".gitignore").write_text("gitcoord.toml\ntasks/\n")
    agent, script = place / "agent.py", place / "script.json"
    agent.write_text(AGENT)
    names = {str(number): sorted(task.paths) for number, task in enumerate(tasks, 1)}
    script.write_text(json.dumps([dict.fromkeys(names, options.seconds), names]))
    choice = "--predict" if predict else "--no-predict"
    gitcoord("plan", "--max-parallel", str(options.width), choice, cwd=desk)
    command = f"{sys.executable} -I -S {agent} {script}"
    gitcoord("run", "--agent", command, "--land", "--yes", "--rework", "3", cwd=desk, ok=(0, 1))
    report: dict[str, Any] = json.loads(gitcoord("report", "--json", cwd=desk))
    return report


def _write_list(desk: Path, tasks: list[PastTask]) -> None:
    listed = [
        {
            "id": number,
            "title": task.title,
            "description": task.body,
            "status": "pending",
            "dependencies": [],
        }
        for number, task in enumerate(tasks, 1)
    ]
    (desk / "tasks").mkdir()
    (desk / "tasks" / "tasks.json").write_text(json.dumps({"master": {"tasks": listed}}))


def gitcoord(*arguments: str, cwd: Path, ok: tuple[int, ...] = (0,)) -> str:
    return _run(*GITCOORD, *arguments, cwd=cwd, ok=ok)


def _run(*command: str, cwd: Path, ok: tuple[int, ...] = (0,)) -> str:
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=around)
    if ended.returncode not in ok:
        raise SystemExit(f"{command}: {ended.returncode}\n{ended.stderr}")
    return ended.stdout


if __name__ == "__main__":
    main()
