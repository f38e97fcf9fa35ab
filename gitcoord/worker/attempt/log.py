"""The log of an attempt: its output without secrets; if it is long, only the beginning and the end."""

import os
import time
from collections import deque
from pathlib import Path

from gitcoord.engines.processes import in_directory
from gitcoord.text_lists import visible
from gitcoord.worker.attempt.secret_filter import SecretFilter
from gitcoord.worker.attempt.spending import Spending

_NOTICE = "\n[… {count:,} bytes are left out here …]\n"


def _notice(count: int) -> bytes:
    return _NOTICE.format(count=count).encode()


class FileLog:
    """A log in a file of about `limit` bytes at most, to which other processes may append, too."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self._head, self._tail, self._limit = limit // 2, limit // 4, limit
        self._left_out = 0
        how = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = in_directory(path.parent, lambda: os.open(path, how, 0o600))

    def write(self, data: bytes) -> None:
        """Appends `data`. On a full disk, drops it."""
        try:
            for start in range(0, len(data), self._tail):
                os.write(self._file, data[start : start + self._tail])
                if os.fstat(self._file).st_size > self._limit:
                    self._shorten()
        except OSError:
            return

    def tail(self, most: int) -> str:
        """The last `most` bytes as text."""
        size = os.fstat(self._file).st_size
        return os.pread(self._file, most, max(0, size - most)).decode("utf-8", "replace")

    def is_same(self, descriptor: int) -> bool:
        """Whether `descriptor` writes into this file."""
        try:
            return os.path.sameopenfile(self._file, descriptor)
        except OSError:
            return False

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def _shorten(self) -> None:
        size = os.fstat(self._file).st_size
        head = os.pread(self._file, self._head, 0)
        head = head[: head.rfind(b"\n") + 1] or head
        kept = os.pread(self._file, self._tail, size - self._tail)
        kept = kept[kept.find(b"\n") + 1 :]
        if self._left_out == 0:
            self._head = len(head)
        before = len(_notice(self._left_out)) if self._left_out else 0
        self._left_out += size - self._head - before - len(kept)
        os.ftruncate(self._file, self._head)
        os.write(self._file, _notice(self._left_out) + kept)


class StreamLog:
    """A log to a terminal or pipe, where nothing can be removed: writes the end when it is closed."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._room, self._most = limit // 2, limit // 4
        self._kept: deque[bytes] = deque()
        self._size = self._left_out = 0

    def write(self, data: bytes) -> None:
        """Writes `data` until half of the limit is used, then keeps only the newest data for the end."""
        now, later = data[: self._room], data[self._room :]
        self._room -= len(now)
        self._pass_on(now)
        if later:
            self._kept.append(later)
            self._size += len(later)
        while (excess := self._size - self._most) > 0:
            oldest = self._kept.popleft()
            if len(oldest) > excess:
                self._kept.appendleft(oldest[excess:])
            dropped = min(excess, len(oldest))
            self._size -= dropped
            self._left_out += dropped

    def close(self) -> None:
        """Writes the end that was kept."""
        if self._left_out:
            self._pass_on(_notice(self._left_out))
        for data in self._kept:
            self._pass_on(data)
        self._kept.clear()

    def _pass_on(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            return  # the reader is gone


class Log:
    """Writes an attempt's output to its file, and to standard error unless that is the same file."""

    def __init__(self, path: Path, limit: int, echo: int | None = 2) -> None:
        self._file = FileLog(path, limit)
        echoed = echo is not None and not self._file.is_same(echo)
        self._stream = StreamLog(echo, limit) if echoed and echo is not None else None
        self._filter = SecretFilter()
        self._heard = time.monotonic()
        self.spending = Spending()
        self.written = 0

    def write(self, data: bytes) -> None:
        """Writes `data` to the file and to standard error, line by line and without secrets."""
        self.written += len(data)
        self._heard = time.monotonic()
        self.spending.write(data)
        self._pass_on(self._filter.write(data))

    def printed(self, most: int) -> str:
        """The last `most` bytes of the file as text; safe while another thread writes."""
        return self._file.tail(most)

    @property
    def quiet(self) -> float:
        """Seconds since the last write."""
        return time.monotonic() - self._heard

    def say(self, text: str) -> None:
        """Writes a message of the worker itself; escapes it, because its titles and paths are untrusted."""
        shown = "\n".join(map(visible, text.split("\n")))
        self.write(f"[gitcoord] {shown}\n".encode())

    def tail(self, most: int = 4000) -> str:
        """The last `most` bytes of the log as text, including an unfinished line."""
        self._pass_on(self._filter.flush())
        return self._file.tail(most)

    def close(self) -> None:
        """Closes the log."""
        self._pass_on(self._filter.flush())
        if self._stream is not None:
            self._stream.close()
        self._file.close()

    def _pass_on(self, data: bytes) -> None:
        if data:
            self._file.write(data)
            if self._stream is not None:
                self._stream.write(data)
