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
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.engines.test_argo import documented_template
from tests.support.dask import DaskCluster, needs_dask
from tests.support.kubernetes import Cluster, needs_kubectl
from tests.support.repos import hermetic_environment
from tests.support.slurm import SlurmCluster, needs_slurm
from tests.support.ssh import SshHosts, needs_sshd

GITCOORD = (sys.executable, "-P", "-m", "gitcoord")
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of Linux: what a dead process started becomes a child of this one, and counts."""


class Ready(NamedTuple):
    """An engine that can be used: its settings, options of `run`, and variables."""

    settings: str = ""
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}


class Cost(NamedTuple):
    """Seconds of time and CPU for each task, and how the run ended."""

    wall: float
    cpu: float
    code: int


@contextmanager
def local(place: Path, slots: int) -> Iterator[Ready]:
    yield Ready()


@contextmanager
def ssh(place: Path, slots: int) -> Iterator[Ready]:
    hosts = SshHosts(place, ("one", "two"))
    try:
        each = max(1, slots // 2)
        command = json.dumps(" ".join(hosts.command))
        yield Ready(f"[engines.ssh]\nhosts = ['one:{each}', 'two:{each}']\ncommand = {command}\n")
    finally:
        hosts.close()


@contextmanager
def dask(place: Path, slots: int) -> Iterator[Ready]:
    place.mkdir()
    cluster = DaskCluster(place, workers=max(1, slots // 2))
    try:
        yield Ready(options=("--scheduler", cluster.address))
    finally:
        cluster.end()


@contextmanager
def slurm(place: Path, slots: int) -> Iterator[Ready]:
    cluster = SlurmCluster(place)
    try:
        yield Ready(f"[engines.slurm]\nslots = {slots}\n", environment=cluster.environment)
    finally:
        cluster.close()


@contextmanager
def kubernetes(place: Path, slots: int) -> Iterator[Ready]:
    cluster = Cluster(place)
    try:
        command = json.dumps(shlex.join(cluster.command))
        yield Ready(f"[engines.kubernetes]\nimage = 'w:1'\ncommand = {command}\n")
    finally:
        cluster.close()


@contextmanager
def argo(place: Path, slots: int) -> Iterator[Ready]:
    cluster = Cluster(place)
    cluster.templates = {"attempt": documented_template()}
    try:
        command = json.dumps(shlex.join(cluster.command))
        yield Ready(f"[engines.argo]\ntemplate = 'attempt'\ncommand = {command}\n")
    finally:
        cluster.close()


class Kind(NamedTuple):
    """How to make an engine; `double` says what stands in for a part of it, `skip` why it is left out."""

    make: Callable[[Path, int], AbstractContextManager[Ready]]
    double: str = ""
    skip: str = ""


def kinds() -> dict[str, Kind]:
    """All engines by name."""
    cluster = "a double of the cluster, real kubectl"
    return {
        "local": Kind(local),
        "ssh": Kind(ssh, skip=_missing(needs_sshd)),
        "dask": Kind(dask, skip=_missing(needs_dask)),
        "slurm": Kind(slurm, skip=_missing(needs_slurm)),
        "kubernetes": Kind(kubernetes, cluster, _missing(needs_kubectl)),
        "argo": Kind(argo, f"{cluster}; a double of Argo", _missing(needs_kubectl)),
    }


def _missing(mark: pytest.MarkDecorator) -> str:
    return str(mark.kwargs["reason"]) if mark.args[0] else ""


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
