"""gitcoord's processes without the start of an interpreter: one that has everything imported forks them.

A fork is a process of its own, with its own directory, environment, streams, signals and exit code. What is
decided while an interpreter starts is the same for all of them: `can_fork` knows who that is no good for.
"""

import atexit
import gc
import json
import os
import pkgutil
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.support.documents import require_known_documents

_ROOT = Path(__file__).parent.parent.parent
_LENGTH = 8
_AT_START = ("PYTHON", "LC_", "LANG", "HOME", "XDG_", "TZ", "LD_")
_LATER = (
    *("encodings.ascii", "encodings.utf_8_sig", "statistics", "tomllib"),
    *("dateutil.relativedelta", "filelock", "jinja2", "pathspec.patterns.gitignore.spec", "pytimeparse2"),
    *("typer._click.decorators", "typer._click._textwrap"),
)
"""What commands import on their way, beside what gitcoord has at the top of its modules."""
_RARE = ("gitcoord.cli.mcp_server",)
"""A third of all memory, for one command: each fork would take a third longer to begin and to end."""


class Fork:
    """A `gitcoord` that runs, or the `main` of another module; one that `leads` has a session of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        input: bytes = b"",
        leads: bool = False,
        module: str | None = None,
    ) -> None:
        self._streams = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115
        self._streams[0].write(input)
        self._streams[0].seek(0)
        self._answers, theirs = socket.socketpair()
        request = {
            "argv": [*arguments],
            "cwd": str(cwd),
            "env": dict(env),
            "leads": leads,
            "module": module,
        }
        with theirs:
            _parent().ask(request, [*(stream.fileno() for stream in self._streams), theirs.fileno()])
        self._heard = self._answers.makefile("rb")
        self.pid = int(self._heard.readline())

    def end(self) -> tuple[int, bytes, bytes]:
        """Waits for its end: exit code (negative for a signal), stdout, stderr; not to wait is to kill."""
        with self._answers, self._heard:
            code = int(self._heard.readline())
        out, err = (_all_of(stream) for stream in self._streams[1:])
        require_known_documents(out)
        return code, out, err


def can_fork(env: Mapping[str, str]) -> bool:
    """Whether a fork in this environment is the same as a process that is started anew."""
    return _at_start(env) == _at_start(_parent().environment)


def answer_with_fork(request: Mapping[str, Any], streams: Sequence[int], answers: socket.socket) -> None:
    """Has a fork do what somebody else asked for, who gets its number and its exit code by `answers`."""
    _parent().ask(request, [*streams, answers.fileno()])


class _Parent:
    """The process that forks, for its one client."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self._turn = threading.Lock()
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks", str(theirs.fileno())],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        said = json.dumps(request).encode()
        with self._turn:
            socket.send_fds(self._requests, [len(said).to_bytes(_LENGTH)], descriptors)
            self._requests.sendall(said)

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        self._requests.close()
        self._process.wait()


_started: list[_Parent] = []
_starting = threading.Lock()


def _parent() -> _Parent:
    with _starting:
        # Tests of how the processes of an attempt are ended end all that this one has started.
        if not _started or _started[-1].has_ended():
            _started.append(_Parent())
            atexit.register(_started[-1].end)
        return _started[-1]


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_AT_START)}


def _all_of(stream: IO[bytes]) -> bytes:
    with stream:
        stream.seek(0)
        return stream.read()


def _serve(requests: socket.socket) -> None:
    """Forks until there is nobody left to ask for it."""
    import gitcoord
    from gitcoord.cli import commands
    from gitcoord.cli.app import app

    # A command is imported when it is asked for, here as well: typer prepares all that are there, which takes
    # longer than most commands do.
    for module in pkgutil.walk_packages(gitcoord.__path__, "gitcoord."):
        if not module.name.startswith((f"{commands.__name__}.", "gitcoord.__main__", *_RARE)):
            with suppress(Exception):  # one that is broken breaks what needs it, as it would anew
                import_module(module.name)
    for name in _LATER:
        import_module(name)
    with suppress(Exception):
        _prepare_decoders()
    assert not app.registered_commands, "A command was imported: each fork would prepare it."
    gc.set_threshold(100_000)  # as in `gitcoord.cli.main.run`
    gc.collect()
    gc.freeze()
    running: dict[int, socket.socket] = {}
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(woken, selectors.EVENT_READ)
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    woken.recv(4096)
                    _bury(running, selector)
                elif key.fileobj is requests:
                    length, descriptors, *_ = socket.recv_fds(requests, _LENGTH, 4)
                    if not length:
                        return
                    said = requests.recv(int.from_bytes(length), socket.MSG_WAITALL)
                    pid = os.fork()
                    if pid == 0:
                        _become(json.loads(said), descriptors)
                    for descriptor in descriptors[:3]:
                        os.close(descriptor)
                    running[pid] = socket.socket(fileno=descriptors[3])
                    running[pid].sendall(b"%d\n" % pid)
                    selector.register(running[pid], selectors.EVENT_READ, pid)
                elif key.data in running:  # who asked has gone
                    selector.unregister(running[key.data])
                    os.kill(key.data, signal.SIGKILL)


def _prepare_decoders() -> None:
    """Has msgspec take apart, once, the types that nearly every command reads."""
    from gitcoord.events import AnyEvent
    from gitcoord.forge.pull_requests import Pull
    from gitcoord.git.json_commits import decode
    from gitcoord.planning.model import Plan
    from gitcoord.settings import Settings

    for kind in (AnyEvent, Plan, Pull, Settings):
        assert decode(None, kind) is None


def _bury(running: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with running.pop(pid) as asked:
            if asked.fileno() in selector.get_map():
                selector.unregister(asked)
            with suppress(BrokenPipeError):
                asked.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> NoReturn:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    # Python takes those that it has for files that can be sought in, as they were at its start.
    sys.stdin = open(0, encoding=sys.stdin.encoding, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (
        open(  # noqa: SIM115
            number, "w", buffering=buffering, encoding=stream.encoding, errors=stream.errors, closefd=False
        )
        for number, buffering, stream in ((1, -1, sys.stdout), (2, 1, sys.stderr))
    )
    os.closerange(3, 256)
    if request["leads"]:
        os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    random.seed()
    sys.path[0] = request["cwd"]
    sys.argv[1:] = request["argv"]
    from gitcoord.cli.main import main

    code = 1
    try:
        if request["module"]:
            import_module(request["module"]).main(*request["argv"])
            code = 0
        else:
            code = main(request["argv"])
    except BaseException:
        traceback.print_exc()
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
