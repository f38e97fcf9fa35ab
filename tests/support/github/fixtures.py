"""Pytest fixtures: an emulated GitHub, checked when the test ends, and a repository on it.

A test module imports what it uses by name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.repository import EmulatedRepository
from tests.support.repos import Repo


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubEmulator]:
    """A running emulator; its answers are checked when the test has passed."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    with GitHubEmulator(tmp_path / "github") as running:
        yield running
        running.assert_clean()


@pytest.fixture(scope="module")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubEmulator]:
    """An emulator for all tests of a module, each of which makes a repository of its own."""
    with GitHubEmulator(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture
def calm_hub(shared_hub: GitHubEmulator) -> Iterator[GitHubEmulator]:
    """The module's emulator without faults and with an empty log; checked when the test has passed."""
    shared_hub.faults.clear()
    shared_hub.log.clear()
    yield shared_hub
    try:
        shared_hub.assert_clean()
    finally:
        shared_hub.violations.clear()


@pytest.fixture
def app(hub: GitHubEmulator) -> EmulatedRepository:
    """The repository acme/app with one commit on main."""
    return hub.make_repository("acme/app")


@pytest.fixture
def content(app: EmulatedRepository) -> Repo:
    """What is in acme/app: commit to it directly, as if somebody had pushed. `main` has five lines."""
    repo = Repo(app.git_dir)
    repo.commit({"lines.txt": "1\n2\n3\n4\n5\n"}, "first commit")
    return repo
