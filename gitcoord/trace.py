"""Logs the calls of git and GitHub, to find problems; off by default.

Removes secrets; writes one line for each request.
"""

import time

from gitcoord.redact import redact

VARIABLE = "GITCOORD_LOG"
"""The variable that names the log file; child processes inherit it."""
_NAME = "gitcoord.asked"
_begun = False


def begin(*, file: str | None = None, to_stderr: bool = False) -> None:
    """Starts logging to the file or stderr. Raises OSError."""
    global _begun
    import logging  # imported here: only logging needs it

    logger = logging.getLogger(_NAME)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(process)d %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handlers: list[logging.Handler] = []
    if file:
        handlers.append(logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"))
    if to_stderr:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(form)
        logger.addHandler(handler)
    _begun = True


def clock() -> float:
    """Returns the monotonic time for `asked`; 0 while logging is off."""
    return time.monotonic() if _begun else 0.0


def asked(what: str, since: float, outcome: str) -> None:
    """Logs the request `what`, its time since `since`, and its outcome."""
    if _begun:
        import logging

        took = (time.monotonic() - since) * 1000
        line = redact(f"{what} -> {outcome}, {took:.0f} ms")
        logging.getLogger(_NAME).info("%s", "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


def words(arguments: "tuple[str, ...]") -> str:
    """Quotes arguments for a shell; returns "" while logging is off."""
    if not _begun:
        return ""
    import shlex

    return shlex.join(arguments)
