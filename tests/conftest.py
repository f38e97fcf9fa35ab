"""What every test runs in: an environment that knows neither this machine's git nor its user."""

import os

import pytest

from tests.support.repos import hermetic_environment


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = hermetic_environment(tmp_path_factory.getbasetemp())
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
