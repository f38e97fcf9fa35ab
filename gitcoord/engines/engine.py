"""The engine port: the interface through which a run executes attempts. Knows neither plans nor git.

An engine gets argv, an environment, the names of secrets, and limits. It does not decide whether an attempt
succeeded: the worker records that in git, and an attempt whose process ended without a record is lost.
gitcoord keeps the queue of ready units; an engine only starts as many as it has capacity for.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

EngineState = Literal["absent", "starting", "running", "unreachable", "ended"]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to execute.

    `key` is unique: an engine that is given a key twice starts it once. `secrets` are names of environment
    variables that the engine passes on from its own environment; this value never contains their values.
    `seconds` is the time limit (None: none), `grace` the seconds between TERM and KILL.
    """

    key: str
    argv: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    seconds: float | None = None
    grace: float = 10.0
    memory: int | None = None
    """Bytes that all its processes together may use, as far as the engine can enforce that."""


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a key. `code` is None while the attempt runs, or if nobody knows how it ended.

    `unreachable`: its machine does not answer; the attempt may still run.
    """

    key: str
    state: EngineState
    code: int | None = None
    memory: int = 0
    """Bytes that its processes use now, if the engine knows."""


class EngineTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why an engine cannot be used: a sentence and a hint."""

    message: str
    hint: str = ""


class Engine(Protocol):
    """Executes attempts."""

    @property
    def name(self) -> str:
        """The name of the engine: `local`, `ssh`, `kubernetes` …"""

    def check(self) -> EngineTrouble | None:
        """Returns why the engine cannot be used from here; None if it can."""

    def free(self) -> int | None:
        """Returns the number of attempts that could start now; None if the engine sets no limit."""

    def start(self, launch: Launch) -> None:
        """Starts the attempt, unless its key was started before, perhaps by a run that died.

        Raises `engine-refused` when it cannot be started.
        """

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key; a key that was never started here is `absent`."""

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until one of `keys` ends, at most `seconds`."""

    def cancel(self, key: str) -> bool:
        """Ends the attempt and all processes that it started; returns whether all of them are gone.

        Returns False if its machine does not answer; a newer attempt then locks the old one out.
        """

    def log(self, key: str) -> str | None:
        """Returns the path of the attempt's log; None if it is not on this machine."""

    def fetch_log(self, key: str) -> bool:
        """Copies the log so far to this machine; returns whether the attempt is still running."""


def is_running(view: AttemptView) -> bool:
    """Whether the attempt may still be running."""
    return view.state in ("starting", "running", "unreachable")


def key_of(task: str, attempt: int) -> str:
    """The key of an attempt, valid for every engine: at most 63 letters, digits, dots and dashes.

    Ids may contain anything: other characters are replaced, and a digest distinguishes ids that would then
    be equal.
    """
    import hashlib
    import re

    plain = re.sub(r"[^A-Za-z0-9.]+", "-", task)[:40].strip("-.") or "task"
    mark = (
        "" if plain == task else "-" + hashlib.sha256(task.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    )
    return f"{plain}{mark}-{attempt}"


def mark_of(run: Path, key: str) -> str:
    """The mark in the environment of all processes of `key`; unique for each clone on a machine."""
    import hashlib  # not needed by a command that only reads

    place = hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:12]
    return f"{place}/{key}"
