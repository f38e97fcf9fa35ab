"""Makes merges that depend on each other with one process: each needs the result of the previous one.

Git before 2.49 buffers a few thousand bytes of results. Therefore each merge is followed by one that
conflicts in a file with a very long name: its result flushes the buffer.
"""

import os
import select
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import MERGE, TreeMerge, merge_tree, read_merge, settled
from gitcoord.git.object_writer import TreeEntry, Writer

if TYPE_CHECKING:
    import subprocess

_LONG_NAME = "x" * 3_000
_PATIENCE = 2.0
_AT_ONCE = 1 << 16


class MergeChain:
    """Uses one `git merge-tree` process for one merge at a time. `git` is a quarantine."""

    def __init__(self, git: Git, writer: Writer) -> None:
        self._git = git
        self._writer = writer
        self._process: subprocess.Popen[bytes] | None = None
        self._pusher = b""
        self._pushed = 0
        self._unread = b""

    def __enter__(self) -> "MergeChain":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def merge(self, ours: Oid, theirs: Oid) -> TreeMerge:
        """Merges one pair of commits."""
        try:
            self._start()
            self._send(f"{ours} {theirs}\n".encode() + self._pusher)
            fields = self._fields()
            left_over, self._pushed = self._pushed, 1
            for _ in range(left_over):
                read_merge(fields)
            merged = read_merge(fields)
        except (OSError, EOFError):
            merged = None
        if merged is None:
            # An impossible merge ends the process. Repeat it alone to learn the reason.
            self._end()
            return merge_tree(self._git, ours, theirs)
        return settled(self._git, merged)

    def _start(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = self._git.start(*MERGE)
            self._pusher = self._make_pusher()
            self._pushed, self._unread = 0, b""
        return self._process

    def _send(self, request: bytes) -> None:
        if asking := self._start().stdin:
            asking.write(request)
            asking.flush()

    def _fields(self) -> Iterator[str]:
        while True:
            field, end, rest = self._unread.partition(b"\0")
            if end:
                self._unread = rest
                yield os.fsdecode(field)
            else:
                self._unread += self._more()

    def _more(self) -> bytes:
        answers = self._start().stdout
        while answers and not select.select([answers], [], [], _PATIENCE)[0]:
            self._send(self._pusher)
            self._pushed += 1
        content = os.read(answers.fileno(), _AT_ONCE) if answers else b""
        if not content:
            raise EOFError
        return content

    def _make_pusher(self) -> bytes:
        # A file and a symlink of the same name: the cheapest conflict.
        empty = self._writer.blob(b"")
        before = self._writer.commit(self._writer.tree({}))
        sides = [
            self._writer.commit(self._writer.tree({_LONG_NAME: TreeEntry(mode, empty)}), [before])
            for mode in ("100644", "120000")
        ]
        return " ".join(sides).encode() + b"\n"

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
