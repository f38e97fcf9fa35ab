"""Finds in git's messages why a command failed, and whether the cause goes away by itself.

Reads only git's own lines, and only with LC_ALL=C: those that begin with `fatal:`, `error:`, `send-pack:` or
`fetch-pack:`, and those of the ssh client. Ignores `remote:` lines and the text after `remote error:` or
`remote unpack failed:`, because a server or its hooks wrote that. Where git has a format for programs, reads
that instead: the status lines of `git push --porcelain` (git-push(1), OUTPUT), and the exit code of a local
hook in `GIT_TRACE2_EVENT` (git's technical/api-trace2). The lines come from git's `http.c`, `remote-curl.c`,
`connect.c`, `pkt-line.c`, `lockfile.c` and `object-file.c`, the reasons of a rejected ref from
`builtin/receive-pack.c`.
"""

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from gitcoord.errors import Passing
from gitcoord.redact import redact_said

Cause = Literal["here", "network", "refused", "broken-ref", "untrusted", "no-repository", "unknown"]
"""`here`: in this repository. `refused`: by the other side. `broken-ref`: a ref without a commit.
`untrusted`: a repository of another user."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = (errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT, errno.ENOTDIR)
_BUSY_STATUS = frozenset({408, 425, 429})
_OWN = ("fatal: ", "error: ", "send-pack: ", "fetch-pack: ", "ssh: ")
_NOT_OWN = ("fatal: remote error: ", "error: remote unpack failed: ")
# Patterns are compiled when a command has failed: compiling all of them would slow every start.
_HTTP = (
    r"fatal: unable to access '.*': The requested URL returned error: (\d{3})"
    r"|error: RPC failed; HTTP (\d{3})\b"
)
_CURL = r"fatal: unable to access '.*': (.*)"
_TLS = r"(?i)(server )?certificate|SSL|TLS|gnutls|schannel|Protocol .* not supported"
_LINES: tuple[tuple[str, Cause, Passing], ...] = (
    (r"(fatal|error): .*Unable to create '.*\.lock': File exists\.?$", "here", "briefly"),
    (r"error: insufficient permission for adding an object", "here", "unknown"),
    (r"(fatal|error): unable to (write|create temporary) (loose object )?file\b", "here", "unknown"),
    (r"fatal: bad object ", "broken-ref", "unknown"),
    (r"fatal: detected dubious ownership in repository ", "untrusted", "never"),
    (r"fatal: not a git repository", "no-repository", "never"),
    (r"fatal: (Authentication failed for|could not read (Username|Password) for) ", "refused", "perhaps"),
    (r"fatal: repository '.*' not found$", "refused", "perhaps"),
    (r"fatal: '.*' does not appear to be a git repository$", "network", "briefly"),
    (r"fatal: ref updates aborted by hook$", "refused", "never"),
    (r"fatal: (the remote end hung up|early EOF|protocol error: )", "network", "passes"),
    (r"fatal: (unexpected |expected |unable to connect to |unable to look up )", "network", "passes"),
    (r"ssh: |error: RPC failed; |(send|fetch)-pack: unexpected disconnect ", "network", "passes"),
)
_BROKEN = "warning: ignoring broken ref "
_SSH_LOST = "fatal: Could not read from remote repository."
_SSH_SAYS_NO = r"[^:]*: Permission denied \([a-z,-]+\)\.$|Host key verification failed\.$"
_REF_BUSY = frozenset(
    {
        "failed to update ref",
        "failed to lock",
        "failed to write",
        "transaction failed to start",
        "atomic transaction failed",
        "unpacker error",
    }
)
"""The messages of receive-pack if it could not write: another writer holds the lock, or the disk is full."""
_SERVER_BROKE = frozenset({"Internal Server Error", "remote failed to report status"})


class GitFailure(msgspec.Struct, frozen=True):
    """The cause of a failed command, and whether it goes away by itself."""

    cause: Cause
    passing: Passing


class PushRejection(msgspec.Struct, frozen=True):
    """A ref that was not moved, from `git push --porcelain`: `[remote rejected] (reason)`."""

    ref: str
    summary: str
    passing: Passing


def failure_of(stderr: str) -> GitFailure:
    """Classifies git's own lines in `stderr`; the first known line counts."""
    for line in stderr.splitlines():
        if line.startswith(_OWN) and not line.startswith(_NOT_OWN) and (found := _of_line(line, stderr)):
            return found
    return GitFailure("unknown", "unknown")


