"""Runs one gitcoord command as a process: returns its JSON document, reports progress, can be cancelled."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

_OWN = (sys.executable, "-X", "utf8", "-P", "-m", "gitcoord")
_ANSWERS = (0, 1)
"""Exit codes of a command that answered: 1 means that the answer is no."""
_GRACE = 10.0


class CommandRefused(Exception):  # noqa: N818 - an answer to a client, not an error of ours
    """The command failed; the text says why, and what to do."""


async def run_command(
    words: Sequence[str], directory: Path, tell: Callable[[str], Awaitable[None]]
) -> dict[str, Any]:
    """Runs `gitcoord WORDS`; returns its JSON document with `exit_code`. `tell` gets each line of stderr.

    If cancelled, ends the command and all its child processes. Raises CommandRefused.
    """
    process = await asyncio.create_subprocess_exec(
        *_OWN,
        *words,
        cwd=directory,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.gather(_read(process.stdout), _tell_lines(process.stderr, tell))
        code = await process.wait()
    except asyncio.CancelledError:
        await asyncio.shield(_end(process))
        raise
    return _document(output, code)


def _document(output: bytes, code: int) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(output, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandRefused(f"gitcoord ended with exit code {code} and no document.") from error
    if code not in _ANSWERS or document.get("schema", "").startswith("gitcoord.error/"):
        told = (str(document.get(key, "")) for key in ("message", "hint"))
        raise CommandRefused(" ".join(filter(None, told)) or f"exit code {code}")
    return {**document, "exit_code": code}


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


async def _tell_lines(stream: asyncio.StreamReader | None, tell: Callable[[str], Awaitable[None]]) -> None:
    while stream is not None and (line := await stream.readline()):
        await tell(line.decode("utf-8", "replace").rstrip())


async def _end(process: asyncio.subprocess.Process) -> None:
    """Sends INT, so that gitcoord ends its child processes, and after at most 10 s KILL to what is left."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            await asyncio.wait_for(process.wait(), _GRACE)
        except (ProcessLookupError, TimeoutError):
            continue
