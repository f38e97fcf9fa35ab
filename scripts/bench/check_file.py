"""Times `gitcoord check-file` on a warm cache; see `scripts/bench/check_file`.

Everything is started by Python's subprocess, in turns, so that a loaded machine slows all of them alike; the
ratios are medians of the ratios of each round.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def run(*command: str, cwd: Path, ok: tuple[int, ...] = (0,)) -> None:
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode in ok, (command, ended.stdout, ended.stderr)


def make_project(place: Path, tasks: int) -> None:
    """A clone in which every task has a branch that changes three files."""
    run("git", "init", "--quiet", "--initial-branch=main", str(place), cwd=place.parent)
    for key, value in (("user.name", "bench"), ("user.email", "bench@localhost"), ("gc.auto", "0")):
        run("git", "config", key, value, cwd=place)
    for number in range(300):
        path = place / f"src/{number % 20}/file{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"line {line}\n" for line in range(50)))
    listed = [{"id": n, "title": f"Task {n}", "status": "pending", "dependencies": []} for n in range(tasks)]
    (place / "tasks").mkdir()
    (place / "tasks/tasks.json").write_text(json.dumps({"master": {"tasks": listed, "metadata": {}}}))
    run("git", "add", "--all", cwd=place)
    run("git", "commit", "--quiet", "--message", "the base", cwd=place)
    run(str(BIN / "gitcoord"), "plan", cwd=place)
    for task in range(tasks):
        run("git", "checkout", "--quiet", "-b", f"feature/level-0-task-{task}", "main", cwd=place)
        for number in (task, 2 * task + 1, 100 + task % 7):
            path = place / f"src/{number % 20}/file{number}.txt"
            path.write_text(path.read_text().replace("line 7\n", f"line 7 of {task}\n"))
        run("git", "commit", "--quiet", "--all", "--message", f"task {task}", cwd=place)
    run("git", "checkout", "--quiet", "main", cwd=place)


def seconds(command: list[str], place: Path) -> tuple[float, float]:
    """Wall-clock and CPU time of one start."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=place, capture_output=True, check=False)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        place = Path(scratch, "project")
        make_project(place, options.tasks)
        gitcoord = str(BIN / "gitcoord")
        asked = ["check-file", "src/0/file100.txt"]
        time.sleep(0.2)
        run(gitcoord, *asked, cwd=place, ok=(1,))
        commands = {
            "git --version": ["git", "--version"],
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -I -S -c pass": [sys.executable, "-I", "-S", "-c", "pass"],
            "gitcoord check-file, warm": [gitcoord, *asked],
            "python -I -m gitcoord, warm": [sys.executable, "-I", "-m", "gitcoord", *asked],
            "gitcoord check-file, full look": [gitcoord, *asked, "--task", "0"],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                times[name].append(seconds(command, place))
    git, nothing = times["git --version"], times["python -c pass"]
    print(f"{options.tasks} task branches, {options.rounds} rounds\n")
    print(f"{'':32} {'wall ms':>8} {'x git --version':>16} {'x python -c pass':>17} {'CPU ms':>8}")
    for name, measured in times.items():
        to_git = statistics.median(a[0] / b[0] for a, b in zip(measured, git, strict=True))
        to_nothing = statistics.median(a[0] / b[0] for a, b in zip(measured, nothing, strict=True))
        wall = statistics.median(wall for wall, _ in measured) * 1000
        cpu = statistics.median(cpu for _, cpu in measured) * 1000
        print(f"{name:32} {wall:8.1f} {to_git:16.1f} {to_nothing:17.2f} {cpu:8.1f}")
    print("\nThe goal of 3 x `git --version` is below what an interpreter needs to start and do nothing.")


if __name__ == "__main__":
    main()
