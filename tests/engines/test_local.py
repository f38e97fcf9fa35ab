"""The local engine: the behaviours of every engine, on this machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gitcoord.engines.engine import Engine
from gitcoord.engines.local import LocalEngine, memory_of
from gitcoord.engines.processes import ProcessRecord, is_alive, record_of
from tests.engines.contract import EngineContract


class TestLocalEngine(EngineContract):
    def make(self, state: Path) -> Engine:
        return LocalEngine(state)


def test_a_supervisor_that_never_came_is_given_up_whoever_sets_the_clock(tmp_path: Path) -> None:
    charge = tmp_path / "one-1" / "charge.json"
    charge.parent.mkdir()
    charge.touch()
    states = [LocalEngine(tmp_path).poll(["one-1"])["one-1"].state]
    written = charge.stat().st_mtime
    for moved in (-3600, 3600):
        os.utime(charge, (written + moved, written + moved))
        states.append(LocalEngine(tmp_path).poll(["one-1"])["one-1"].state)
    assert states == ["starting", "absent", "absent"]


def test_memory_counts_what_all_descendants_use_also_those_of_other_threads() -> None:
    script = (
        "import subprocess, sys, threading\n"
        "child = [sys.executable, '-c', \"x = b'x' * (60 << 20); print(1, flush=True); input()\"]\n"
        "start = lambda: subprocess.Popen(child, stdin=0).wait()\n"
        "threading.Thread(target=start).start()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as root:
        assert root.stdout is not None
        root.stdout.readline()
        used, all_of_them = memory_of([root.pid])[root.pid], psutil.Process(root.pid).children(recursive=True)
        seen = sum(one.memory_info().rss for one in (psutil.Process(root.pid), *all_of_them))
        assert len(all_of_them) == 1
        root.communicate(b"")
    assert 60 << 20 < used < seen + (20 << 20)
    assert memory_of([root.pid]) == {root.pid: 0}


def test_only_what_uses_too_much_memory_is_ended_also_where_it_ends_before_the_next_look(
    tmp_path: Path,
) -> None:
    script = (
        "import subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from gitcoord.engines import processes\n"
        "from gitcoord.engines.memory_limit import MemoryLimit\n"
        "tell = processes.tell\n"
        "processes.tell = lambda *sent: (tell(*sent), time.sleep(0.5))\n"  # as on a busy machine
        "take = [sys.executable, '-c', 'x = bytearray(60 << 20); print(flush=True); input()']\n"
        "with subprocess.Popen(take, stdin=-1, stdout=-1, start_new_session=True) as other:\n"
        "    other.stdout.readline()\n"
        "    limit = MemoryLimit(40 << 20, child=1, place=Path(sys.argv[1]))\n"
        "    print(limit.exceeded(), other.wait())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", str(-signal.SIGTERM)]


def test_an_ended_process_and_another_one_with_its_number_are_not_alive() -> None:
    with subprocess.Popen(["sleep", "20"]) as process:
        before = record_of(process.pid)
        assert is_alive(before)
        assert not is_alive(ProcessRecord(pid=process.pid, born=f"{before.born}0"))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(before)  # a zombie
    assert not is_alive(before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists the children of a process")
def test_a_run_that_asks_for_its_attempts_reads_nothing_of_other_processes(tmp_path: Path) -> None:
    script = (
        "import os, re, sys\n"
        "from pathlib import Path\n"
        "from gitcoord.engines.engine import Launch\n"
        "from gitcoord.engines.local import LocalEngine\n"
        "engine, seen = LocalEngine(Path(sys.argv[1])), set()\n"
        "launch = dict(argv=('sleep', '1000'), directory='/', environment={}, seconds=None, grace=0.1)\n"
        "engine.start(Launch(key='a-1', **launch))\n"
        "while not engine.poll(['a-1'])['a-1'].memory: pass\n"
        "engine = LocalEngine(Path(sys.argv[1]))\n"
        "at = re.compile('/proc/([0-9]+)')\n"
        "note = lambda event, arguments: seen.update(at.match(str(arguments[0])) and "
        "at.match(str(arguments[0])).groups() or ()) if event == 'open' else None\n"
        "sys.addaudithook(note)\n"
        "engine.poll(['a-1'])\n"
        "print(os.getpid(), *seen)\n"
        "engine.cancel('a-1')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    own, *seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert seen
    assert not {str(os.getpid()), str(os.getppid()), "1", own} & set(seen)
