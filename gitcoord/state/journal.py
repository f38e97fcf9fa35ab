"""Stores events as commits: one commit for each event, one ref for each task, so writers need not queue."""

from collections.abc import Iterable

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import Document, decode, encode, read_documents, write_document
from gitcoord.git.repository import Repository
from gitcoord.redact import redact


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of the journal. `event` is None if gitcoord did not write the commit, or if `newer`.

    `newer`: a newer gitcoord wrote an event that this version does not know. `at` is the time for sorting:
    the event's own, or that of a parent if it is later.
    """

    commit: Oid
    subject: str
    event: AnyEvent | None
    at: str = ""
    parents: tuple[Oid, ...] = ()
    newer: bool = False


class _Kind(msgspec.Struct):
    """The fields that every event has."""

    event: str
    at: str
    by: str


def write_entry(
    repository: Repository, event: AnyEvent, parent: Oid | None, tree: Oid | None = None
) -> Document:
    """Writes the commit of `event` on top of `parent`, and returns it. Moves no ref."""
    reason = getattr(event, "reason", None)
    if reason:
        # The texts of programs and servers may quote a secret, and a record stays forever.
        event = msgspec.structs.replace(event, reason=redact(reason))
    return write_document(repository, event.sentence(), encode(event), parent, tree)


def read_entries(git: Git, tips: Iterable[Oid], known: Iterable[JournalEntry] = ()) -> list[JournalEntry]:
    """Reads every commit reachable from `tips`, sorted by time; keeps the order of each ref.

    With `known` entries, a tip may be `^COMMIT` of one of them, to leave out that commit and its ancestors.
    Raises `git-failed` if a tip or an ancestor is missing.
    """
    return entries_of(read_documents(git, tips), known)


def entries_of(documents: Iterable[Document], known: Iterable[JournalEntry] = ()) -> list[JournalEntry]:
    """Returns the entries of the documents of a walk, sorted by time; `known` are entries before them."""
    times = {entry.commit: entry.at for entry in known}
    entries = []
    for document in documents:
        event = decode(document.body, AnyEvent)
        # An event comes after its parents, even if its worker's clock is slow.
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
    """Sorts the entries by time; the sort is stable."""
    return sorted(entries, key=lambda entry: entry.at)
