"""The engine port: what executes attempts, as seen by the run. Knows nothing of plans or of git.

An engine is given argv, an environment, the names of secrets, and limits; it keeps no truth. Whether an
attempt succeeded is what its worker recorded in git: a process that ended without that is lost, whatever it
said. gitcoord keeps the queue of what is ready; an engine only starts what there is room for.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

EngineState = Literal["absent", "starting", "running", "unreachable", "ended"]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to execute.

    `key` names it for ever: starting a key twice starts it once. `secrets` are names of environment
    variables that the engine passes on from its own surroundings; their values are never in here.
    `seconds` is the time limit (None: none), `grace` what TERM is given before KILL.
    """

    key: str
    argv: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    seconds: float | None = None
    grace: float = 10.0
    memory: int | None = None
    """Bytes that all its processes may use together, as near as the engine can see to it."""


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine knows of a key. `code` is None while it runs, or when nobody saw how it ended.

    `unreachable`: the machine that has it does not answer, which says nothing of the attempt.
    """

    key: str
    state: EngineState
    code: int | None = None
    memory: int = 0
    """Bytes that its processes use now, where the engine can tell."""


class EngineTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why an engine cannot be used, in a sentence, and the way out."""

    message: str
    hint: str = ""


class Engine(Protocol):
    """What executes attempts."""

    @property
    def name(self) -> str:
        """`local`, and later the names of distributed engines."""

    def check(self) -> EngineTrouble | None:
        """Whether this engine can be used from here."""

    def free(self) -> int | None:
        """How many more attempts it would take now; None when it does not limit them itself."""

    def start(self, launch: Launch) -> None:
        """Starts the attempt, unless its key was started before (also by a coordinator that died).

        Raises GitcoordError `engine-refused` when it cannot be started.
        """

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """What has become of `keys`; a key that was never started here is `absent`."""

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Returns when one of `keys` ends, at the latest after `seconds`; idle meanwhile."""

    def cancel(self, key: str) -> bool:
        """Ends the attempt with everything that it started; whether nothing of it is alive then.

        False where its machine does not answer: a newer attempt shuts it out all the same.
        """

    def log(self, key: str) -> str | None:
        """The path of the attempt's log, when it lies on this machine."""


def key_of(task: str, attempt: int) -> str:
    """The name of an attempt for every engine: letters, digits, dots, dashes; at most 63 of them.

    Ids come from a task list and may hold anything, so that other characters are replaced and a digest keeps
    two ids apart that would look alike.
    """
    import hashlib
    import re

    plain = re.sub(r"[^A-Za-z0-9.]+", "-", task)[:40].strip("-.") or "task"
    mark = (
        "" if plain == task else "-" + hashlib.sha256(task.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    )
    return f"{plain}{mark}-{attempt}"


def mark_of(run: Path, key: str) -> str:
    """What the processes of `key` carry in their environment; no two clones on a machine share one."""
    import hashlib  # not for who only looks

    place = hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:12]
    return f"{place}/{key}"
