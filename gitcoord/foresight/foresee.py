"""Predictions for a repository at a commit: reads the history, then answers queries."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Final, TypeVar

from gitcoord.foresight.base_rate import learned_shift, shifted
from gitcoord.foresight.constants import Constants, shipped_constants
from gitcoord.foresight.file_chances import file_chances, likely_first
from gitcoord.foresight.file_scores import make_query, named_files, similar_changes
from gitcoord.foresight.growing import growing_directories, next_file_chances
from gitcoord.foresight.hot_files import RECENT, HotKind, hot_files, often_touched
from gitcoord.foresight.indexing import Tell, make_corpus
from gitcoord.foresight.mining import MOST_CHANGES, HistoryReader
from gitcoord.foresight.model import TaskText
from gitcoord.foresight.pair_chances import PairChances, PairComparison, TaskProfile
from gitcoord.foresight.store import DamagedIndexError, IndexStore, discard, open_store
from gitcoord.foresight.words import looks_like_file, paths_in, plain_text
from gitcoord.planning.experience import PairOutcome
from gitcoord.planning.risks import RiskyFile

_NAMED_NEW: Final = 0.5
"""The chance that a task creates a file that its text names and that does not exist."""
_DECLARED_NEW: Final = 0.9


Answer = TypeVar("Answer")
LeftOut = Callable[[str], bool]
"""Whether the user's rules prevent conflicts between two changes of a path."""


class Foresight:
    """Predictions at one commit. Indexing takes about 0.4 s per thousand files, a query milliseconds."""

    def __init__(
        self,
        reader: HistoryReader,
        commit: str,
        history: list[str],
        common_dir: Path | None,
        constants: Constants,
        tell: Tell | None = None,
        left_out: LeftOut | None = None,
        pairs: Sequence[PairOutcome] = (),
    ) -> None:
        """`history`: the commits to use, newest first; `common_dir`: the directory of the index, if any.

        `pairs`: the outcomes of the repository's own tasks, which shift the base rate.
        """
        self.shift = learned_shift(pairs)
        self.own_pairs = len(pairs) if self.shift else 0
        constants = shifted(constants, self.shift)
        self._make = partial(
            _Knowledge, reader, commit, history, constants=constants, tell=tell, left_out=left_out
        )
        self._common_dir = common_dir
        self._store = open_store(common_dir)
        self._known: _Knowledge | None = None
        self._asked(lambda known: known)

    @property
    def change_count(self) -> int:
        """The number of changes in the history that was used."""
        return self._asked(lambda known: known.change_count)

    @property
    def hot(self) -> Mapping[str, HotKind]:
        """Files that are left out of the risk of pairs."""
        return self._asked(lambda known: known.hot)

    @property
    def paths(self) -> Collection[str]:
        """The paths of the tree."""
        return self._asked(lambda known: known.corpus.number_of.keys())

    @property
    def popular_paths(self) -> Sequence[str]:
        """The paths with the most changes, recent ones above all: the prediction without a text."""
        return self._asked(lambda known: [known.corpus.paths[file] for file in known.corpus.most_popular])

    def similar_paths(self, task: TaskText) -> list[str]:
        """Returns the paths of the most similar changes: the prediction from messages alone."""
        return self._asked(lambda known: known.similar_paths(task))

    def chances(self, task: TaskText) -> Mapping[str, float]:
        """Returns how likely the task changes each path, also hot files; other paths are unlikely."""
        return self._asked(lambda known: known.chances(task))

    def likely_files(self, task: TaskText, most: int, least: float = 0.0) -> tuple[RiskyFile, ...]:
        """Returns at most `most` files that the task probably changes, with a chance of at least `least`."""
        found = likely_first((path, chance) for path, chance in self.chances(task).items() if chance >= least)
        return tuple(RiskyFile(path, round(chance, 4)) for path, chance in found[:most])

    def pair(self, one: TaskText, other: TaskText) -> PairChances:
        """Returns how likely the two tasks conflict, and in which files."""
        return self._asked(lambda known: known.pair(one, other))

    def pairs(self, tasks: Iterable[TaskText]) -> Iterable[tuple[TaskText, TaskText, PairChances]]:
        """Yields every pair of tasks with its chances."""
        return ((one, other, self.pair(one, other)) for one, other in combinations(tasks, 2))

    def _asked(self, ask: Callable[["_Knowledge"], Answer]) -> Answer:
        """Answers a query; if the index is damaged, builds it again, the last time in memory."""
        places = [self._common_dir, None]
        while True:
            try:
                if self._known is None:
                    self._known = self._make(self._store)
                return ask(self._known)
            except (DamagedIndexError, sqlite3.Error) as error:
                if not places:
                    raise
                self._known = None
                self._store.close()
                place = places.pop(0)
                if isinstance(error, sqlite3.OperationalError):
                    place = None  # the index is valid but not writable
                else:
                    discard(self._store.path)
                self._store = open_store(place)


