"""The local copy of the log of an attempt elsewhere: partial while it runs, complete after its end."""

from pathlib import Path

from gitcoord.engines.processes import in_directory
from gitcoord.engines.supervisor import LOG_FILE

_PARTIAL = "log-partial"
"""This file exists while the copy is not the complete log."""


class KeptLog:
    """The copy in the directory `place` of an attempt."""

    def __init__(self, place: Path) -> None:
        self.path = place / LOG_FILE
        self._partial = place / _PARTIAL

    @property
    def whole(self) -> bool:
        """Whether the copy is complete."""
        return self.path.exists() and not self._partial.exists()

    @property
    def size(self) -> int:
        """The number of bytes copied so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def put(self, data: bytes, *, whole: bool) -> None:
        """Replaces the copy with `data`, which is complete if `whole`."""
        part = self.path.with_suffix(".part")
        if not whole:
            in_directory(self.path.parent, self._partial.touch)
        in_directory(self.path.parent, lambda: part.write_bytes(data))
        part.replace(self.path)
        if whole:
            self._partial.unlink(missing_ok=True)

    def add(self, data: bytes) -> None:
        """Appends the newer part of the log to a partial copy."""
        in_directory(self.path.parent, self._partial.touch)
        with self.path.open("ab") as log:
            log.write(data)
