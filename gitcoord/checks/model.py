"""The value types of checks, and the interface of a checker."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from gitcoord.event import CheckOutcome
from gitcoord.git.git_cli import Oid

MOST_OUTPUT = 4000
"""A result keeps this many characters of the end of the check's output."""


class CheckCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The command that must succeed on a tree; `seconds` is its time limit (None: no limit).

    `environment` names everything else that a result depends on: results are shared only if tree, command and
    environment are equal. `clean` also removes ignored files from the checkout before each check.
    """

    text: str
    shell: bool = False
    seconds: float | None = None
    grace: float = 5.0
    environment: str = ""
    clean: bool = False

    @property
    def digest(self) -> str:
        """A hexadecimal digest of the command and its environment."""
        parts = (self.text, "shell" if self.shell else "", self.environment)
        told = "\0".join(parts).encode("utf-8", "surrogateescape")
        return hashlib.blake2b(told, digest_size=10).hexdigest()


def check_key(tree: Oid, digest: str) -> str:
    """Returns the name of the check of `tree` by the command with this `digest`."""
    return f"{tree[:24]}-{digest}"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a tree's check after `runs` runs, the last of which took `seconds`.

    `reason` describes a failure, `output` is the end of the check's output (without secrets), `code` its exit
    code, if it ended by itself.
    """

    tree: Oid
    outcome: CheckOutcome
    code: int | None = None
    reason: str = ""
    output: str = ""
    seconds: float = 0.0
    runs: int = 1
    made: Oid = ""
    """The tree with regenerated files, if that was requested."""


class CheckTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A tree to check, in a commit on top of `parent`. `again`: check it although it has a result."""

    tree: Oid
    parent: Oid
    again: bool = False


class Checker(Protocol):
    """Runs checks, several in parallel."""

    @property
    def slots(self) -> int:
        """The number of checks that can run in parallel."""

    @property
    def running(self) -> Collection[Oid]:
        """The trees that are being checked now."""

    def known(self, tree: Oid) -> CheckResult | None:
        """Returns the result for `tree`, if there is one."""

    def check(self, targets: Sequence[CheckTarget]) -> Mapping[Oid, CheckResult]:
        """Checks `targets`, in their order, until at least one has a result; returns the new results.

        Ends running checks of other trees. The remaining checks continue after it returns.
        """

    def close(self) -> None:
        """Ends all running checks."""
