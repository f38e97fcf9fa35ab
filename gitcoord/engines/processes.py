"""Finds all processes of an attempt, by parentage and by a mark in their environment, and ends them."""

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
import psutil

MARK = "GITCOORD_PROCESS"
"""The variable that every process of an attempt inherits."""
_SET_CHILD_SUBREAPER = 36
_PATIENCE_AFTER_KILL = 10.0
_MOMENT = 0.2
_REMOVALS = 3
_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)

_Done = TypeVar("_Done")
Find = Callable[[], list[psutil.Process]]


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process on record: its number and its start time, since the system uses numbers again."""

    pid: int
    born: str


def myself() -> ProcessRecord:
    """The record of this process."""
    return record_of(os.getpid())


def record_of(pid: int) -> ProcessRecord:
    """The record of the process that has this number now; raises `psutil.NoSuchProcess`."""
    return ProcessRecord(pid=pid, born=_birth(psutil.Process(pid)))


def find(process: ProcessRecord) -> psutil.Process | None:
    """Returns the process; None if it has ended."""
    try:
        found = psutil.Process(process.pid)
        same = _birth(found) == process.born
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except (*_GONE, OSError):
        return None


def is_alive(process: ProcessRecord) -> bool:
    """Whether the process has not ended. Reads one file on Linux: a run asks this very often."""
    if not _boot():
        return find(process) is not None
    try:
        state, birth = _state_and_birth(process.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return birth == process.born and state not in ("Z", "X")


def _birth(process: psutil.Process) -> str:
    """The start of the process, in a form that does not change when the clock is set."""
    if not _boot():
        return f"{process.create_time():.2f}"
    try:
        return _state_and_birth(process.pid)[1]
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(process.pid) from error


@cache
def _boot() -> str:
    """The id of the system's boot; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _state_and_birth(pid: int) -> tuple[str, str]:
    """Reads the letter of a process's state, and when it began. Source: proc_pid_stat(5)."""
    # The name before the bracket may contain anything; the 20th field after it is in ticks since boot.
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return fields[0].decode("ascii"), f"{_boot()} {fields[19].decode('ascii')}"


def in_directory(place: Path, act: Callable[[], _Done]) -> _Done:
    """Makes the directory `place` and calls `act`; tries again if somebody removes the directory."""
    for _ in range(_REMOVALS):
        place.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return act()
    place.mkdir(parents=True, exist_ok=True)
    return act()


def write_down(path: Path, process: ProcessRecord) -> None:
    """Writes the record to `path` atomically."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(msgspec.json.encode(process))
    part.replace(path)


def written_down(path: Path) -> ProcessRecord | None:
    """Reads the record in `path`; None if there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ProcessRecord)
    except (OSError, msgspec.DecodeError):
        return None


def adopt_orphans() -> bool:
    """Makes this process the parent of orphaned descendants; False where the system cannot do that."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None, use_errno=True)
        return int(library.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False


def sleep_until_end(pids: Iterable[int], seconds: float | None, *others: int) -> None:
    """Sleeps until one of the processes ends, or one of the descriptors `others` can be read.

    Where the system cannot wait for foreign processes, returns after a moment.
    """
    poll = select.poll()
    opened = []
    try:
        for pid in pids:
            opened.append(os.pidfd_open(pid))
    except ProcessLookupError:
        seconds = 0.0
    except (AttributeError, OSError):
        seconds = min(seconds or _MOMENT, _MOMENT)
    try:
        for descriptor in (*opened, *others):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else max(0.0, seconds) * 1000 + 1)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def has_children() -> bool:
    """Whether this process has children left, including ended ones that were not reaped."""
    if not hasattr(os, "waitid"):
        return True  # macOS before Python 3.13 cannot tell: the caller has to look.
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def descendants() -> list[psutil.Process]:
    """All descendants of this process, in any session."""
    return _living(psutil.Process().children(recursive=True))


def tree(mark: str, *, adopted: bool) -> Find:
    """Returns a function that finds all descendants of this process.

    Unless this process adopts orphans (`adopted`), the function finds all processes with `mark`, too.
    """
    return descendants if adopted else lambda: [*descendants(), *marked(mark.__eq__)]


def marked(wanted: Callable[[str], bool]) -> list[psutil.Process]:
    """The processes of this machine whose mark `wanted` accepts, except this one and its ancestors."""
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    others = (process for process in psutil.process_iter() if process.pid not in spared)
    # Never end a process without a mark.
    return _living(process for process in others if (mark := _mark(process)) and wanted(mark))


def end(find: Find, grace: float) -> int:
    """Sends TERM to the processes that `find` returns, and KILL after `grace` seconds.

    Repeats until none is left, except those that hang in the kernel. Returns the number of killed processes.
    """
    left = find()
    tell(left, signal.SIGTERM)
    until = time.monotonic() + grace
    while left and time.monotonic() < until:
        time.sleep(0.02)
        left = [process for process in left if _lives(process)] or find()
    killed: set[int] = set()
    until = time.monotonic() + _PATIENCE_AFTER_KILL
    while (left := find()) and time.monotonic() < until:
        tell(left, signal.SIGKILL)
        killed.update(process.pid for process in left)
        time.sleep(0.01)
    return len(killed)


def tell(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Sends a signal to each process, and resumes stopped ones: a stopped process cannot handle a signal."""
    for process in processes:
        for sent in (number, signal.SIGCONT):
            try:
                process.send_signal(sent)
            except (*_GONE, psutil.AccessDenied):
                break


def _mark(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""  # another user's, or gone


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
