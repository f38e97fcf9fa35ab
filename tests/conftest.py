"""What every test runs in: an environment that knows neither this machine's git nor its user."""

import gc
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.collection import import_in_turn, keep_bytecode, spare_collected
from tests.support.laws import tries
from tests.support.repos import hermetic_environment

# No example fails for being slow on a busy machine; where a run decides, it decides the same every time.
settings.register_profile("search", deadline=None, max_examples=tries(40))
settings.register_profile("decide", deadline=None, max_examples=tries(40), derandomize=True)
settings.load_profile("decide" if os.environ.get("CI") else "search")

keep_bytecode()
# As rarely as gitcoord's own commands do: modules and tests stay until the end.
gc.set_threshold(100_000)

# A shell starts what it puts into the background with Ctrl-C ignored, and every process below inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of small repositories are made and thrown away: in memory that costs a fifth less than on a disk.
_MEMORY, _ENOUGH = Path("/dev/shm"), 2 << 30
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    import_in_turn(session.config)


def pytest_collection_finish() -> None:
    spare_collected()


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = hermetic_environment(tmp_path_factory.getbasetemp())
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    # Compiling everything anew is a quarter of what starting gitcoord takes.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
