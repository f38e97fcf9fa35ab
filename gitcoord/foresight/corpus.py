"""The corpus of a repository at one commit: its changes and files, and the terms of both."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from gitcoord.foresight.model import KnownChange, TrackedFile
from gitcoord.foresight.postings import Occurrences, Postings
from gitcoord.foresight.store import IndexStore, Kind, StoredDocument
from gitcoord.foresight.words import terms_of

if TYPE_CHECKING:
    from array import array

MOST_PATHS: Final = 40
"""A change of more files does not show which of them belong together."""
_SHORT_LIFE, _LONG_LIFE = 50, 500
_NEVER: Final = 9999.0
_MODULE_NAMES: Final = frozenset({"mod", "__init__", "index", "lib", "main"})


class Corpus:
    """The data for queries. Files are numbered in the order of `files`, changes from the oldest on."""

    def __init__(
        self,
        store: IndexStore,
        files: Sequence[TrackedFile],
        changes: Sequence[KnownChange],
        contents: Mapping[str, StoredDocument],
    ) -> None:
        """`changes`: oldest first. `contents`: the indexed blobs by id, also those not in the tree."""
        self._store = store
        self.paths = [file.path for file in files]
        self.number_of = {path: number for number, path in enumerate(self.paths)}
        self._place = {change.number: place for place, change in enumerate(changes)}
        self.touched = _touched(self.number_of, changes)
        self.change_count = len(changes)
        self._changes_of_scope: dict[str, list[int]] = {}
        for place, change in enumerate(changes):
            if change.scope:
                self._changes_of_scope.setdefault(change.scope, []).append(place)
        self._scope_scores: dict[str, dict[int, float]] = {}
        self._spreads = [change.spread for change in changes]
        self._count_touches()
        held = [contents.get(file.oid) for file in files]
        self.sizes = [one.size if one is not None else 0 for one in held]
        self._files_of_blob: dict[int, list[int]] = {}
        for number, one in enumerate(held):
            if one is not None:
                self._files_of_blob.setdefault(one.number, []).append(number)
        self.messages = Postings(self._in_changes, [change.length for change in changes])
        self.contents = Postings(
            self._in_contents, [one.length if one is not None else 0 for one in held], by_length=0.6
        )

    def _count_touches(self) -> None:
        count = len(self.paths)
        self.recent, self.popular, self.weight = [0.0] * count, [0.0] * count, [0.0] * count
        self.age = [_NEVER] * count
        self.changes_of: list[list[int]] = [[] for _ in range(count)]
        for place, files in enumerate(self.touched):
            age = self.change_count - place
            for file in files:
                self.age[file] = age
            if not 0 < len(files) <= MOST_PATHS:
                continue
            short, long, share = 0.5 ** (age / _SHORT_LIFE), 0.5 ** (age / _LONG_LIFE), len(files) ** -0.5
            for file in files:
                self.recent[file] += short
                self.popular[file] += long
                self.weight[file] += share
                self.changes_of[file].append(place)

    @cached_property
    def file_messages(self) -> Postings:
        """A document for each file: the messages of all changes that touched it."""
        lengths = [0.0] * len(self.paths)
        weighed = self._weighed_lengths
        for file, places in enumerate(self.changes_of):
            lengths[file] = sum([weighed[place] for place in places])
        told = sum(length > 0 for length in lengths)
        return Postings(self._in_file_messages, lengths, count=told, saturation=1.5, by_length=0.4)

    @cached_property
    def path_words(self) -> Postings:
        """A document for each file: the words of its path; its own name counts twice."""
        terms = [_path_terms(path) for path in self.paths]
        where: dict[str, list[tuple[int, float]]] = {}
        for file, counts in enumerate(terms):
            for term, count in counts.items():
                where.setdefault(term, []).append((file, count))
        lengths = [float(counts.total()) for counts in terms]
        return Postings(lambda term: where.get(term, ()), lengths, by_length=0.5)

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[int]]:
        """Files by the last part of their path."""
        return _numbered(path.rpartition("/")[2] for path in self.paths)

    @cached_property
    def by_stem(self) -> Mapping[str, Sequence[int]]:
        """Files by the last part of their path without the extension, in lower case."""
        return _numbered(path.rpartition("/")[2].rsplit(".", 1)[0].lower() for path in self.paths)

    @cached_property
    def most_popular(self) -> list[int]:
        """At most 200 files, those with the most changes first; recent changes count most."""
        count = range(len(self.paths))
        return sorted(count, key=lambda file: (-self.recent[file] - 0.01 * self.popular[file], file))[:200]

    def defining(self, identifier: str) -> list[int]:
        """Returns the files whose content defines the identifier."""
        found = self._store.postings(Kind.DEFINITION, identifier)
        return sorted(file for blob in found[::2] for file in self._files_of_blob.get(blob, ()))

    def scope_scores(self, scope: str) -> Mapping[int, float]:
        """Returns how often changes of a scope (`cli` in `fix(cli): …`) touched each file, 0 to 1.

        Recent changes count more, and those of many files less.
        """
        if scope not in self._scope_scores:
            found: dict[int, float] = {}
            total = 1.0  # A scope with few changes says little.
            for place in self._changes_of_scope.get(scope, ()):
                weight = 0.5 ** ((self.change_count - place) / _LONG_LIFE)
                total += weight
                files = self.touched[place]
                if 0 < len(files) <= MOST_PATHS:
                    for file in files:
                        found[file] = found.get(file, 0.0) + weight * len(files) ** -0.5
            self._scope_scores[scope] = {file: score / total for file, score in found.items()}
        return self._scope_scores[scope]

    @cached_property
    def _weighed_lengths(self) -> list[float]:
        """The length that each change adds to the files that it touched."""
        return [
            spread * len(files) ** -0.5 if files else 0.0
            for spread, files in zip(self._spreads, self.touched, strict=True)
        ]

    def _in_changes(self, term: str) -> Occurrences:
        place = self._place
        found = _pairs(self._store.postings(Kind.CHANGE, term))
        # Sort by history: changes may have been indexed in another order.
        return sorted((place[number], count) for number, count in found if number in place)

    def _in_contents(self, term: str) -> Occurrences:
        files = self._files_of_blob
        for blob, count in _pairs(self._store.postings(Kind.CONTENT, term)):
            for file in files.get(blob, ()):
                yield file, count

    def _in_file_messages(self, term: str) -> Occurrences:
        found: dict[int, float] = {}
        for place, count in self._in_changes(term):
            files = self.touched[place]
            if 0 < len(files) <= MOST_PATHS:
                weight = len(files) ** -0.5 * (2 if count > 1 else 1)
                for file in files:
                    found[file] = found.get(file, 0.0) + weight
        return found.items()


def _touched(number_of: Mapping[str, int], changes: Sequence[KnownChange]) -> list[list[int]]:
    """Returns the current files that each change touched, also under former names."""
    later: dict[str, str] = {}
    for change in reversed(changes):
        for former, path in change.renames:
            if former not in number_of:
                later[former] = later.get(path, path)
    found = []
    for change in changes:
        names = (*change.paths, *(former for former, _ in change.renames))
        numbers = {number_of.get(name, number_of.get(later.get(name, ""), -1)) for name in names}
        found.append(sorted(numbers - {-1}))
    return found


def _pairs(found: "array[int]") -> Iterator[tuple[int, int]]:
    return zip(found[::2], found[1::2], strict=True)


def _numbered(names: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        found.setdefault(name, []).append(number)
    return found


def _path_terms(path: str) -> Counter[str]:
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    counts: Counter[str] = Counter()
    for folder in folders:
        counts.update(terms_of(folder))
    for term in terms_of(stem):
        counts[term] += 2
    if stem in _MODULE_NAMES and folders:
        counts.update(terms_of(folders[-1]))
    return counts
