"""Keeps a login between two git calls in git's own credential cache, in memory, for one run.

The cache is a git process behind a socket that only this user can open. It ends with the run; after a kill,
its content expires. Child processes of a run find it through the environment.
"""

import atexit
import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "GITCOORD_LOGIN_CACHE"
_SECONDS = 1800
"""Half the lifetime of an installation token: a cached token is always valid for some time."""


def cache_command(environ: Mapping[str, str]) -> str:
    """Returns the command for git's configuration that asks the cache of the run."""
    socket = environ.get(VARIABLE) or str(_own_socket())
    return f"cache --timeout={_SECONDS} --socket={shlex.quote(socket)}"


@functools.cache
def _own_socket() -> Path:
    import tempfile  # imported here: only an App sign-in needs it

    # Git refuses a directory that others can enter; only the owner can enter this one.
    directory = Path(tempfile.mkdtemp(prefix="gitcoord-login-"))
    socket = directory / "socket"
    os.environ[VARIABLE] = str(socket)
    atexit.register(_end, socket, os.getpid())
    return socket


def _end(socket: Path, owner: int) -> None:
    if os.getpid() != owner:
        return
    if socket.exists():
        argv = ["git", "credential-cache", f"--socket={socket}", "exit"]
        subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    shutil.rmtree(socket.parent, ignore_errors=True)
