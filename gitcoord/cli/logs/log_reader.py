"""Prints the log of an attempt or a check: as plain text, or unchanged with its terminal codes."""

from pathlib import Path

_CHUNK = 1 << 16


class LogPrinter:
    """Prints a log in parts. `name`: the name of its repository, which goes before each line."""

    def __init__(self, *, raw: bool, name: str = "") -> None:
        self._raw = raw
        self._before = f"{name}: " if name else ""
        self._rest = b""

    def put(self, data: bytes) -> None:
        """Adds `data`, and prints the lines that are complete now; with `raw` and no name, prints all."""
        self._rest = self._pass_on(self._rest + data)

    def end(self) -> None:
        """Prints the last line if it is incomplete."""
        if self._rest:
            self._pass_on(self._rest + b"\n")

    def _pass_on(self, data: bytes) -> bytes:
        """Prints the complete lines of `data`, or with `raw` and no name all of it; returns the rest."""
        import os
        import sys

        from gitcoord.cli.views.output import clean, emit

        if self._raw and not self._before:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return b""
        *lines, rest = data.split(b"\n")
        for line in lines:
            if self._raw:
                sys.stdout.buffer.write(os.fsencode(clean(self._before)) + line + b"\n")
                sys.stdout.buffer.flush()
            else:
                emit(clean(self._before) + _plain(os.fsdecode(line)))
        return rest


class LogReader(LogPrinter):
    """Prints a log that may still grow."""

    def __init__(self, path: Path, *, raw: bool, name: str = "") -> None:
        super().__init__(raw=raw, name=name)
        self._path = path
        self._seen = 0

    def read_on(self) -> None:
        """Prints the complete lines that were added since the last call."""
        # The log may have been shortened since the last call: then continue at its new end.
        self._seen = min(self._seen, self._path.stat().st_size)
        with self._path.open("rb") as file:
            file.seek(self._seen)
            while data := file.read(_CHUNK):
                self._seen += len(data)
                self.put(data)


def show_log(path: Path, *, raw: bool) -> None:
    """Prints a complete log."""
    reader = LogReader(path, raw=raw)
    reader.read_on()
    reader.end()


def _plain(line: str) -> str:
    """Removes terminal codes and secrets, and all text before the last carriage return."""
    import re

    from gitcoord.cli.views.output import clean
    from gitcoord.redact import redact

    codes = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
    kept = re.sub(codes, "", line).rstrip("\r").rpartition("\r")[2]
    return clean(redact(kept).expandtabs())
