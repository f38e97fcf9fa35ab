"""Processes of a machine: frozen and killed, all of them, with what they started."""

import signal
from contextlib import suppress

import psutil


def everything_of(pid: int) -> list[psutil.Process]:
    """The process and everything below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def send(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Sends each of them the signal; one that has ended needs none."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
