"""What `gitcoord run` costs beside the work: time for each task, and the coordinator's share of one core.

Many independent tasks of an agent that does nothing, then a few whose agent sleeps while the run waits idly.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

GITCOORD = (sys.executable, "-P", "-m", "gitcoord")


class Cost(NamedTuple):
    """How long a command took, its own processor time; its share and wake-ups a second in the middle half."""

    wall: float
    own: float
    share: float
    wakes: float
    code: int


def make_project(place: Path, tasks: int) -> None:
    """A repository with so many independent tasks, planned."""
    place.mkdir()
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "bench"),
        ("config", "user.email", "bench@localhost"),
        ("config", "gc.auto", "0"),
    ):
        git(place, *command)
    listed = [{"id": n, "title": f"Task {n}", "status": "pending", "dependencies": []} for n in range(tasks)]
    (place / "tasks").mkdir()
    (place / "tasks/tasks.json").write_text(json.dumps({"master": {"tasks": listed, "metadata": {}}}))
    (place / "gitcoord.toml").write_text('strategy = "multi-pr"\n[run]\nallow-empty = true\n')
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "the base")
    subprocess.run([*GITCOORD, "plan"], cwd=place, check=True, capture_output=True)


def git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=place, check=True)


def measure(place: Path, *arguments: str) -> Cost:
    """Runs a command of gitcoord and watches it."""
    start = time.perf_counter()
    with Path(place.parent, "log").open("ab") as log:
        running = psutil.Popen([*GITCOORD, *arguments], cwd=place, stdout=log, stderr=log)
        samples = [(0.0, 0.0, 0)]
        while running.poll() is None:
            try:
                used = running.cpu_times()
                wakes = running.num_ctx_switches().voluntary
            except psutil.Error:
                break
            samples.append((time.perf_counter() - start, used.user + used.system, wakes))
            time.sleep(0.2)
        code = running.wait()
    wall = time.perf_counter() - start
    middle = [one for one in samples if wall / 4 <= one[0] <= wall * 3 / 4] or samples
    (begun, before, slept), (ended, after, woken) = middle[0], middle[-1]
    seconds = max(ended - begun, 0.001)
    return Cost(wall, samples[-1][1], (after - before) / seconds, (woken - slept) / seconds, code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--max-parallel", type=int, default=4)
    parser.add_argument("--idle", type=int, default=60, help="seconds that the idle run waits")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITCOORD_"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        place = Path(scratch, "many")
        make_project(place, options.tasks)
        slots = str(options.max_parallel)
        many = measure(place, "run", "--agent", "true", "--yes", "--max-parallel", slots)
        place = Path(scratch, "one")
        make_project(place, 5)
        alone = [measure(place, "worker", str(n), "--agent", "true") for n in range(5)]
        bare = [measure(place, "--help") for _ in range(5)]
        place = Path(scratch, "idle")
        make_project(place, 3)
        idle = measure(place, "run", "--agent", f"sleep {options.idle}", "--yes", "--max-parallel", slots)
        if many.code or idle.code:
            sys.stderr.write(Path(scratch, "log").read_text()[-3000:])
    print(f"{options.tasks} tasks that do nothing, {slots} at once: exit code {many.code}")
    print(f"  {many.wall / options.tasks * 1000:8.0f} ms of time for each task")
    print(f"  {sum(one.wall for one in alone) / 5 * 1000:8.0f} ms for one by `gitcoord worker` alone")
    print(f"  {sum(one.wall for one in bare) / 5 * 1000:8.0f} ms for `gitcoord --help`")
    print(
        f"  {many.own / options.tasks * 1000:8.1f} ms of the coordinator's own processor time for each task"
    )
    print(f"  {many.own / many.wall:8.1%} of one core is the coordinator's own share")
    print(f"while agents sleep {options.idle} s: exit code {idle.code}")
    print(
        f"  {idle.own / idle.wall:8.2%} of one core, start and end included; {idle.share:.2%} in the middle"
    )
    print(f"  {idle.wakes:8.1f} wake-ups a second in the middle half")


if __name__ == "__main__":
    main()
