"""Events as commits: one commit an event, on one ref a task, so that writers don't queue."""

import os
import pwd
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import Document, decode, encode, read_documents, write_document
from gitcoord.git.repository import Repository
from gitcoord.redact import redact


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the journal: `event` is None when gitcoord did not write it (`subject` shows it).

    `newer`: it did, in a version that knows more events than this one. `at` is the time that it is ordered
    by: the event's, or that of what it was written on.
    """

    commit: Oid
    subject: str
    event: AnyEvent | None
    at: str = ""
    parents: tuple[Oid, ...] = ()
    newer: bool = False


class _Kind(msgspec.Struct):
    """What every event has."""

    event: str
    at: str
    by: str


def now() -> str:
    """The time for an event: UTC, ISO 8601, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def worker_name(environ: Mapping[str, str] = os.environ) -> str:
    """Who acts: `GITCOORD_WORKER`, else USER@HOST."""
    named = environ.get("GITCOORD_WORKER", "").strip()
    user = environ.get("USER") or environ.get("LOGNAME") or _user_name()
    return named or f"{user}@{os.uname().nodename}"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container's user without a name


def write_entry(
    repository: Repository, event: AnyEvent, parent: Oid | None, tree: Oid | None = None
) -> Document:
    """Writes the commit of `event` on top of `parent`, and returns it. No ref moves."""
    reason = getattr(event, "reason", None)
    if reason:
        # Words of programs and servers, which may quote a secret; a record stays for ever.
        event = msgspec.structs.replace(event, reason=redact(reason))
    return write_document(repository, event.sentence(), encode(event), parent, tree)


def read_entries(git: Git, tips: Iterable[Oid], known: Iterable[JournalEntry] = ()) -> list[JournalEntry]:
    """Every commit reachable from `tips`: by the events' times, and each ref in its own order.

    With `known` entries, a tip may be `^COMMIT` of one of them, to leave out what lies before it. Raises
    `git-failed` when a tip, or something before it, is not there.
    """
    return entries_of(read_documents(git, tips), known)


def entries_of(documents: Iterable[Document], known: Iterable[JournalEntry] = ()) -> list[JournalEntry]:
    """The entries that the commits of a walk are, by the events' times; `known` are some before them."""
    times = {entry.commit: entry.at for entry in known}
    entries = []
    for document in documents:
        event = decode(document.body, AnyEvent)
        # A worker whose clock is slow writes after what it has seen, whatever its clock says.
        at = max([event.at if event else "", *(times.get(p, "") for p in document.parents)])
        times[document.commit] = at
        entries.append(
            JournalEntry(
                commit=document.commit,
                subject=document.subject,
                event=event,
                at=at,
                parents=document.parents,
                newer=event is None and decode(document.body, _Kind) is not None,
            )
        )
    return in_order(entries)


def in_order(entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """The entries by their times; those of equal time as they come."""
    return sorted(entries, key=lambda entry: entry.at)
