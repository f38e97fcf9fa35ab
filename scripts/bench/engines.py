"""What an attempt costs on each engine beside this machine: tasks of an agent that does nothing.

SSH, Dask and Slurm are real ones on this machine. Kubernetes and Argo are doubles of the tests behind the
real `kubectl`: they have no images to pull and no scheduler, so a real cluster takes longer. An engine that
is not installed is left out by name. CPU is that of the run and what works for it, without the doubles.
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.support.ready_engines import Kind, kinds
from tests.support.repos import hermetic_environment

GITCOORD = (sys.executable, "-P", "-m", "gitcoord")
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of Linux: what a dead process started becomes a child of this one, and counts."""


class Cost(NamedTuple):
    """Seconds of time and CPU for each task, and how the run ended."""

    wall: float
    cpu: float
    code: int


def make_project(place: Path, tasks: int, settings: str) -> Path:
    """A remote, and a clone with so many planned tasks without dependencies."""
    desk = place / "desk"
    git(place, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(place, "clone", "--quiet", (place / "origin.git").as_uri(), str(desk))
    listed = [{"id": n, "title": f"Task {n}", "status": "pending", "dependencies": []} for n in range(tasks)]
    (desk / "tasks").mkdir()
    (desk / "tasks/tasks.json").write_text(json.dumps({"master": {"tasks": listed, "metadata": {}}}))
    text = f'strategy = "multi-pr"\n[run]\nallow-empty = true\n{settings}'
    (desk / "gitcoord.toml").write_text(text)
    git(desk, "add", "--all")
    git(desk, "commit", "--quiet", "--message", "the base")
    git(desk, "push", "--quiet", "origin", "HEAD:main")
    subprocess.run([*GITCOORD, "plan"], cwd=desk, check=True, capture_output=True)
    return desk


def git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=place, check=True, stderr=subprocess.DEVNULL)


def cpu_seconds() -> float:
    """CPU of everything that this process has started, alive or not; not its own."""
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = own.ru_utime + own.ru_stime
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found += sum(process.cpu_times()[:4])
    return found


def measure(name: str, kind: Kind, scratch: Path, tasks: int, slots: int) -> Cost:
    """Runs the tasks on one engine."""
    place = scratch / name
    place.mkdir()
    with kind.make(place / "engine", slots) as ready:
        desk = make_project(place, tasks, ready.settings)
        options = ("--engine", name, *ready.options, "--max-parallel", str(slots))
        environment = {**os.environ, **ready.environment}
        before, began = cpu_seconds(), time.perf_counter()
        with (scratch / f"{name}.log").open("wb") as log:
            command = [*GITCOORD, "run", *options, "--agent", "true", "--yes"]
            ran = subprocess.run(command, cwd=desk, env=environment, stdout=log, stderr=log)
        wall, cpu = time.perf_counter() - began, cpu_seconds() - before
    if ran.returncode:
        sys.stderr.write((scratch / f"{name}.log").read_text(errors="replace")[-2000:])
    return Cost(wall / tasks, cpu / tasks, ran.returncode)


def main() -> None:
    known = kinds()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=24)
    parser.add_argument("--max-parallel", type=int, default=4)
    parser.add_argument("--engines", default=",".join(known), help="some of them, with commas between them")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        environment = hermetic_environment(Path(scratch))
        os.environ.clear()
        path = f"{Path(sys.executable).parent}:{environment['PATH']}"
        os.environ.update({**environment, "PATH": path})
        load = os.getloadavg()[0]
        print(
            f"{options.tasks} tasks that do nothing, {options.max_parallel} at once; load {load:.1f} before"
        )
        print(f"{'engine':<12}{'ms a task':>10}{'beside local':>14}{'CPU ms':>8}{'beside local':>14}  notes")
        first: Cost | None = None
        for name in dict.fromkeys(("local", *options.engines.split(","))):
            kind = known[name]
            if kind.skip:
                print(f"{name:<12}left out: {kind.skip}", flush=True)
                continue
            cost = measure(name, kind, Path(scratch), options.tasks, options.max_parallel)
            first = first or cost
            ratios = f"{cost.wall / first.wall:14.2f}{cost.cpu * 1000:8.0f}{cost.cpu / first.cpu:14.2f}"
            notes = "; ".join(filter(None, (kind.double, f"exit code {cost.code}" if cost.code else "")))
            print(f"{name:<12}{cost.wall * 1000:10.0f}{ratios}  {notes}", flush=True)


if __name__ == "__main__":
    main()
