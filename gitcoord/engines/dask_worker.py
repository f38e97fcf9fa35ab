"""Runs in a Dask worker: executes one attempt in one of its threads, and answers the requests of a run.

Dask cannot end a task that runs (https://github.com/dask/distributed/issues/4694), so `end_attempt` ends the
attempt's process. The process also ends when its worker does.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile

import msgspec

import gitcoord
from gitcoord.engines.host import LOG_BYTES, HostRequest

_PROGRAM = (sys.executable, "-m", "gitcoord", "engine-host")
_LONGEST_CALL = 120.0

_attempts: dict[str, "subprocess.Popen[bytes]"] = {}


class AttemptEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an attempt: its exit code, and the last `LOG_BYTES` of its log."""

    code: int
    log: bytes


def do_attempt(sent: bytes) -> bytes:
    """Executes the attempt of an encoded `HostRequest`; returns an encoded `AttemptEnd`."""
    request = msgspec.json.decode(sent, type=HostRequest)
    key = request.start.key if request.start is not None else ""
    with tempfile.TemporaryFile() as log:
        command = (*_PROGRAM, "--foreground", "--parent", str(os.getpid()))
        attempt = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        _attempts[key] = attempt
        try:
            attempt.communicate(sent)
        finally:
            del _attempts[key]
        log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
        return msgspec.msgpack.encode(AttemptEnd(code=attempt.returncode, log=log.read()))


async def end_attempt(key: str) -> None:
    """Ends the attempt, and waits until its process has ended, at most `_LONGEST_CALL` seconds."""
    attempt = _attempts.get(key)
    if attempt is None:
        return
    attempt.send_signal(signal.SIGTERM)
    for _ in range(int(_LONGEST_CALL * 10)):
        if key not in _attempts:
            return
        await asyncio.sleep(0.1)


async def ask_host(sent: bytes) -> bytes:
    """Answers an encoded `HostRequest` with an encoded `HostAnswer`, as a host behind SSH does."""
    return await asyncio.to_thread(_ask, sent)


async def version() -> str:
    """Returns the version of gitcoord that the worker has."""
    return gitcoord.__version__


def _ask(sent: bytes) -> bytes:
    answered = subprocess.run(_PROGRAM, input=sent, capture_output=True, timeout=_LONGEST_CALL, check=False)
    return answered.stdout
