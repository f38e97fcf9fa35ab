"""An emulated GitHub: a real HTTP server on loopback over real bare repositories.

REST and git smart HTTP, merges with real commits, faults as data. Every answer is held against GitHub's own
OpenAPI description; `assert_clean` fails a test whose answers broke it.
"""

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import WRITES, Fault, Gate, kill_group, kill_process
from tests.support.github.model import MergeSettings, Protection, RequiredCheck
from tests.support.github.person import Person
from tests.support.github.repository import EmulatedRepository

__all__ = [
    "WRITES",
    "EmulatedRepository",
    "Fault",
    "Gate",
    "GitHubEmulator",
    "MergeSettings",
    "Person",
    "Protection",
    "RequiredCheck",
    "kill_group",
    "kill_process",
]
