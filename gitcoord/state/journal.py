"""Events as commits: one commit an event, on one ref a task, so that writers don't queue.

The subject says it in words, the body holds the event as JSON, the tree is empty. A nonce keeps two
writers of the same event in the same second from making the same commit.
"""

import os
import re
import secrets
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.git.merges import commit_tree
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NONCE = "Gitcoord-Nonce"
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
    git = repository.git
    if tree is None:
        tree = git.text("hash-object", "-w", "-t", "tree", "--stdin")
    body = msgspec.json.encode(event).decode()
    subject = _one_line(event.sentence())
    message = f"{subject}\n\n{body}\n\n{_NONCE}: {secrets.token_hex(8)}\n"
    return commit_tree(git, tree, [parent] if parent else [], message, environment=repository.identity)


def read_entries(git: Git, tips: Iterable[Oid]) -> list[Entry]:
    """Every commit reachable from `tips`, oldest first (by the events' times, each ref in its order)."""
    revisions = "".join(f"{tip}\n" for tip in tips)
    if not revisions:
        return []
    ended = git.run(
        "log", "--stdin", "--topo-order", "--reverse", "-z", "--format=%H%n%B", input=revisions.encode()
    )
    entries = [_entry(record) for record in ended.text.split("\0") if record]
    return sorted(entries, key=_time)


def _entry(record: str) -> Entry:
    commit, _, message = record.partition("\n")
    lines = message.splitlines()
    event = None
    for line in lines[1:]:
        if line.startswith("{"):
            try:
                event = _decode(line.encode("utf-8", "surrogateescape"))
            except (msgspec.ValidationError, msgspec.DecodeError):
                event = None
            break
    return Entry(commit=commit, subject=lines[0] if lines else "", event=event)


def _time(entry: Entry) -> str:
    # Entries that are not ours sort first; the sort is stable, so each ref keeps its own order.
    return entry.event.at if entry.event else ""


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:200]
