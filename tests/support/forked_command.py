"""A `gitcoord` on PATH, for scripts that call it: the test's process has a fork do what is asked."""

import atexit
import json
import shutil
import socket
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from tests.support.forks import answer_with_fork, can_fork

_LENGTH = 8
_PROGRAM = """#!{python} -ISE
import json, os, signal, socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect({address!r})
said = json.dumps({{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}).encode()
socket.send_fds(asking, [len(said).to_bytes({length})], [0, 1, 2])
asking.sendall(said)
heard = asking.makefile("rb")
started = heard.readline()
if not started:
    os.execv({python!r}, [{python!r}, "-m", "gitcoord", *sys.argv[1:]])
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, frame: os.kill(int(started), number))
code = int(heard.readline() or -9)
if code < 0:
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@cache
def command_directory() -> Path:
    """The directory to put on PATH. What the program is killed with ends its fork, too; TERM is passed on."""
    place = Path(tempfile.mkdtemp(prefix="gitcoord-"))  # a socket's address has to be short
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    address = place / "socket"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(address))
    listening.listen(64)
    threading.Thread(target=_answer, args=(listening,), daemon=True).start()
    program = place / "gitcoord"
    program.write_text(_PROGRAM.format(python=sys.executable, address=str(address), length=_LENGTH))
    program.chmod(0o755)
    return place


def _answer(listening: socket.socket) -> None:
    while True:
        asking, _ = listening.accept()
        with asking:
            length, descriptors, *_ = socket.recv_fds(asking, _LENGTH, 3)
            request = json.loads(asking.recv(int.from_bytes(length), socket.MSG_WAITALL))
            if can_fork(request["env"]):
                answer_with_fork({**request, "leads": False, "module": None}, descriptors, asking)
            for descriptor in descriptors:
                socket.close(descriptor)
