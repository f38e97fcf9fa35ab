"""Measures the memory of processes with all their descendants."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil


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
