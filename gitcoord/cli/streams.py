"""The streams of a command: whole UTF-8 inside, and outside what the terminal or pipe can carry.

Git's names are bytes that nearly always are UTF-8. In a locale of another encoding Python would read them as
other characters than those of the plan, and could not pass on all of its own.
"""

import codecs
import os
import sys

TYPE_CHECKING = False  # importing it from `typing` costs too
if TYPE_CHECKING:
    from typing import TextIO

_OPTION = "gitcoord-streams"
_RAW = range(0xDC80, 0xDD00)
"""Code points that stand for bytes which are no UTF-8: names in git may have them."""


def run_in_utf8() -> None:
    """Starts the interpreter anew in UTF-8 mode, in the same process, where names would be read otherwise.

    The streams keep their encoding: it goes along as an option of the interpreter, which no child inherits.
    """
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable or _OPTION in sys._xoptions:
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    options = ("-X", "utf8", "-X", f"{_OPTION}={encoding}")
    os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606


def settle_streams() -> None:
    """Makes stdout and stderr show what they can: `?` stands for a character that their encoding lacks.

    What whoever started the command has closed reads nothing and is read by nobody.
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
    """Opens nothing as 0, 1 and 2 where those are closed: the next pipe would be a child's stdin."""
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
