"""Fits the constants of pairs to the repository's own history. Pure.

Computes a maximum a posteriori estimate by Newton's method: with a normal prior around the shipped constants,
little evidence moves them little. The intercept, which is the base rate, moves most easily.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from gitcoord.foresight.accuracy import brier_skill, calibration_error, roc_area
from gitcoord.foresight.constants import LogisticModel, PairModels, probability

_PRIOR, _INTERCEPT_PRIOR = 20.0, 1.0
"""The precision of the prior, for features that are scaled to a standard deviation of 1."""
_STEPS: Final = 10
_HALVINGS: Final = 12
_HELD_OUT: Final = 0.25


class PairSample(msgspec.Struct, frozen=True):
    """Two past tasks: the features of the pair, and whether they shared a file and conflicted."""

    features: tuple[float, ...]
    share: bool
    conflict: bool


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The quality of conflict probabilities; None instead of NaN if nothing conflicted."""

    calibration_error: float
    brier_skill: float | None
    auc: float | None


class CalibrationResult(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of calibration, measured on the newest quarter of the samples, which was held out."""

    pairs: int
    conflicts: int
    before: Quality
    after: Quality
    better: bool
    """Whether the new constants are better: their squared error is smaller."""
    models: PairModels


def calibrate(models: PairModels, samples: Sequence[PairSample]) -> CalibrationResult:
    """Fits the models to `samples`, oldest first; the returned models are fitted on all of them."""
    split = len(samples) - int(len(samples) * _HELD_OUT)
    held_out = samples[split:]
    tried = _fitted(models, samples[:split])
    before, after = _quality(models, held_out), _quality(tried, held_out)
    return CalibrationResult(
        pairs=len(samples),
        conflicts=sum(sample.conflict for sample in samples),
        before=before,
        after=after,
        better=_error(tried, held_out) < _error(models, held_out),
        models=_fitted(models, samples),
    )


def _fitted(models: PairModels, samples: Sequence[PairSample]) -> PairModels:
    if not samples:
        return models
    return PairModels(
        conflict=moved(models.conflict, samples, lambda sample: sample.conflict),
        share=moved(models.share, samples, lambda sample: sample.share),
    )


def moved(
    model: LogisticModel, samples: Sequence[PairSample], truth: Callable[[PairSample], bool]
) -> LogisticModel:
    """Returns the maximum a posteriori model for the samples; the prior's mean is `model`."""
    count = len(samples)
    columns = list(zip(*(sample.features for sample in samples), strict=True))
    means = [math.fsum(column) / count for column in columns]
    spreads = [
        math.sqrt(math.fsum((value - mean) ** 2 for value in column) / count) or 1.0
        for column, mean in zip(columns, means, strict=True)
    ]
    rows = [_scaled(sample.features, means, spreads) for sample in samples]
    real = [float(truth(sample)) for sample in samples]
    weights = list(model.weights.values())
    first = [
        model.intercept + math.fsum(weight * mean for weight, mean in zip(weights, means, strict=True)),
        *(weight * spread for weight, spread in zip(weights, spreads, strict=True)),
    ]
    priors = [_INTERCEPT_PRIOR, *[_PRIOR] * len(weights)]
    found = list(first)
    for _ in range(_STEPS):
        step = _newton_step(found, first, priors, rows, real)
        now = _loss(found, first, priors, rows, real)
        # If the data are far from the prior, a full step may go too far.
        for halving in range(_HALVINGS):
            tried = [value - change / 2**halving for value, change in zip(found, step, strict=True)]
            if _loss(tried, first, priors, rows, real) <= now:
                found = tried
                break
        if max(map(abs, step)) < 1e-8:
            break
    fitted = [value / spread for value, spread in zip(found[1:], spreads, strict=True)]
    intercept = found[0] - math.fsum(weight * mean for weight, mean in zip(fitted, means, strict=True))
    return LogisticModel(intercept, dict(zip(model.weights, fitted, strict=True)))


def _loss(
    at: Sequence[float],
    first: Sequence[float],
    priors: Sequence[float],
    rows: Sequence[Sequence[float]],
    real: Sequence[float],
) -> float:
    """Returns the negative logarithm of the posterior, up to a constant."""
    away = [prior * (now - then) ** 2 / 2 for prior, now, then in zip(priors, at, first, strict=True)]
    odds = [sum([value * weight for value, weight in zip(row, at, strict=True)]) for row in rows]
    missed = [
        max(one, 0.0) - one * truth + math.log1p(math.exp(-abs(one)))
        for one, truth in zip(odds, real, strict=True)
    ]
    return math.fsum(away) + math.fsum(missed)


def _scaled(features: Sequence[float], means: Sequence[float], spreads: Sequence[float]) -> tuple[float, ...]:
    """Scales the features to a mean of 0 and a standard deviation of 1; puts a 1 for the intercept first."""
    scaled = ((one - mean) / spread for one, mean, spread in zip(features, means, spreads, strict=True))
    return (1.0, *scaled)


def _newton_step(
    at: Sequence[float],
    first: Sequence[float],
    priors: Sequence[float],
    rows: Sequence[Sequence[float]],
    real: Sequence[float],
) -> list[float]:
    size = len(at)
    gradient = [prior * (now - then) for prior, now, then in zip(priors, at, first, strict=True)]
    curvature = [
        [prior if one == other else 0.0 for other in range(size)] for one, prior in enumerate(priors)
    ]
    for row, truth in zip(rows, real, strict=True):
        chance = probability(sum([value * weight for value, weight in zip(row, at, strict=True)]))
        wrong, steep = chance - truth, chance * (1 - chance)
        for one in range(size):
            gradient[one] += wrong * row[one]
            scaled, line = steep * row[one], curvature[one]
            for other in range(size):
                line[other] += scaled * row[other]
    return solved(curvature, gradient)


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solves a small system of linear equations with a positive definite matrix (Gauss)."""
    size = len(right)
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            factor = rows[below][pivot] / rows[pivot][pivot]
            for column in range(pivot, size + 1):
                rows[below][column] -= factor * rows[pivot][column]
    found = [0.0] * size
    for row in reversed(range(size)):
        known = math.fsum(rows[row][column] * found[column] for column in range(row + 1, size))
        found[row] = (rows[row][size] - known) / rows[row][row]
    return found


def _chances(models: PairModels, samples: Sequence[PairSample]) -> list[float]:
    return [probability(models.conflict.log_odds(sample.features)) for sample in samples]


def _error(models: PairModels, samples: Sequence[PairSample]) -> float:
    chances = _chances(models, samples)
    return math.fsum((chance - sample.conflict) ** 2 for chance, sample in zip(chances, samples, strict=True))


def _quality(models: PairModels, samples: Sequence[PairSample]) -> Quality:
    chances, truth = _chances(models, samples), [sample.conflict for sample in samples]
    skill, area = brier_skill(chances, truth), roc_area(chances, truth)
    return Quality(
        calibration_error=round(calibration_error(chances, truth), 4),
        brier_skill=None if math.isnan(skill) else round(skill, 4),
        auc=None if math.isnan(area) else round(area, 4),
    )
