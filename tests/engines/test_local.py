"""The local engine: the behaviours of every engine, on this machine."""

import os
from pathlib import Path

from gitcoord.engines.engine import Engine
from gitcoord.engines.local import LocalEngine
from tests.engines.contract import EngineContract


class TestLocalEngine(EngineContract):
    def make(self, state: Path) -> Engine:
        return LocalEngine(state)


def test_a_supervisor_that_never_came_is_given_up_whoever_sets_the_clock(tmp_path: Path) -> None:
    charge = tmp_path / "one-1" / "charge.json"
    charge.parent.mkdir()
    charge.touch()
    states = [LocalEngine(tmp_path).poll(["one-1"])["one-1"].state]
    written = charge.stat().st_mtime
    for moved in (-3600, 3600):
        os.utime(charge, (written + moved, written + moved))
        states.append(LocalEngine(tmp_path).poll(["one-1"])["one-1"].state)
    assert states == ["starting", "absent", "absent"]
