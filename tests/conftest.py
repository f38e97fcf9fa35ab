"""What every test runs in: an environment that knows neither this machine's git nor its user."""

import os

import pytest
from hypothesis import settings

from tests.support.repos import hermetic_environment

# No example fails for being slow on a busy machine; where a run decides, it decides the same every time.
settings.register_profile("search", deadline=None)
settings.register_profile("decide", deadline=None, derandomize=True)
settings.load_profile("decide" if os.environ.get("CI") else "search")


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = hermetic_environment(tmp_path_factory.getbasetemp())
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
