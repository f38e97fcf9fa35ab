"""Counts the git processes that a command starts, by git's own trace (git help api-trace2)."""

import json
from pathlib import Path

import msgspec

VARIABLE = "GIT_TRACE2_EVENT"


class ProcessCount(msgspec.Struct, frozen=True):
    """Git processes: those that gitcoord started, and `all` with those that git started in turn."""

    own: int
    all: int


def count_processes(trace: Path) -> ProcessCount:
    """Return how many processes wrote into `trace`, the file that `VARIABLE` named for the command."""
    lines = map(json.loads, trace.read_text().splitlines())
    started = [line["sid"] for line in lines if line["event"] == "start"]
    return ProcessCount(own=sum("/" not in sid for sid in started), all=len(started))
