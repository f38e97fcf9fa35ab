"""The emulator, a repository and a client for the tests of this folder."""

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository
from tests.support.github.fixtures import app, content, hub

__all__ = ["app", "content", "hub"]


@pytest.fixture
def api(app: EmulatedRepository) -> Api:
    """A client of acme/app."""
    return Api(app)