class _Knowledge:
    """The data that was read from the repository, and the results computed from it."""

    def __init__(
        self,
        reader: HistoryReader,
        commit: str,
        history: list[str],
        store: IndexStore,
        *,
        constants: Constants,
        tell: Tell | None,
        left_out: LeftOut | None,
    ) -> None:
        self._constants = constants
        self.corpus, changes = make_corpus(reader, commit, history, store, tell)
        self.change_count = len(changes)
        recent = [change.paths for change in changes[-RECENT:]]
        edits = reader.count_edits(commit, often_touched(recent), most=RECENT)
        self.hot = hot_files(self.corpus.paths, edits)
        if left_out is not None:
            self.hot.update((path, "rule") for path in self.corpus.paths if left_out(path))
        self._growing = [
            one
            for one in growing_directories(self.corpus.paths, (change.paths for change in changes))
            if left_out is None or not left_out(one.next_file)
        ]
        next_files = frozenset(one.next_file for one in self._growing)
        self._comparison = PairComparison(self.corpus, constants.pairs, next_files)
        self._profiles: dict[TaskText, TaskProfile] = {}
        self._chances: dict[TaskText, dict[str, float]] = {}

    def chances(self, task: TaskText) -> Mapping[str, float]:
        known = self._chances.get(task)
        if known is None:
            corpus = self.corpus
            query = make_query(task.title, task.body)
            found = file_chances(corpus, query, self._constants, task.modifies)
            known = {corpus.paths[file]: chance for file, chance in found.items()}
            known |= next_file_chances(self._growing, known)
            known |= self._new_files(query.text, task.modifies)
            self._chances[task] = known
        return known

    def similar_paths(self, task: TaskText) -> list[str]:
        votes = similar_changes(self.corpus, make_query(task.title, task.body).terms)[0]
        return [
            path for path, _ in likely_first((self.corpus.paths[one], vote) for one, vote in votes.items())
        ]

    def pair(self, one: TaskText, other: TaskText) -> PairChances:
        return self._comparison.compare(self._profile(one), self._profile(other))

    def _profile(self, task: TaskText) -> TaskProfile:
        known = self._profiles.get(task)
        if known is None:
            text = plain_text(f"{task.title}\n{task.body}")
            known = self._comparison.profile(task.title, text, self.chances(task), self.hot)
            self._profiles[task] = known
        return known

    def _new_files(self, text: str, modifies: Iterable[str]) -> dict[str, float]:
        """Returns files that do not exist but that the task names, so it will probably create them."""
        corpus = self.corpus
        named = {path for path in paths_in(text) if looks_like_file(path) and not named_files(corpus, path)}
        declared = {path for path in modifies if looks_like_file(path) and path not in corpus.number_of}
        return dict.fromkeys(sorted(named), _NAMED_NEW) | dict.fromkeys(sorted(declared), _DECLARED_NEW)


def open_foresight(
    reader: HistoryReader,
    common_dir: Path | None,
    commit: str,
    *,
    least: int = 1,
    most: int = MOST_CHANGES,
    constants: Constants | None = None,
    tell: Tell | None = None,
    left_out: LeftOut | None = None,
    pairs: Sequence[PairOutcome] = (),
) -> Foresight | None:
    """Opens the predictions at `commit`; returns None if the history has fewer than `least` changes.

    `common_dir`: the directory of the index (None: in memory). `most`: the number of changes to use. Paths
    that are `left_out` do not count for pairs. Raises `git-failed`.
    """
    history = reader.list_changes(commit, most)
    if len(history) < least:
        return None
    constants = constants or shipped_constants()
    return Foresight(reader, commit, history, common_dir, constants, tell, left_out, pairs)
