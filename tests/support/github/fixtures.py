"""The pytest fixture `github`: an emulated GitHub that must have been treated properly when the test ends.

A test module imports it by name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github.emulator import GitHubEmulator


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubEmulator]:
    """A running emulator; its answers are checked when the test has passed."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    with GitHubEmulator(tmp_path / "github") as hub:
        yield hub
    hub.assert_clean()
