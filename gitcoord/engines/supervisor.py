"""The supervisor of one attempt on this machine: leads its session, limits its time, records how it ended.

A process of its own, so that an attempt outlives the coordinator that started it. Run as
`python -X utf8 -P -m gitcoord.engines.supervisor DIRECTORY`; a file there describes the attempt.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import msgspec

TYPE_CHECKING = False  # each attempt pays for the imports of this module
if TYPE_CHECKING:
    from gitcoord.engines.memory_limit import MemoryLimit

CHARGE_FILE, PID_FILE, CODE_FILE, LOG_FILE, _LOCK_FILE = "charge.json", "pid", "code", "log", "lock"
_AFTER_TERM = 2.0
_OUT_OF_MEMORY = 137
"""The exit code of a process that was killed for its memory."""


class SupervisorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt that a supervisor starts, and its limits."""

    argv: tuple[str, ...]
    directory: str
    seconds: float | None
    grace: float
    memory: int | None = None


def hand_over(place: Path, charge: SupervisorConfig) -> None:
    """Writes the supervisor's configuration into the directory `place`."""
    part = place / f"{CHARGE_FILE}.{os.getpid()}"
    part.write_bytes(msgspec.json.encode(charge))
    part.replace(place / CHARGE_FILE)


def handed_over(place: Path) -> SupervisorConfig | None:
    """Reads the configuration from the directory `place`; None if it cannot be read."""
    try:
        return msgspec.json.decode((place / CHARGE_FILE).read_bytes(), type=SupervisorConfig)
    except (OSError, msgspec.DecodeError):
        return None


def main() -> None:
    """Supervises one attempt, unless it has or had a supervisor."""
    import fcntl

    place = Path(sys.argv[1])
    charge = handed_over(place)
    lock = os.open(place / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # Another supervisor holds it.
    if charge is not None and not (place / PID_FILE).exists():
        _keep(place, charge)


def _keep(place: Path, charge: SupervisorConfig) -> None:
    from gitcoord.engines.processes import adopt_orphans, myself, write_down

    adopt_orphans()
    term = _Term()
    log = os.open(place / LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    write_down(place / PID_FILE, myself())
    code = _run(place, charge, log, term)
    part = place / f"{CODE_FILE}.part"
    part.write_text(f"{code}\n", encoding="ascii")
    part.replace(place / CODE_FILE)


class _Term:
    """Records whether the supervisor got TERM, INT or HUP; a signal also wakes it up."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True


def _run(place: Path, charge: SupervisorConfig, log: int, term: _Term) -> int:
    try:
        child = subprocess.Popen(
            charge.argv,
            cwd=charge.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.write(log, f"{charge.argv[0]} cannot be started: {error}\n".encode("utf-8", "replace"))
        return 127
    until = None if charge.seconds is None else time.monotonic() + charge.seconds
    memory = _memory_limit(charge.memory, child.pid, place)
    code = _wait(child, term, until, memory)
    over = memory is not None and memory.over
    late = code is None and not term.came and not over
    if code is None:
        child.terminate()
        child.send_signal(signal.SIGCONT)
        code = _wait(child, None, time.monotonic() + charge.grace)
    _end_rest(min(charge.grace, _AFTER_TERM))
    code = child.wait() if code is None else code
    if over:
        return _OUT_OF_MEMORY
    return 124 if late else code if code >= 0 else 128 - code


def _memory_limit(limit: int | None, child: int, place: Path) -> "MemoryLimit | None":
    if limit is None:
        return None
    from gitcoord.engines.memory_limit import MemoryLimit

    return MemoryLimit(limit, child, place)


def _wait(
    child: "subprocess.Popen[bytes]",
    term: _Term | None,
    until: float | None,
    memory: "MemoryLimit | None" = None,
) -> int | None:
    """Waits for the child and returns its code; None if a signal or a limit ended the wait first."""
    wake, waking = os.pipe()
    os.set_blocking(waking, False)
    before = signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    try:
        return _wait_with(child, term, until, wake, memory)
    finally:
        signal.set_wakeup_fd(before)
        os.close(wake)
        os.close(waking)


def _wait_with(
    child: "subprocess.Popen[bytes]",
    term: _Term | None,
    until: float | None,
    wake: int,
    memory: "MemoryLimit | None",
) -> int | None:
    from gitcoord.engines.processes import sleep_until_end

    while (code := child.poll()) is None:
        left = None if until is None else until - time.monotonic()
        if (term is not None and term.came) or (left is not None and left <= 0):
            return None
        if memory is not None and memory.exceeded():
            return None
        limits = [seconds for seconds in (left, memory.left() if memory else None) if seconds is not None]
        sleep_until_end([child.pid], min(limits, default=None), wake)
    return code


def _end_rest(grace: float) -> None:
    from gitcoord.engines.processes import descendants, end, has_children

    if has_children():
        end(descendants, grace)


if __name__ == "__main__":
    main()
