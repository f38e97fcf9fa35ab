"""Events as commits: one commit an event, on one ref a task, so that writers don't queue."""

import os
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.git.documents import Document, read_documents, write_document
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid

_decode = msgspec.json.Decoder(AnyEvent).decode


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the journal: `event` is None when gitcoord did not write it (`subject` shows it)."""

    commit: Oid
    subject: str
    event: AnyEvent | None


def now() -> str:
    """The time for an event: UTC, ISO 8601, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def worker_name(environ: Mapping[str, str] = os.environ) -> str:
    """Who acts: `GITCOORD_WORKER`, else USER@HOST."""
    named = environ.get("GITCOORD_WORKER", "").strip()
    user = environ.get("USER") or environ.get("LOGNAME") or str(os.getuid())
    return named or f"{user}@{socket.gethostname()}"


def write_entry(repository: Repository, event: AnyEvent, parent: Oid | None, tree: Oid | None = None) -> Oid:
    """Writes the commit of `event` on top of `parent`; returns its id. No ref moves."""
    return write_document(repository, event.sentence(), msgspec.json.encode(event), parent, tree)


def read_entries(git: Git, tips: Iterable[Oid]) -> list[Entry]:
    """Every commit reachable from `tips`, oldest first (by the events' times, each ref in its order)."""
    return sorted(map(_entry, read_documents(git, tips)), key=_time)


def _entry(document: Document) -> Entry:
    event = None
    if document.body is not None:
        try:
            event = _decode(document.body)
        except (msgspec.ValidationError, msgspec.DecodeError):
            event = None
    return Entry(commit=document.commit, subject=document.subject, event=event)


def _time(entry: Entry) -> str:
    # Entries that are not ours sort first; the sort is stable, so each ref keeps its own order.
    return entry.event.at if entry.event else ""
