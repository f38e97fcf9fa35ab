"""Computes how likely a task changes each file: features, the fitted model, declarations. Pure."""

import heapq
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gitcoord.foresight.constants import Constants, DeclaredShifts, probability
from gitcoord.foresight.corpus import Corpus
from gitcoord.foresight.file_scores import FileScores, Query, Scores, find_scores, largest
from gitcoord.planning.glob_intersection import Glob, compile_glob, meet

_TEST_PATH: Final = re.compile(
    r"(^|/)(tests?|testing|__tests__|testsuite|spec|mdtest|playground|fixtures|snapshots)(/|$)"
    r"|test_|_test\.|\.spec\.|\.test\.|\.snap$"
)
_DOCUMENT_PATH: Final = re.compile(r"(^|/)docs?/|\.(md|rst|txt)$")
_CONFIGURATION: Final = frozenset({"yml", "yaml", "toml", "cfg", "json", "lock", "ini"})
_ABOUT_DOCUMENTS: Final = frozenset({"doc", "docs", "document", "readme", "typo", "changelog"})
_LONGEST_LIST: Final = 200
_LEAST_NAMED, _LEAST_INSIDE = -2.0, -4.0
"""The least log-odds of a file that a task names, or that its glob matches, before the shift is added."""


def file_chances(corpus: Corpus, query: Query, constants: Constants, modifies: Sequence[str]) -> Scores:
    """Returns, for each candidate, the probability that the task changes it; other files are unlikely."""
    found = find_scores(corpus, query)
    model = constants.files
    chances = {file: model.log_odds(row) for file, row in _features(corpus, query, found)}
    if modifies:
        _declare(chances, corpus, modifies, constants.declared)
    return {file: probability(odds) for file, odds in chances.items()}


def _features(corpus: Corpus, query: Query, s: FileScores) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Yields each candidate with its features, in the order of the constants."""
    ranked = {
        name: _ranked(scores)
        for name, scores in (
            ("similar", s.similar),
            ("messages", s.messages),
            ("path", s.path),
            ("content", s.content),
            ("together", s.together),
        )
    }
    ranks = [
        {file: 1 / place for place, file in enumerate(files, 1)}
        for files in (*ranked.values(), corpus.most_popular)
    ]
    most = [largest(scores) for scores in (s.similar, s.messages, s.path, s.content, s.defines)]
    most_by_title = [largest(scores) for scores in (s.title_similar, s.title_messages, s.title_content)]
    about_tests = float("test" in query.terms)
    about_documents = float(not _ABOUT_DOCUMENTS.isdisjoint(query.terms))
    for file in _candidates(corpus, ranked, s):
        path = corpus.paths[file]
        is_test = _TEST_PATH.search(path) is not None
        is_document = not is_test and _DOCUMENT_PATH.search(path) is not None
        similar, messages = s.similar.get(file, 0.0), s.messages.get(file, 0.0)
        words, content, defines = s.path.get(file, 0.0), s.content.get(file, 0.0), s.defines.get(file, 0.0)
        yield (
            file,
            (
                similar / most[0],
                s.similar_best.get(file, 0.0),
                messages / most[1],
                messages / s.messages_total,
                words / most[2],
                words / s.path_total,
                content / most[3],
                content / s.content_total,
                defines / most[4],
                defines,
                s.named.get(file, 0.0),
                s.stem_named.get(file, 0.0),
                math.log1p(corpus.recent[file]),
                math.log1p(corpus.popular[file]),
                math.log1p(corpus.age[file]),
                s.together.get(file, 0.0),
                s.together_best.get(file, 0.0),
                *[rank.get(file, 0.0) for rank in ranks],
                is_test,
                is_document,
                path.rpartition(".")[2] in _CONFIGURATION,
                about_tests,
                about_documents,
                s.similarity,
                corpus.popular[file] == 0,
                *_title_features(s, file, most_by_title),
                math.log1p(corpus.sizes[file]),
                s.scope.get(file, 0.0),
                bool(s.scope),
            ),
        )


def _title_features(s: FileScores, file: int, most: Sequence[float]) -> tuple[float, ...]:
    """Returns the features from the title alone; `most`: the largest scores of changes, messages, content."""
    return (
        s.title_similar.get(file, 0.0) / most[0],
        s.title_messages.get(file, 0.0) / most[1],
        s.title_path.get(file, 0.0) / s.title_path_total,
        s.title_content.get(file, 0.0) / most[2],
    )


def _candidates(corpus: Corpus, ranked: dict[str, list[int]], scores: FileScores) -> list[int]:
    lists = (
        (ranked["similar"], 60),
        (ranked["messages"], 60),
        (ranked["path"], 40),
        (ranked["content"], 60),
        (ranked["together"], 40),
        (corpus.most_popular, 25),
    )
    found = {file for files, most in lists for file in files[:most]}
    return sorted(found | scores.defines.keys() | scores.named.keys())


def _ranked(scores: Scores) -> list[int]:
    """Returns the files with the best scores, best first; of equal ones, the lower number first."""
    top = heapq.nlargest(_LONGEST_LIST, ((score, -file) for file, score in scores.items() if score > 0))
    return [-file for _, file in top]


def _declare(chances: Scores, corpus: Corpus, modifies: Sequence[str], shifts: DeclaredShifts) -> None:
    """Raises the log-odds of files that the task declares, and lowers those of all others."""
    exact = {corpus.number_of[path] for entry in modifies if (path := _literal(entry)) in corpus.number_of}
    inside: dict[int, float] = {}
    for entry in modifies:
        glob = compile_glob(entry) if _literal(entry) not in corpus.number_of else None
        files = list(_matching(corpus, glob)) if glob is not None else []
        shift = shifts.glob + shifts.glob_size * math.log1p(len(files))
        for file in files:
            inside[file] = max(inside.get(file, shift), shift)
    for file in exact | inside.keys():
        least = _LEAST_NAMED if file in exact else _LEAST_INSIDE
        chances[file] = max(chances.get(file, least), least)
    for file in chances:
        if file in exact:
            chances[file] += shifts.path
        else:
            chances[file] += inside.get(file, shifts.elsewhere)


def _matching(corpus: Corpus, glob: Glob) -> Iterator[int]:
    anchor = "/".join(glob.anchor)
    for file, path in enumerate(corpus.paths):
        if path.startswith(anchor) and path.endswith(glob.ending):
            literal = Glob(anchor=tuple(path.split("/")), ending=path, parts=tuple(path.split("/")))
            if meet(literal, glob):
                yield file


def _literal(entry: str) -> str:
    return entry.strip().removeprefix("./").strip("/")


def likely_first(chances: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Sorts files by probability, most likely first, then by path."""
    return sorted(chances, key=lambda one: (-one[1], one[0]))
