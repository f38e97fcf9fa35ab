"""Computes how likely two tasks conflict or share a file, and in which files. Pure."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from gitcoord.foresight.constants import PairModels, log_odds, probability
from gitcoord.foresight.corpus import Corpus
from gitcoord.foresight.words import code_identifiers, scope_of, terms_of
from gitcoord.planning.risks import RiskyFile

_SUREST: Final = 0.97
_MOST_TERMS: Final = 400
_MOST_REASONS: Final = 3
_LEAST_REASON: Final = 0.005
_TYPICAL_SIZE: Final = 1500
"""The size in bytes above which two changes of a file probably do not overlap."""


class TaskProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The data for comparing a task: the `chances` of paths, without hot files; words with their weights."""

    chances: Mapping[str, float]
    norm: float
    total: float
    words: Mapping[str, float]
    identifiers: frozenset[str]
    scope: str


class PairChances(msgspec.Struct, frozen=True, kw_only=True):
    """The probabilities that two tasks conflict and that they share a file, and the files that cause it.

    `words_alike` is the cosine similarity of their words, 0 to 1; `features` are the input of the models.
    """

    conflict: float
    share: float
    words_alike: float
    features: tuple[float, ...]
    files: tuple[RiskyFile, ...]


class PairComparison:
    """Compares profiles of tasks of one repository."""

    def __init__(self, corpus: Corpus, models: PairModels, next_files: Collection[str] = frozenset()) -> None:
        """`next_files`: files that two changes must not both add: they conflict whatever their content."""
        self._corpus = corpus
        self._next_files = next_files
        self._models = models
        self._nearness: dict[str, float] = {}

    def profile(
        self, title: str, text: str, chances: Mapping[str, float], hot: Collection[str]
    ) -> TaskProfile:
        """Makes the profile of a task; `text` is title and body."""
        kept = {path: min(_SUREST, chance) for path, chance in chances.items() if path not in hot}
        return TaskProfile(
            chances=kept,
            norm=math.sqrt(sum([chance * chance for chance in kept.values()])),
            total=sum(kept.values()),
            words=self._words(text),
            identifiers=frozenset(code_identifiers(text)),
            scope=scope_of(title),
        )

    def compare(self, one: TaskProfile, other: TaskProfile) -> PairChances:
        """Computes the chances of the pair."""
        left, right = one.chances, other.chances
        if len(left) > len(right):
            left, right = right, left
        dot = apart = fresh = 0.0
        both: list[tuple[float, str]] = []
        for path, chance in left.items():
            if path in right:
                product = chance * right[path]
                if path in self._next_files:
                    fresh += math.log1p(-product)
                    both.append((product, path))
                    continue
                dot += product
                meeting = product * self._near(path)
                apart += math.log1p(-meeting)
                both.append((meeting, path))
        common = sorted(one.words.keys() & other.words.keys())
        words_alike = sum([one.words[word] * other.words[word] for word in common])
        features = (
            log_odds(1 - math.exp(apart)),
            dot / max(1e-9, one.norm * other.norm),
            max([self._corpus.messages.plain_rarity(word) for word in common], default=0.0),
            math.log(min(one.total, other.total) + 0.05),
            float(bool(one.scope) and one.scope == other.scope),
            math.log1p(len(one.identifiers & other.identifiers)),
            math.log(words_alike + 0.02),
        )
        conflict = probability(self._models.conflict.log_odds(features))
        return PairChances(
            conflict=1 - (1 - conflict) * math.exp(fresh) if fresh else conflict,
            share=probability(self._models.share.log_odds(features)),
            words_alike=words_alike,
            features=features,
            files=_reasons(both),
        )

    def _near(self, path: str) -> float:
        """Returns how likely two changes of a file overlap: less likely in a large file."""
        known = self._nearness.get(path)
        if known is None:
            number = self._corpus.number_of.get(path)
            size = self._corpus.sizes[number] if number is not None else 0
            known = self._nearness[path] = min(1.0, math.sqrt(_TYPICAL_SIZE / (size + 200)))
        return known

    def _words(self, text: str) -> dict[str, float]:
        """Returns the words of a text with their TF-IDF weights, as a vector of length 1."""
        counts = Counter(terms_of(text, _MOST_TERMS))
        rarity = self._corpus.messages.plain_rarity
        weights = {word: (1 + math.log(count)) * rarity(word) for word, count in counts.items()}
        norm = math.sqrt(sum([weight * weight for weight in weights.values()])) or 1.0
        return {word: weight / norm for word, weight in weights.items()}


def _reasons(both: Iterable[tuple[float, str]]) -> tuple[RiskyFile, ...]:
    top = sorted(both, key=lambda one: (-one[0], one[1]))[:_MOST_REASONS]
    return tuple(RiskyFile(path, round(chance, 4)) for chance, path in top if chance >= _LEAST_REASON)
