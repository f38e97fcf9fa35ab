"""Sets statuses with the command of the list's tool, which is `bd`.

The caller reads the result from the list.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gitcoord.tasks.coercion import one_line
from gitcoord.tasks.write_back.splices import DONE, NewStatus

BEADS_PROGRAM: Final = "bd"
_SECONDS: Final = 120
_MOST: Final = 50
"""The maximum number of ids in one command, to keep command lines short."""


def beads_commands(wanted: Mapping[str, NewStatus]) -> list[list[str]]:
    """Returns `bd close` and `bd reopen` for the issues.

    Ids begin with a letter or digit, so none is an option.
    """
    done, again = _parted(wanted)
    close = [
        [BEADS_PROGRAM, "close", *part, "--reason", "Landed, as gitcoord found in the base"]
        for part in _in_parts(done)
    ]
    return close + [[BEADS_PROGRAM, "reopen", *part] for part in _in_parts(again)]


def has_program(name: str) -> bool:
    """Whether the tool's command is on PATH."""
    return shutil.which(name) is not None


def run_commands(commands: Sequence[list[str]], root: Path) -> str:
    """Runs the commands in `root`; returns a short reason if one fails, else ""."""
    for command in commands:
        program = shutil.which(command[0]) or command[0]
        try:
            done = subprocess.run(
                [program, *command[1:]],
                cwd=root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"`{command[0]} {command[1]}` gave no answer within {_SECONDS} s"
        except OSError as error:
            return f"`{command[0]}` cannot be started: {error.strerror}"
        if done.returncode:
            said = one_line(done.stderr.decode(errors="replace"))[:200]
            return f"`{command[0]} {command[1]}` failed: {said or f'exit code {done.returncode}'}"
    return ""


def _parted(wanted: Mapping[str, NewStatus]) -> tuple[list[str], list[str]]:
    done = [id for id, new_status in wanted.items() if new_status == DONE]
    return done, [id for id in wanted if id not in done]


def _in_parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + _MOST] for start in range(0, len(ids), _MOST)]
