"""Comparing what GitHub answered once with what the emulator answers: status, keys and types."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github.exchange import Json

_ROOT = Path(__file__).parents[2]
_KINDS = {int: "number", float: "number", str: "text", bool: "truth", dict: "object", list: "list"}


def scenarios() -> Path:
    """The recordings of @octokit/fixtures, fetched once per machine; skips where they cannot be had."""
    target = Path(tempfile.gettempdir()) / "gitcoord-octokit-fixtures-23.1.2"
    script = _ROOT / "scripts" / "fetch_octokit_fixtures.py"
    ended = subprocess.run([sys.executable, str(script), str(target)], capture_output=True, text=True)
    if ended.returncode != 0:
        pytest.skip(ended.stderr.strip())
    return target


def differences(recorded: Json, emulated: Json, place: str = "") -> Iterator[str]:
    """Keys that GitHub sent and the emulator does not, and values of another type. Null goes with anything.

    Keys that the emulator has on top are newer than the recording; GitHub's description vouches for them.
    """
    if recorded is None or emulated is None:
        return
    if isinstance(recorded, dict) and isinstance(emulated, dict):
        for key, value in recorded.items():
            if key not in emulated:
                yield f"{place}/{key} is missing"
            else:
                yield from differences(value, emulated[key], f"{place}/{key}")
    elif isinstance(recorded, list) and isinstance(emulated, list):
        if recorded and emulated:
            yield from differences(recorded[0], emulated[0], f"{place}/0")
    elif _KINDS[type(recorded)] != _KINDS[type(emulated)]:
        yield f"{place} is {_KINDS[type(recorded)]}, not {_KINDS[type(emulated)]}"
