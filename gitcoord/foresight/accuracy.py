"""Measures the quality of predictions: ranking, calibration, and tables of both. Pure."""

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

_EDGES: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


class ReliabilityRow(msgspec.Struct, frozen=True, kw_only=True):
    """The predictions between two probabilities: their count, their mean, and the share that came true."""

    least: float
    most: float
    count: int
    predicted: float
    observed: float


def roc_area(scores: Sequence[float], truth: Sequence[bool]) -> float:
    """Returns the area under the ROC curve; NaN unless there are both true and false pairs."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    positives = sum(truth)
    negatives = len(truth) - positives
    if not positives or not negatives:
        return math.nan
    ranks = 0.0
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        ranks += sum(truth[one] for one in order[at:end]) * (at + end + 1) / 2
        at = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(scores: Sequence[float], truth: Sequence[bool]) -> float:
    """Returns the average precision (the mean of the precision at each true one); NaN if none is true."""
    order = sorted(range(len(scores)), key=lambda one: -scores[one])
    hits, total = 0, 0.0
    for place, one in enumerate(order, 1):
        if truth[one]:
            hits += 1
            total += hits / place
    return total / hits if hits else math.nan


def brier_skill(chances: Sequence[float], truth: Sequence[bool]) -> float:
    """Returns by which share the squared error is smaller than that of always predicting the base rate.

    Returns NaN unless there are both true and false pairs.
    """
    rate = sum(truth) / len(truth) if truth else 0.0
    if not 0 < rate < 1:
        return math.nan
    error = sum((chance - real) ** 2 for chance, real in zip(chances, truth, strict=True)) / len(truth)
    return 1 - error / (rate * (1 - rate))


def calibration_error(chances: Sequence[float], truth: Sequence[bool], bins: int = 10) -> float:
    """Returns the expected calibration error, over bins of equal width."""
    told: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for chance, real in zip(chances, truth, strict=True):
        told[min(bins - 1, int(chance * bins))].append((chance, real))
    return sum(
        abs(sum(chance for chance, _ in row) - sum(real for _, real in row)) for row in told if row
    ) / max(1, len(chances))


def reliability(chances: Sequence[float], truth: Sequence[bool]) -> list[ReliabilityRow]:
    """Returns predicted and observed shares by probability; leaves out rows without predictions."""
    rows = []
    for least, most in pairwise(_EDGES):
        inside = [
            (chance, real)
            for chance, real in zip(chances, truth, strict=True)
            if least <= chance < most or chance == most == 1
        ]
        if inside:
            rows.append(
                ReliabilityRow(
                    least=least,
                    most=most,
                    count=len(inside),
                    predicted=sum(chance for chance, _ in inside) / len(inside),
                    observed=sum(real for _, real in inside) / len(inside),
                )
            )
    return rows


def recall_at(ranked: Sequence[str], truth: Collection[str], most: int) -> float:
    """Returns the share of `truth` among the first `most`."""
    return sum(path in truth for path in ranked[:most]) / len(truth)


def precision_over(ranked: Iterable[str], truth: Collection[str]) -> float:
    """Returns the average precision of a ranking; members of `truth` that it lacks count as never found."""
    hits, total = 0, 0.0
    for place, path in enumerate(ranked, 1):
        if path in truth:
            hits += 1
            total += hits / place
    return total / len(truth)
