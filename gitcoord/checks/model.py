"""The values of checks, and the port through which they are run."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from gitcoord.event import CheckOutcome
from gitcoord.git.git_cli import Oid

MOST_OUTPUT = 4000
"""Characters of the end of a check's output that are kept with its result."""


class CheckCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The command that has to succeed on a tree; `seconds` is its time limit (None: none).

    `environment` names what results depend on beside the tree and the words: results are shared where all
    three are equal. `clean` removes ignored files from the checkout before each check, too.
    """

    text: str
    shell: bool = False
    seconds: float | None = None
    grace: float = 5.0
    environment: str = ""
    clean: bool = False

    @property
    def digest(self) -> str:
        """Which command this is, in hexadecimal digits: the same words in the same environment."""
        parts = (self.text, "shell" if self.shell else "", self.environment)
        told = "\0".join(parts).encode("utf-8", "surrogateescape")
        return hashlib.blake2b(told, digest_size=10).hexdigest()


def check_key(tree: Oid, digest: str) -> str:
    """The name of the check of `tree` by the command with that digest."""
    return f"{tree[:24]}-{digest}"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """How the check of a tree came out: after `runs` of it, the last of which took `seconds`.

    `reason` says in words what went wrong, `output` is the end of what the check printed (without secrets),
    and `code` its exit code, where it ended by itself.
    """

    tree: Oid
    outcome: CheckOutcome
    code: int | None = None
    reason: str = ""
    output: str = ""
    seconds: float = 0.0
    runs: int = 1
    made: Oid = ""
    """The tree with files made anew, where that was asked for."""


class CheckTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A tree to check, on a commit whose parent is `parent`. `again`: although its failure is known."""

    tree: Oid
    parent: Oid
    again: bool = False


class Checker(Protocol):
    """What runs checks, some at once."""

    @property
    def slots(self) -> int:
        """How many checks run side by side."""

    @property
    def running(self) -> Collection[Oid]:
        """The trees whose checks run now."""

    def known(self, tree: Oid) -> CheckResult | None:
        """The result for `tree`, if there is one."""

    def check(self, targets: Sequence[CheckTarget]) -> Mapping[Oid, CheckResult]:
        """Check `targets`, the first ones first, until at least one has a result; return the new results.

        What runs and is not among them is ended; the rest goes on when this returns.
        """

    def close(self) -> None:
        """End what still runs."""
