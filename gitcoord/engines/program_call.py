"""Calls the program of a cluster, such as `kubectl` or `sbatch`."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from gitcoord.errors import GitcoordError


def call_program(
    command: Sequence[str],
    *,
    seconds: float,
    way_out: str,
    send: bytes | None = None,
    directory: Path | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Calls a program once, in `directory`, with `send` on its standard input (None: nothing).

    A call that takes more than `seconds` ends with code 1, as if the program had failed. Raises
    `engine-refused` (exit 3) with the hint `way_out` if the program cannot be started.
    """
    stdin = subprocess.DEVNULL if send is None else None
    try:
        return subprocess.run(
            command,
            input=send,
            stdin=stdin,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=directory,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, b"", b"it did not answer")
    except OSError as error:
        message = f"{command[0]} cannot be started: {error.strerror}."
        raise GitcoordError("engine-refused", message, hint=way_out) from error
