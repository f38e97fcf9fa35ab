"""BM25 over documents of one kind: occurrences and weights of terms, and the scores of a query.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress

Occurrences = Iterable[tuple[int, float]]
"""The documents in which a term occurs, each with the number of occurrences."""


class Postings:
    """Scores of documents 0 to n-1. Looks a term up at its first use."""

    def __init__(
        self,
        lookup: Callable[[str], Occurrences],
        lengths: Sequence[float],
        *,
        count: int | None = None,
        saturation: float = 1.2,
        by_length: float = 0.75,
    ) -> None:
        """`count`: the number of documents, if some of `lengths` do not belong to one."""
        self._lookup = lookup
        self.count = len(lengths) if count is None else count
        told = [length for length in lengths if length > 0]
        average = sum(told) / len(told) if told else 1.0
        self._saturation = saturation
        self._floors = [saturation * (1 - by_length + by_length * length / average) for length in lengths]
        self._known: dict[str, tuple[list[int], list[float]]] = {}

    def weights(self, term: str) -> tuple[list[int], list[float]]:
        """Returns the documents in which the term occurs, and its weight in each."""
        known = self._known.get(term)
        if known is None:
            floors, top = self._floors, self._saturation + 1
            documents: list[int] = []
            weights: list[float] = []
            for document, often in self._lookup(term):
                documents.append(document)
                weights.append(often * top / (often + floors[document]))
            known = self._known[term] = (documents, weights)
        return known

    def rarity(self, term: str) -> float:
        """Returns the term's inverse document frequency; 0 if it occurs nowhere."""
        found = len(self.weights(term)[0])
        return math.log(1 + (self.count - found + 0.5) / (found + 0.5)) if 0 < found <= self.count else 0.0

    def plain_rarity(self, term: str) -> float:
        """Returns log((documents + 1) / (documents with the term + 1)): largest for a term that none has."""
        return math.log((self.count + 1) / (1 + len(self.weights(term)[0])))

    def scores(self, query: Mapping[str, float]) -> tuple[dict[int, float], float]:
        """Returns the score of each document with a term of the query, and the total weight of the query."""
        found = [0.0] * len(self._floors)
        total = 0.0
        for term, wanted in query.items():
            documents, weights = self.weights(term)
            weight = self.rarity(term) * wanted
            total += weight
            if weight > 0:
                for document, has in zip(documents, weights, strict=True):
                    found[document] += has * weight
        return dict(compress(enumerate(found), found)), max(total, 1e-6)
