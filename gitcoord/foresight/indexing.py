"""Brings the index up to date for a commit, and makes the corpus that queries are answered from."""

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
"""Is told how many files of how many have been read."""

_MOST_BYTES: Final = 60_000
"""Of one file; what comes later repeats what came before."""
_LARGEST: Final = 1 << 20
"""Bytes of a file that is read at all; larger ones are data."""
_MOST_FILES: Final = 20_000
"""Of the tree; of more those count first that were changed."""
_BINARY_PROBE: Final = 4000
_UNREAD: Final = frozenset(
    name
    for line in (
        "png jpg jpeg gif svg ico webp woff woff2 ttf otf eot pdf zip gz xz bz2 jar mp3 mp4",
        "lock snap map ipynb parquet bin wasm",
    )
    for name in line.split()
)
"""Endings of files whose content says nothing in words."""
_STEP: Final = 500


class _ChangeData(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a change beside its terms."""

    spread: int
    paths: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


def make_corpus(
    reader: HistoryReader, commit: str, history: Sequence[str], store: IndexStore, tell: Tell | None = None
) -> tuple[Corpus, list[KnownChange]]:
    """The corpus at `commit`, and the changes of its `history` (the newest first) from the oldest on.

    Only what the index lacks is read. Raises DamagedIndexError.
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
    # A commit without a diff says nothing of files.
    known = [change for change in known if change.paths]
    return Corpus(store, files, known, contents), known


def _missing_changes(history: Sequence[str], changes: Iterable[str]) -> int:
    """How far back history has to be read: to the oldest change that is not indexed."""
    known = set(changes)
    return max((place for place, oid in enumerate(history, 1) if oid not in known), default=0)


def _worth_reading(
    files: Sequence[TrackedFile], store: IndexStore, history: Sequence[str]
) -> Sequence[TrackedFile]:
    """The files whose content is indexed: all, or of too many those first that history touched."""
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
    data = _ChangeData(spread=spread, paths=change.paths, renames=change.renames)
    return NewDocument(key=change.commit, terms=change.terms, data=msgspec.msgpack.encode(data))


def _known_change(stored: StoredDocument) -> KnownChange:
    try:
        data = msgspec.msgpack.decode(stored.data, type=_ChangeData)
    except msgspec.MsgspecError as error:
        raise DamagedIndexError from error
    return KnownChange(stored.number, stored.length, data.spread, data.paths, data.renames)


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
