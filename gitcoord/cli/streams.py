"""The encodings of a command: UTF-8 inside, the encoding of the terminal or pipe for its streams.

Git's names are bytes, almost always UTF-8. In a locale with another encoding Python would decode them to
other characters than those in the plan, and could not encode all characters of the plan.
"""

import codecs
import os
import sys

TYPE_CHECKING = False  # importing it from `typing` costs too
if TYPE_CHECKING:
    from typing import TextIO

_OPTION = "gitcoord-streams"
_RAW = range(0xDC80, 0xDD00)
"""Code points for bytes that are not UTF-8 (surrogateescape): names in git may contain such bytes."""


def run_in_utf8() -> None:
    """Restarts the interpreter in UTF-8 mode, in the same process, if its file names are not UTF-8.

    Passes the streams' encoding as an option of the interpreter, which child processes do not inherit.
    """
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable or _OPTION in sys._xoptions:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    options = ("-X", "utf8", "-X", f"{_OPTION}={encoding}")
    os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606


def prepare_streams() -> None:
    """Makes stdout and stderr print `?` for a character that their encoding does not have.

    They print undecodable bytes of names unchanged. Opens the null device for each stream that is closed.
    """
    _take_closed_numbers()
    codecs.register_error("gitcoord", _replaced)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=sys._xoptions.get(_OPTION), errors="gitcoord")


def _take_closed_numbers() -> None:
    """Opens the null device as descriptor 0, 1 or 2 if that is closed: else the next pipe would get it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _nowhere() -> "TextIO":
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def _replaced(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = map(ord, error.object[error.start : error.end])
    return b"".join(bytes([code - 0xDC00]) if code in _RAW else b"?" for code in lost), error.end
