"""The local engine: the behaviours of every engine, on this machine."""

from pathlib import Path

from gitcoord.running.engines.local import LocalEngine
from gitcoord.running.engines.port import Engine
from tests.running.engines.contract import EngineContract


class TestLocalEngine(EngineContract):
    def make(self, state: Path) -> Engine:
        return LocalEngine(state)
