"""Running a command: its output kept within bounds, and its end when nobody wants it any more."""

import os
import time
import tracemalloc
from pathlib import Path

import psutil
import pytest

from gitcoord.engines.processes import marked
from gitcoord.worker.attempt.command_process import Command, run_command
from gitcoord.worker.attempt.log import FileLog, Log, StreamLog
from gitcoord.worker.attempt.signals import StopSignal


def test_a_command_that_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    asked: list[float] = []

    def unwanted() -> bool:
        asked.append(time.monotonic())
        return (tmp_path / "pid").exists()

    command = Command(
        argv=["sh", "-c", "echo $$ > pid; sleep 100"], directory=tmp_path, environment=dict(os.environ)
    )
    log = Log(tmp_path / "log", 10_000, echo=None)
    finish = run_command(command, log, stop=StopSignal(), grace=0.1, look=unwanted, every=0.05)
    assert (finish.why, finish.succeeded) == ("stopped", False)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert asked


def test_a_process_without_a_mark_is_never_taken_for_anybodys() -> None:
    assert marked("".__eq__) == []


def test_a_command_that_is_not_there_is_a_result(tmp_path: Path) -> None:
    command = Command(argv=["no-such-program"], directory=tmp_path, environment={})
    finish = run_command(command, Log(tmp_path / "log", 10_000, echo=None), stop=StopSignal(), grace=0.1)
    assert (finish.why, finish.succeeded) == ("not started", False)
    assert finish.problem == "no-such-program cannot be started: No such file or directory"


def test_a_log_keeps_the_beginning_and_the_end_whole_lines_at_a_time(tmp_path: Path) -> None:
    lines = [b"line %d\n" % number for number in range(5000)]
    whole = b"".join(lines)
    file = FileLog(tmp_path / "log", 8000)
    reading, writing = os.pipe()
    stream = StreamLog(writing, 8000)
    for start in range(0, len(whole), 777):
        file.write(whole[start : start + 777])
        stream.write(whole[start : start + 777])
    stream.close()
    for kept in ((tmp_path / "log").read_bytes(), os.read(reading, 100_000)):
        assert len(kept) < 8200
        head, _, rest = kept.partition(b"\n[\xe2\x80\xa6 ")
        count, _, tail = rest.partition(b" bytes are left out here \xe2\x80\xa6]\n")
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) + int(count.replace(b",", b"")) + len(tail) == len(whole)
    assert file.tail(12) == "8\nline 4999\n"


@pytest.mark.parametrize("chunk", [b"a line\n" * 9_000, b"x" * 63_000], ids=["lines", "one line"])
def test_output_without_end_takes_no_more_memory_than_some(tmp_path: Path, chunk: bytes) -> None:
    with Path(os.devnull).open("wb") as nowhere:
        log = Log(tmp_path / "log", 250_000, echo=nowhere.fileno())
        tracemalloc.start()
        for _ in range(400):
            log.write(chunk)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        log.close()
    assert most < 12_000_000
    assert (tmp_path / "log").stat().st_size < 260_000
