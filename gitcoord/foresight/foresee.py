"""Foresight of a repository at a commit: the front of this room. Reads history, then answers."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Final, TypeVar

from gitcoord.foresight.base_rate import learned_shift, shifted
from gitcoord.foresight.constants import Constants, shipped_constants
from gitcoord.foresight.file_chances import file_chances, likely_first
from gitcoord.foresight.growing import growing_directories, next_file_chances
from gitcoord.foresight.hot_files import RECENT, HotKind, hot_files, often_touched
from gitcoord.foresight.indexing import Tell, make_corpus
from gitcoord.foresight.mining import MOST_CHANGES, HistoryReader
from gitcoord.foresight.model import TaskText
from gitcoord.foresight.pairs import PairChances, PairComparison, TaskProfile
from gitcoord.foresight.scoring import make_query, named_files, similar_changes
from gitcoord.foresight.store import DamagedIndexError, IndexStore, discard, open_store
from gitcoord.foresight.words import looks_like_file, paths_in, plain_text
from gitcoord.planning.experience import PairOutcome
from gitcoord.planning.risks import RiskyFile

_NAMED_NEW: Final = 0.5
"""The chance that a task makes a file that its text names and that is not there."""
_DECLARED_NEW: Final = 0.9


Answer = TypeVar("Answer")
LeftOut = Callable[[str], bool]
"""Whether the user's rules see to it that two changes of a path never conflict."""


class Foresight:
    """What history tells at one commit. Times: a second per thousand files at first, then milliseconds."""

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
        """`history`: the commits that count, the newest first; the index is kept in `common_dir`, if any.

        `pairs` are those of the repository's own tasks, which move the base rate.
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
        """How many changes it was learned from."""
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
        """The paths that were changed most, lately above all: what is foretold without a text."""
        return self._asked(lambda known: [known.corpus.paths[file] for file in known.corpus.most_popular])

    def similar_paths(self, task: TaskText) -> list[str]:
        """The paths that the most similar changes touched: what is foretold from messages alone."""
        return self._asked(lambda known: known.similar_paths(task))

    def chances(self, task: TaskText) -> Mapping[str, float]:
        """How likely the task changes each path, hot files included; paths that are left out are unlikely."""
        return self._asked(lambda known: known.chances(task))

    def likely_files(self, task: TaskText, most: int, least: float = 0.0) -> tuple[RiskyFile, ...]:
        """The files that the task most likely changes, at most so many and at least so likely."""
        found = likely_first((path, chance) for path, chance in self.chances(task).items() if chance >= least)
        return tuple(RiskyFile(path, round(chance, 4)) for path, chance in found[:most])

    def pair(self, one: TaskText, other: TaskText) -> PairChances:
        """How likely the two tasks conflict, and where."""
        return self._asked(lambda known: known.pair(one, other))

    def pairs(self, tasks: Iterable[TaskText]) -> Iterable[tuple[TaskText, TaskText, PairChances]]:
        """Every two of the tasks."""
        return ((one, other, self.pair(one, other)) for one, other in combinations(tasks, 2))

    def _asked(self, ask: Callable[["_Knowledge"], Answer]) -> Answer:
        """The answer; where the index turns out to be of no use it is made anew, at last in memory."""
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
                    place = None  # it is all right, and cannot be written
                else:
                    discard(self._store.path)
                self._store = open_store(place)


class _Knowledge:
    """What was read of the repository, and what was worked out of it."""

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
        edits = reader.count_edits(commit, often_touched(recent), RECENT)
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
            query = make_query(_text(task))
            found = file_chances(corpus, query, self._constants, task.modifies)
            known = {corpus.paths[file]: chance for file, chance in found.items()}
            known |= next_file_chances(self._growing, known)
            known |= self._new_files(query.text, task.modifies)
            self._chances[task] = known
        return known

    def similar_paths(self, task: TaskText) -> list[str]:
        votes = similar_changes(self.corpus, make_query(_text(task)))[0]
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
        """Files that are not there, and that the task will probably make since it names them."""
        corpus = self.corpus
        named = {path for path in paths_in(text) if looks_like_file(path) and not named_files(corpus, path)}
        declared = {path for path in modifies if looks_like_file(path) and path not in corpus.number_of}
        return dict.fromkeys(sorted(named), _NAMED_NEW) | dict.fromkeys(sorted(declared), _DECLARED_NEW)


def _text(task: TaskText) -> str:
    """The words of a task as those of changes are read: the title counts twice."""
    return plain_text(f"{task.title}\n{task.title}\n{task.body}")


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
    """The foresight of the repository at `commit`; None where its history has fewer than `least` changes.

    `common_dir`: where the index is kept (None: nowhere). `most`: so many changes count. Paths that are
    `left_out` say nothing about pairs. Raises `git-failed`.
    """
    history = reader.list_changes(commit, most)
    if len(history) < least:
        return None
    constants = constants or shipped_constants()
    return Foresight(reader, commit, history, common_dir, constants, tell, left_out, pairs)
