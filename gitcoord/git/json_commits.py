"""Stores JSON documents as commits under refs: the subject is a sentence, the body the document.

A nonce keeps two writers from making the same commit in the same second: otherwise both would believe that
their compare-and-swap won.
"""

import os
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.repository import Repository

_NONCE = "Gitcoord-Nonce"
_LONGEST_SUBJECT = 200


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of such a ref; `body` is the raw JSON, or None if the message has none."""

    commit: Oid
    parents: tuple[Oid, ...]
    subject: str
    body: bytes | None


def encode(value: Any) -> bytes:
    """Encodes `value` as JSON on one line; keeps bytes of paths that are not UTF-8."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        import json  # escapes lone surrogates, which msgspec refuses

        return json.dumps(msgspec.to_builtins(value)).encode()


def decode(body: bytes | None, type: Any) -> Any:
    """Decodes `body` to a value of `type`; None if that is impossible."""
    try:
        return _decoder(type).decode(body or b"")
    except msgspec.ValidationError:
        return None
    except UnicodeDecodeError:
        return None
    except (msgspec.DecodeError, RecursionError):
        return _decode_slowly(body or b"", type)


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def _decode_slowly(body: bytes, type: Any) -> Any:
    import json  # accepts the escapes of lone surrogates

    try:
        return msgspec.convert(json.loads(body), type)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def write_document(
    repository: Repository, subject: str, body: bytes, parent: Oid | None, tree: Oid | None = None
) -> Document:
    """Writes a document as a commit on top of `parent`, and returns the document; moves no ref."""
    from gitcoord.git.write_commits import commit_tree, message_bytes

    line = re.sub(r"[\x00-\x1f\x7f]+", " ", subject)[:_LONGEST_SUBJECT]
    message = f"{line}\n\n{body.decode()}\n\n{_NONCE}: {os.urandom(8).hex()}\n"
    parents = [parent] if parent else []
    tree = tree or repository.empty_tree
    commit = commit_tree(repository.git, tree, parents, message, environment=repository.identity)
    return _document(b"%b\n%b" % (" ".join([commit, *parents]).encode(), message_bytes(message)))


def read_documents(git: Git, tips: Iterable[Oid], *, newest_only: bool = False) -> list[Document]:
    """Reads the documents of all commits reachable from `tips`, parents first.

    With `newest_only`, reads only those of `tips`.
    """
    revisions = "".join(f"{tip}\n" for tip in tips)
    if not revisions:
        return []
    walk = ("--no-walk",) if newest_only else ("--topo-order", "--reverse")
    options = (*walk, "-z", "--format=%H %P%n%B", "--stdin")
    ended = git.run("log", *options, input=revisions.encode())
    return [_document(record) for record in ended.stdout.split(b"\0") if record]


def _document(record: bytes) -> Document:
    # Not `splitlines`, which also splits at \r.
    ids, *lines = record.split(b"\n")
    commit, *parents = ids.decode().split()
    body = next((line for line in lines[1:] if line.startswith(b"{")), None)
    subject = os.fsdecode(lines[0]) if lines else ""
    return Document(commit=commit, parents=tuple(parents), subject=subject, body=body)
