"""The local engine: each attempt runs on this machine, in its own session, and outlives the run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running, mark_of
from gitcoord.engines.processes import (
    MARK,
    ProcessRecord,
    end,
    find,
    in_directory,
    is_alive,
    marked,
    sleep_until_end,
    tell,
    written_down,
)
from gitcoord.engines.supervisor import (
    CHARGE_FILE,
    CODE_FILE,
    LOG_FILE,
    PID_FILE,
    SupervisorConfig,
    hand_over,
    handed_over,
)
from gitcoord.errors import GitcoordError

_OWN = (sys.executable, "-X", "utf8", "-P", "-m", "gitcoord")
"""The command that replaces the word `gitcoord` in argv on this machine."""
_HANDSHAKE = 10.0
_MEASURE_EVERY = 5.0
_BEYOND_GRACE = 5.0


class LocalEngine:
    """The attempts of one clone. All that the engine knows about them is in files under `run`."""

    name = "local"

    def __init__(self, run: Path) -> None:
        self._run = run
        self._supervisors: dict[str, subprocess.Popen[bytes]] = {}
        self._written: dict[str, ProcessRecord] = {}
        self._ended: dict[str, AttemptView] = {}
        self._memory: tuple[float, dict[str, int]] = (float("-inf"), {})

    def check(self) -> EngineTrouble | None:
        """Returns why attempts cannot run on this machine; None if they can."""
        if os.name != "posix":
            return EngineTrouble(message="The local engine needs Linux or macOS.", hint="Use WSL on Windows.")
        try:
            self._run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return EngineTrouble(
                message=f"{self._run} cannot be made: {error.strerror}.", hint="Check its permissions."
            )
        if not os.access(self._run, os.W_OK):
            return EngineTrouble(message=f"{self._run} cannot be written to.", hint="Check its permissions.")
        return None

    def free(self) -> int | None:
        """Returns None: the engine sets no limit, and the run looks at load and memory itself."""
        return None

    def start(self, launch: Launch) -> None:
        """Starts the attempt's supervisor, which makes sure that a key is started once."""
        place = self._run / launch.key
        if (place / PID_FILE).exists():
            return
        charge = SupervisorConfig(
            argv=(*_OWN, *launch.argv[1:]) if launch.argv[0] == "gitcoord" else launch.argv,
            directory=launch.directory,
            seconds=launch.seconds,
            grace=launch.grace,
            memory=launch.memory,
        )
        in_directory(place, lambda: hand_over(place, charge))
        environment = {**os.environ, **launch.environment, MARK: mark_of(self._run, launch.key)}
        try:
            self._supervisors[launch.key] = subprocess.Popen(
                (*_OWN[:-1], "gitcoord.engines.supervisor", str(place)),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise _refused(launch.key, error.strerror or str(error)) from error

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key, from its files and its supervisor's process."""
        seen = {key: self._ended.get(key) or self._look(key) for key in keys}
        self._ended.update((key, one) for key, one in seen.items() if one.state == "ended")
        used = self._measured([key for key, one in seen.items() if one.state == "running"])
        return {
            key: msgspec.structs.replace(one, memory=used.get(key, 0)) if one.state == "running" else one
            for key, one in seen.items()
        }

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until one of `keys` ends, at most `seconds`."""
        until = time.monotonic() + seconds
        known = {key: self._supervisor(key) for key in keys}
        begun = {key: supervisor for key, supervisor in known.items() if supervisor is not None}
        if not all(map(is_alive, begun.values())):
            return
        left = until - time.monotonic()
        if len(begun) < len(known):
            left = min(left, 0.1)  # a supervisor that was started a moment ago
        sleep_until_end((supervisor.pid for supervisor in begun.values()), left)

    def cancel(self, key: str) -> bool:
        """Asks the supervisor to end its attempt; kills the processes if that takes too long."""
        place = self._run / key
        charge = handed_over(place)
        supervisor = self._supervisor(key)
        process = find(supervisor) if supervisor else None
        if supervisor is not None and process is not None:
            tell([process], signal.SIGTERM)
            until = time.monotonic() + (charge.grace if charge else 0.0) + _BEYOND_GRACE
            while find(supervisor) is not None and time.monotonic() < until:
                sleep_until_end([process.pid], until - time.monotonic())
                self._reap(key)
        mark = mark_of(self._run, key)
        end(lambda: marked(mark.__eq__), 0.0)
        self._reap(key)
        return True

    def log(self, key: str) -> str | None:
        """Returns the path of the attempt's log; None if there is none yet."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def fetch_log(self, key: str) -> bool:
        """Returns whether the attempt is still running; the log is already on this machine."""
        return is_running(self.poll([key])[key])

    def _supervisor(self, key: str) -> ProcessRecord | None:
        # Keep the record: somebody may remove the files while the attempt runs.
        if found := written_down(self._run / key / PID_FILE):
            self._written[key] = found
        return self._written.get(key)

    def _look(self, key: str) -> AttemptView:
        self._reap(key)
        supervisor = self._supervisor(key)
        if supervisor is None:
            return AttemptView(key=key, state="starting" if self._is_starting(key) else "absent")
        if is_alive(supervisor):
            return AttemptView(key=key, state="running")
        return AttemptView(key=key, state="ended", code=_code(self._run / key))

    def _is_starting(self, key: str) -> bool:
        """Whether a supervisor is starting. One that was killed before it began may be started again."""
        if key in self._supervisors:
            return True
        try:
            begun = (self._run / key / CHARGE_FILE).stat().st_mtime
        except OSError:
            return False
        # The clock may have been set back.
        return abs(time.time() - begun) < _HANDSHAKE

    def _reap(self, key: str) -> None:
        supervisor = self._supervisors.get(key)
        if supervisor is not None and supervisor.poll() is not None:
            del self._supervisors[key]

    def _measured(self, keys: Iterable[str]) -> Mapping[str, int]:
        """Bytes that the processes of each key use; measured at most every few seconds, and for new keys."""
        when, used = self._memory
        wanted = list(keys)
        if wanted and (time.monotonic() - when > _MEASURE_EVERY or not used.keys() >= set(wanted)):
            supervisors = {key: supervisor.pid for key in wanted if (supervisor := self._supervisor(key))}
            sizes = memory_of(supervisors.values())
            used = {key: sizes.get(pid, 0) for key, pid in supervisors.items()}
            self._memory = (time.monotonic(), used)
        return used


def _code(place: Path) -> int | None:
    try:
        return int((place / CODE_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _refused(key: str, why: str) -> GitcoordError:
    return GitcoordError(
        "engine-refused",
        f"The attempt {key} cannot be started here: {why}.",
        hint="Free memory or processes.",
    )


def memory_of(roots: Iterable[int]) -> dict[int, int]:
    """Returns the bytes that each of `roots` uses, together with all its descendants.

    Linux lists the children of a process. Elsewhere this takes a pass over all processes of the machine.
    Source: proc_pid_task(5), `children`; proc_pid_statm(5).
    """
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        return _from_one_pass(roots)
    page = os.sysconf("SC_PAGE_SIZE")
    return {root: page * sum(map(_pages, _tree(root))) for root in roots}


def _tree(root: int) -> Iterator[int]:
    left = [root]
    while left:
        pid = left.pop()
        yield pid
        with suppress(OSError):  # it has ended
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - only the names are needed
                with Path(f"/proc/{pid}/task/{thread}/children").open("rb") as file:
                    left += map(int, file.read().split())


def _pages(pid: int) -> int:
    try:
        with Path(f"/proc/{pid}/statm").open("rb") as file:
            return int(file.read().split()[1])
    except (OSError, IndexError):
        return 0


def _from_one_pass(roots: Iterable[int]) -> dict[int, int]:
    sizes: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid", "memory_info"]):
        info = process.info["memory_info"]
        sizes[process.pid] = info.rss if info else 0
        children.setdefault(process.info["ppid"] or 0, []).append(process.pid)

    def whole(pid: int) -> int:
        return sizes.get(pid, 0) + sum(whole(child) for child in children.get(pid, ()))

    return {root: whole(root) for root in roots}
