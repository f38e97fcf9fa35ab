"""What every test runs in: an environment that knows neither this machine's git nor its user."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.laws import tries
from tests.support.repos import hermetic_environment

# No example fails for being slow on a busy machine; where a run decides, it decides the same every time.
settings.register_profile("search", deadline=None, max_examples=tries(40))
settings.register_profile("decide", deadline=None, max_examples=tries(40), derandomize=True)
settings.load_profile("decide" if os.environ.get("CI") else "search")

_BYTECODE = Path(__file__).parent.parent / ".pytest_cache" / "bytecode"
"""Where the processes that tests start keep what they compiled, whatever the caller's environment says:
compiling everything anew is a quarter of what starting gitcoord takes."""

# A shell starts what it puts into the background with Ctrl-C ignored, and every process below inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of small repositories are made and thrown away: in memory that costs a fifth less than on a disk.
_MEMORY, _ENOUGH = Path("/dev/shm"), 2 << 30
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = hermetic_environment(tmp_path_factory.getbasetemp())
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(_BYTECODE))
