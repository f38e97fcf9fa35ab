"""BM25 over documents of one kind: where terms occur, what they weigh, and which documents a query is about.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

Occurrences = Iterable[tuple[int, float]]
"""Documents that a term occurs in, and how often."""


class Postings:
    """Scores of documents 0 to n-1. Terms are looked up when they are first asked for."""

    def __init__(
        self,
        lookup: Callable[[str], Occurrences],
        lengths: Sequence[float],
        *,
        count: int | None = None,
        saturation: float = 1.2,
        by_length: float = 0.75,
    ) -> None:
        """`count`: how many documents there are, where not all of `lengths` are some."""
        self._lookup = lookup
        self.count = len(lengths) if count is None else count
        told = [length for length in lengths if length > 0]
        average = sum(told) / len(told) if told else 1.0
        self._saturation = saturation
        self._floors = [saturation * (1 - by_length + by_length * length / average) for length in lengths]
        self._known: dict[str, tuple[list[int], list[float]]] = {}

    def weights(self, term: str) -> tuple[list[int], list[float]]:
        """The documents that the term occurs in, and its weight in each."""
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
        """The term's inverse document frequency; 0 where it occurs nowhere."""
        found = len(self.weights(term)[0])
        return math.log(1 + (self.count - found + 0.5) / (found + 0.5)) if 0 < found <= self.count else 0.0

    def plain_rarity(self, term: str) -> float:
        """The logarithm of how few documents have the term; that of a term that none has is the largest."""
        return math.log((self.count + 1) / (1 + len(self.weights(term)[0])))

    def scores(self, query: Mapping[str, float]) -> tuple[dict[int, float], float]:
        """The score of each document that has a term of the query, and what the query weighs in all."""
        found = [0.0] * len(self._floors)
        total = 0.0
        for term, wanted in query.items():
            documents, weights = self.weights(term)
            weight = self.rarity(term) * wanted
            total += weight
            if weight > 0:
                for document, has in zip(documents, weights, strict=True):
                    found[document] += has * weight
        return {document: score for document, score in enumerate(found) if score}, max(total, 1e-6)
