"""What a process and everything that it starts costs: CPU time, time on the clock, and memory."""

import os
import resource
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """CPU and wall seconds, the largest process in MB, and what the process printed."""

    cpu: float
    wall: float
    peak: float
    output: str


def cost_of(
    argv: Sequence[str],
    at: Path,
    *,
    input: bytes = b"",
    env: Mapping[str, str] | None = None,
    ok: Collection[int] = (0,),
) -> Cost:
    """Runs a process to its end; it exits with one of `ok`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    ended = subprocess.run(argv, cwd=at, input=input, capture_output=True, env={**os.environ, **(env or {})})
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in ok:
        raise SystemExit(f"{argv[:3]}: {os.fsdecode(ended.stderr)[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, after.ru_maxrss / 1024, os.fsdecode(ended.stdout))
