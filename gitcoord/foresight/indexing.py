"""Updates the index for a commit, and makes the corpus for queries."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from gitcoord.foresight.corpus import Corpus
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.model import KnownChange, MinedChange, TrackedFile
from gitcoord.foresight.store import DamagedIndexError, IndexStore, Kind, NewDocument, StoredDocument
from gitcoord.foresight.words import definitions_in, identifier_terms, words_of

Tell = Callable[[int, int], None]
"""Gets the number of files that were read, and the total."""

_MOST_BYTES: Final = 60_000
"""The number of bytes to index of one file; the rest mostly repeats the start."""
_LARGEST: Final = 1 << 20
"""The maximum size in bytes of a file to read; larger files are data."""
_MOST_FILES: Final = 20_000
"""The maximum number of the tree's files to index; changed files come first."""
_BINARY_PROBE: Final = 4000
_UNREAD: Final = frozenset(
    name
    for line in (
        "png jpg jpeg gif svg ico webp woff woff2 ttf otf eot pdf zip gz xz bz2 jar mp3 mp4",
        "lock snap map ipynb parquet bin wasm",
    )
    for name in line.split()
)
"""Extensions of files whose content has no useful words."""
_STEP: Final = 500


class _ChangeData(msgspec.Struct, frozen=True, array_like=True):
    """The data of a change that is stored beside its terms."""

    spread: int
    scope: str
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


def make_corpus(
    reader: HistoryReader, commit: str, history: Sequence[str], store: IndexStore, tell: Tell | None = None
) -> tuple[Corpus, list[KnownChange]]:
    """Makes the corpus at `commit`; returns it and the changes of `history` that touched files.

    `history` is newest first, the returned changes are oldest first. Reads only blobs that the index lacks,
    and the history back to the oldest change that it lacks. Raises DamagedIndexError.
    """
    files = reader.list_files(commit)
    if store.is_spent(len(files) + len(history)):
        raise DamagedIndexError
    changes, contents = store.documents(Kind.CHANGE, data=True), store.documents(Kind.CONTENT)
    if _missing_changes(history, changes) or _missing_blobs(_worth_reading(files, store, history), contents):
        with store.writing():
            changes, contents = store.documents(Kind.CHANGE), store.documents(Kind.CONTENT)
            if most := _missing_changes(history, changes):
                mined = reader.mine_changes(history[0], most)
                store.add(Kind.CHANGE, (_change_document(one) for one in mined if one.commit not in changes))
            if blobs := _missing_blobs(_worth_reading(files, store, history), contents):
                store.add(Kind.CONTENT, _content_documents(reader, blobs, tell))
        changes, contents = store.documents(Kind.CHANGE, data=True), store.documents(Kind.CONTENT)
    known = [_known_change(changes[oid]) for oid in reversed(history) if oid in changes]
    # A commit that changes nothing, such as an empty one, says nothing about files.
    known = [change for change in known if change.paths]
    return Corpus(store, files, known, contents), known


def _missing_changes(history: Sequence[str], changes: Iterable[str]) -> int:
    """Returns the number of changes to read: from the newest to the oldest one that is not indexed."""
    known = set(changes)
    return max((place for place, oid in enumerate(history, 1) if oid not in known), default=0)


def _worth_reading(
    files: Sequence[TrackedFile], store: IndexStore, history: Sequence[str]
) -> Sequence[TrackedFile]:
    """Returns the files to index: all, or if there are too many, those that the history touched first."""
    if len(files) <= _MOST_FILES:
        return files
    known = store.documents(Kind.CHANGE, data=True)
    touched = {path for oid in history if oid in known for path in _known_change(known[oid]).paths}
    return sorted(files, key=lambda file: file.path not in touched)[:_MOST_FILES]


def _missing_blobs(files: Iterable[TrackedFile], contents: Iterable[str]) -> list[str]:
    known = set(contents)
    wanted = (file.oid for file in files if file.path.rpartition(".")[2].lower() not in _UNREAD)
    return [oid for oid in dict.fromkeys(wanted) if oid not in known]


def _change_document(change: MinedChange) -> NewDocument:
    spread = sum(2 if count > 1 else 1 for count in change.terms.values())
    data = _ChangeData(spread=spread, scope=change.scope, paths=change.paths, renames=change.renames)
    return NewDocument(key=change.commit, terms=change.terms, data=msgspec.msgpack.encode(data))


def _known_change(stored: StoredDocument) -> KnownChange:
    try:
        data = msgspec.msgpack.decode(stored.data, type=_ChangeData)
    except msgspec.MsgspecError as error:
        raise DamagedIndexError from error
    return KnownChange(stored.number, stored.length, data.spread, data.scope, data.paths, data.renames)


def _content_documents(
    reader: HistoryReader, oids: Sequence[str], tell: Tell | None
) -> Iterator[NewDocument]:
    for place, (oid, size, content) in enumerate(reader.read_blobs(oids, _LARGEST), 1):
        if tell is not None and place % _STEP == 0:
            tell(place, len(oids))
        yield _content_document(oid, size, content)
    if tell is not None:
        tell(len(oids), len(oids))


def _content_document(oid: str, size: int, content: bytes) -> NewDocument:
    if not content or b"\0" in content[:_BINARY_PROBE]:
        return NewDocument(key=oid, size=size, terms={})
    text = content[:_MOST_BYTES].decode("utf-8", "replace")
    counts: dict[str, int] = {}
    for word, often in Counter(words_of(text)).items():
        for term in identifier_terms(word):
            counts[term] = counts.get(term, 0) + often
    return NewDocument(key=oid, size=size, terms=counts, definitions=definitions_in(text))