def broken_refs(stderr: str) -> tuple[str, ...]:
    """Returns the refs that git skipped because it could not read them."""
    lines = (line for line in stderr.split("\n") if line.startswith(_BROKEN))
    return tuple(line.removeprefix(_BROKEN) for line in lines)


def in_the_way_of_checkout(stderr: str) -> tuple[str, ...]:
    """Returns the files that a checkout would overwrite: git lists each on its own line after a tab."""
    return tuple(line.strip() for line in stderr.splitlines() if line.startswith("\t"))


def rejections(porcelain: str) -> Iterator[PushRejection]:
    """Yields the refs that a push could not move."""
    for line in porcelain.split("\n"):
        flag, _, rest = line.partition("\t")
        if flag == "!":
            specs, _, summary = rest.partition("\t")
            reason = summary.partition(" (")[2].removesuffix(")")
            passing: Passing = "never"
            if reason in _SERVER_BROKE:
                passing = "passes"
            elif reason in _REF_BUSY or not summary.startswith("[remote rejected]"):
                passing = "briefly"  # git itself refused, because of the refs that it read at the start
            yield PushRejection(specs.rpartition(":")[2], redact_said(summary), passing)


class TraceEvent(msgspec.Struct):
    """The fields that are read from an event of `GIT_TRACE2_EVENT`.

    The `sid` of a child process has a slash.
    """

    event: str = ""
    sid: str = "/"
    child_id: int = -1
    child_class: str = ""
    hook_name: str = ""
    code: int = 0
    exe: str = ""


TRACED = {"GIT_TRACE2_EVENT": "2"}
"""The environment in which git writes events to stderr, one per line, between its other output."""


def traced_version(stderr: str) -> str:
    """Returns the version of the git that ran with `TRACED`.

    Empty before git 2.22, which writes no events.
    """
    for event in _decoded(line for line in stderr.splitlines() if line.startswith("{")):
        if event.event == "version":
            return event.exe
    return ""


def refusing_hook(trace: Path) -> tuple[str, int] | None:
    """Returns the first failed hook in git's trace, with its exit code; None if none failed."""
    hooks: dict[int, str] = {}
    for event in _events(trace):
        if event.event == "child_start" and event.child_class == "hook":
            hooks[event.child_id] = event.hook_name
        elif event.event == "child_exit" and event.child_id in hooks and event.code:
            return hooks[event.child_id], event.code
    return None


def _events(trace: Path) -> Iterator[TraceEvent]:
    """Yields the events of the traced git process, without those of its children."""
    return (event for event in _decoded(trace.read_bytes().splitlines()) if "/" not in event.sid)


def _decoded(lines: Iterable[bytes | str]) -> Iterator[TraceEvent]:
    decoder = msgspec.json.Decoder(TraceEvent)
    for line in lines:
        with suppress(msgspec.DecodeError):  # the last line of a git that was killed
            yield decoder.decode(line)


def _of_line(line: str, stderr: str) -> GitFailure | None:
    status = re.match(_HTTP, line)
    if status:
        return _of_status(int(status[1] or status[2]))
    curl = re.match(_CURL, line)
    if curl:
        return GitFailure("network", "unknown" if re.search(_TLS, curl[1]) else "passes")
    for number in (*_FULL, *_DISK):
        if line.endswith(f": {os.strerror(number)}"):
            return GitFailure("here", "passes" if number in _FULL else "unknown")
    for pattern, cause, passing in _LINES:
        if re.match(pattern, line):
            return GitFailure(cause, passing)
    if line == _SSH_LOST:
        says_no = any(re.fullmatch(_SSH_SAYS_NO, one.strip()) for one in stderr.splitlines())
        return GitFailure("refused", "perhaps") if says_no else GitFailure("network", "passes")
    return None


def _of_status(status: int) -> GitFailure:
    if status >= 500 or status in _BUSY_STATUS:
        return GitFailure("network", "passes")
    return GitFailure("refused", "perhaps")
