"""Where git keeps a login between two of its calls: its own credential cache, in memory, for one run.

The cache is a process of git's behind a socket that only this user may open. It ends with the run; after a
kill it forgets what it knows by itself. Processes that a run starts find it through the environment.
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
"""Half of what an installation's token lives: what the cache gives out is always valid for some time."""


def cache_command(environ: Mapping[str, str]) -> str:
    """The command that asks the run's cache, as git's configuration wants it."""
    socket = environ.get(VARIABLE) or str(_own_socket())
    return f"cache --timeout={_SECONDS} --socket={shlex.quote(socket)}"


@functools.cache
def _own_socket() -> Path:
    import tempfile  # only who signs in as an App pays for it

    # Git refuses a directory that others may enter; this one is its owner's alone.
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
