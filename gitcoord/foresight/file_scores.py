"""Scores files for a task's text: by similar changes, messages, paths, content and names. Pure.

`file_chances` makes probabilities from the scores, and `pair_chances` the probabilities of conflicts.
"""

import heapq
import math
from collections import Counter
from collections.abc import Mapping

import msgspec

from gitcoord.foresight.corpus import MOST_PATHS, Corpus
from gitcoord.foresight.words import (
    code_identifiers,
    is_stop_word,
    paths_in,
    plain_text,
    scope_of,
    terms_of,
    words_of,
)

Scores = dict[int, float]
"""Scores by file number."""

_MOST_TERMS = 400
_SIMILAR = 40
_HALF_LIFE = 2000
_MOST_DEFINING = 8
_MOST_NAMESAKES = 4
_SEEDS = 10


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query: the terms of title and body with their weights, those of the title alone, and the text."""

    terms: Mapping[str, float]
    title_terms: Mapping[str, float]
    scope: str
    text: str


class FileScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores by file, each on a scale of its own; `…_total`: the sum of the query's term weights on it."""

    similar: Scores
    similar_best: Scores
    similarity: float
    messages: Scores
    messages_total: float
    path: Scores
    path_total: float
    content: Scores
    content_total: float
    defines: Scores
    named: Scores
    stem_named: Scores
    together: Scores
    together_best: Scores
    title_similar: Scores
    title_messages: Scores
    title_path: Scores
    title_path_total: float
    title_content: Scores
    scope: Mapping[int, float]


def make_query(title: str, body: str) -> Query:
    """Makes the query for a task, in the form of a change's message: the title counts twice."""
    text = plain_text(f"{title}\n{title}\n{body}")
    return Query(
        terms=_weighed(text), title_terms=_weighed(plain_text(title)), scope=scope_of(title), text=text
    )


def find_scores(corpus: Corpus, query: Query) -> FileScores:
    """Computes all scores of files for the query."""
    similar, best, similarity = similar_changes(corpus, query.terms)
    messages, messages_total = corpus.file_messages.scores(query.terms)
    path, path_total = corpus.path_words.scores(query.terms)
    content, content_total = corpus.contents.scores(query.terms)
    defines = _defining(corpus, query.text)
    named = named_files(corpus, query.text)
    seeds = _seeds(
        ((similar, 1.0), (messages, 1.0), (content, 0.7), (defines, 0.7), (path, 0.5)),
        named,
    )
    together, together_best = _company(corpus, seeds)
    title_path, title_path_total = corpus.path_words.scores(query.title_terms)
    return FileScores(
        similar=similar,
        similar_best=best,
        similarity=similarity,
        messages=messages,
        messages_total=messages_total,
        path=path,
        path_total=path_total,
        content=content,
        content_total=content_total,
        defines=defines,
        named=named,
        stem_named=_stems(corpus, query.text),
        together=together,
        together_best=together_best,
        title_similar=similar_changes(corpus, query.title_terms)[0],
        title_messages=corpus.file_messages.scores(query.title_terms)[0],
        title_path=title_path,
        title_path_total=title_path_total,
        title_content=corpus.contents.scores(query.title_terms)[0],
        scope=corpus.scope_scores(query.scope),
    )


def named_files(corpus: Corpus, text: str) -> Scores:
    """Returns the files whose path, or its end, the text names: 1 for a unique match."""
    found: Scores = {}
    for named in paths_in(text):
        ending = f"/{named}"
        hits = [
            file
            for file in corpus.by_name.get(named.rpartition("/")[2], ())
            if corpus.paths[file] == named or corpus.paths[file].endswith(ending)
        ]
        for file in hits:
            found[file] = max(found.get(file, 0.0), 1 / len(hits))
    return found


def largest(scores: Scores) -> float:
    """Returns the largest score, never 0."""
    return max(scores.values(), default=0.0) + 1e-6


def similar_changes(corpus: Corpus, terms: Mapping[str, float]) -> tuple[Scores, Scores, float]:
    """Returns two scores by file from the most similar changes, and the similarity of the best one, 0 to 1.

    The first score adds up the votes of the changes that touched the file. The second is the similarity of
    the best of these changes, as a share of the best similarity of all.
    """
    scores, total = corpus.messages.scores(terms)
    count = corpus.change_count
    aged = ((score * 0.5 ** ((count - place) / _HALF_LIFE), place) for place, score in scores.items())
    top = heapq.nlargest(_SIMILAR, aged)
    votes: Scores = {}
    best: Scores = {}
    if not top:
        return votes, best, 0.0
    first = top[0][0]
    for score, place in top:
        files = corpus.touched[place]
        if not 0 < len(files) <= MOST_PATHS:
            continue
        vote = (score / first) ** 2.5 * len(files) ** -0.5
        for file in files:
            votes[file] = votes.get(file, 0.0) + vote
            best[file] = max(best.get(file, 0.0), score / first)
    return votes, best, first / total


def _weighed(text: str) -> dict[str, float]:
    counts = Counter(terms_of(text, _MOST_TERMS))
    return {term: math.sqrt(min(count, 3)) for term, count in counts.items()}


def _defining(corpus: Corpus, text: str) -> Scores:
    found: Scores = {}
    for identifier in code_identifiers(text):
        files = corpus.defining(identifier)
        if len(files) <= _MOST_DEFINING:
            for file in files:
                found[file] = found.get(file, 0.0) + 1 / len(files)
    return found


def _stems(corpus: Corpus, text: str) -> Scores:
    """Returns the files whose name without the extension is a word of the text with four letters or more.

    Leaves out names that more than four files have.
    """
    found: Scores = {}
    for word in {word.lower() for word in words_of(text)}:
        files = corpus.by_stem.get(word, ())
        if len(word) >= 4 and 0 < len(files) <= _MOST_NAMESAKES and not is_stop_word(word):
            for file in files:
                found[file] = max(found.get(file, 0.0), 0.5 / len(files))
    return found


def _seeds(parts: tuple[tuple[Scores, float], ...], named: Scores) -> list[tuple[float, int]]:
    """Returns the files with the highest scores, with the score first."""
    seeds: Scores = {}
    for scores, weight in parts:
        top = largest(scores)
        for file, score in scores.items():
            seeds[file] = seeds.get(file, 0.0) + weight * score / top
    for file, score in named.items():
        seeds[file] = seeds.get(file, 0.0) + 2 * score
    return heapq.nlargest(_SEEDS, ((score, file) for file, score in seeds.items()))


def _company(corpus: Corpus, seeds: list[tuple[float, int]]) -> tuple[Scores, Scores]:
    """Returns files that changed together with the seeds: the sum over the seeds, and the maximum for one."""
    together: Scores = {}
    best: Scores = {}
    for score, seed in seeds:
        weight = score / seeds[0][0] / (corpus.weight[seed] + 1)
        row: Scores = {}
        for place in corpus.changes_of[seed]:
            files = corpus.touched[place]
            share = len(files) ** -0.5
            for file in files:
                row[file] = row.get(file, 0.0) + share
        for file, often in row.items():
            points = often * weight
            # A seed always changes together with itself: skip it.
            together[file] = together.get(file, 0.0) + (points if file != seed else 0.001 * points)
            best[file] = max(best.get(file, 0.0), points)
    return together, best
