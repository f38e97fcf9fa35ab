"""JSON documents kept as commits under refs: the subject says it in words, the body holds the document.

A nonce keeps two writers of one document in the same second from making the same commit, which would let
both believe that their compare-and-swap won.
"""

import re
import secrets
from collections.abc import Iterable

import msgspec

from gitcoord.git.merges import commit_tree
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid

_NONCE = "Gitcoord-Nonce"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of such a ref; `body` is the raw JSON, or None when there is none in the message."""

    commit: Oid
    subject: str
    body: bytes | None


def write_document(
    repository: Repository, subject: str, body: bytes, parent: Oid | None, tree: Oid | None = None
) -> Oid:
    """Writes the commit of a document on top of `parent` and returns its id. No ref moves."""
    git = repository.git
    if tree is None:
        tree = git.text("hash-object", "-w", "-t", "tree", "--stdin")
    line = re.sub(r"[\x00-\x1f\x7f]+", " ", subject)[:200]
    message = f"{line}\n\n{body.decode()}\n\n{_NONCE}: {secrets.token_hex(8)}\n"
    return commit_tree(git, tree, [parent] if parent else [], message, environment=repository.identity)


def read_documents(git: Git, tips: Iterable[Oid], *, newest_only: bool = False) -> list[Document]:
    """The documents of all commits reachable from `tips` (or of the tips alone); each ref oldest first."""
    revisions = "".join(f"{tip}\n" for tip in tips)
    if not revisions:
        return []
    walk = ("--no-walk",) if newest_only else ("--topo-order", "--reverse")
    options = (*walk, "-z", "--format=%H%n%B", "--stdin")
    ended = git.run("log", *options, input=revisions.encode())
    return [_document(record) for record in ended.text.split("\0") if record]


def _document(record: str) -> Document:
    commit, _, message = record.partition("\n")
    lines = message.splitlines()
    body = next((line for line in lines[1:] if line.startswith("{")), None)
    raw = None if body is None else body.encode("utf-8", "surrogateescape")
    return Document(commit=commit, subject=lines[0] if lines else "", body=raw)
