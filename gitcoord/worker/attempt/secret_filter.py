"""Removes secrets from a command's output as it arrives, in pieces of any size."""

import re
from collections.abc import Iterator

from gitcoord.redact import redact

LONGEST_LINE = 1 << 20
"""The maximum number of bytes of a line to hold back until its end arrives."""
_LONGEST_SECRET = 1 << 13
_LONGEST_HEADER = 1 << 8
_KEY_BEGINS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(rb"-----END [A-Z ]*PRIVATE KEY-----")
_LINE_ENDS = re.compile(rb"(?<=\n)|(?<=\r)(?!\n)")
# RFC 7468 and RFC 1421: base64, headers, empty lines; also with the prefix of a diff or a quotation.
_OF_A_KEY = re.compile(
    rb"[-+>|:\"'\d\s]{0,24}(?:[A-Za-z0-9+/=]{1,80}|(?:Proc-Type|DEK-Info|Comment)\s*:.*)?[\"',\\\s]{0,8}"
)
_WAITS_FOR_MORE = re.compile(
    rb"(?i)(?:authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token|digest)?|\bbasic|\bbearer)\s+\Z"
)
_REDACTED = b"***\n"


class SecretFilter:
    """Passes on whole lines without secrets, and holds back an unfinished line.

    A private key spans lines; if its end marker is missing, it ends before the first line of another form.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._in_key = False

    def write(self, data: bytes) -> bytes:
        """Adds `data`, and returns the bytes that may be written."""
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not cut:
            self._held += data
            return self._without_the_end() if len(self._held) > LONGEST_LINE else b""
        whole, self._held = bytes(self._held) + data[:cut], bytearray(data[cut:])
        # The value of a header may be on the next line.
        if waiting := _WAITS_FOR_MORE.search(whole, max(0, len(whole) - _LONGEST_HEADER)):
            start = waiting.start()
            whole, self._held = whole[:start], bytearray(whole[start:]) + self._held
        return self._redacted(whole)

    def flush(self) -> bytes:
        """Returns the bytes that were held back, at the end of the output."""
        rest, self._held = bytes(self._held), bytearray()
        return self._redacted(rest)

    def _without_the_end(self) -> bytes:
        """Returns the beginning of a very long line, cut at a position that splits no secret.

        Returns only a placeholder for the line if there is no such position.
        """
        line = bytes(self._held)
        whole = _redacted(line)
        for back in range(1, 5):
            begin, end = line[: -back * _LONGEST_SECRET], line[-back * _LONGEST_SECRET :]
            if _redacted(begin) + _redacted(end) == whole:
                self._held = bytearray(end)
                return self._redacted(begin)
        self._held = bytearray()
        return _REDACTED.strip()

    def _redacted(self, data: bytes) -> bytes:
        if not self._in_key and not _KEY_BEGINS.search(data):
            return _redacted(data)
        return b"".join(self._lines(data))

    def _lines(self, data: bytes) -> Iterator[bytes]:
        plain: list[bytes] = []
        for line in _LINE_ENDS.split(data):
            if self._in_key and (end := _KEY_ENDS.search(line)):
                self._in_key = False
                line = line[end.end() :]
            elif self._in_key and _OF_A_KEY.fullmatch(line):
                continue
            self._in_key = False
            begins = list(_KEY_BEGINS.finditer(line))
            if begins and not _KEY_ENDS.search(line, begins[-1].end()):
                self._in_key = True
                yield _redacted(b"".join(plain) + line[: begins[-1].start()]) + _REDACTED
                plain.clear()
            else:
                plain.append(line)
        yield _redacted(b"".join(plain))


def _redacted(data: bytes) -> bytes:
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
