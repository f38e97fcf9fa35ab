"""The fitted constants and their logistic models."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec


class LogisticModel(msgspec.Struct, frozen=True):
    """A logistic regression: a probability from named features."""

    intercept: float
    weights: dict[str, float]

    def log_odds(self, values: Iterable[float]) -> float:
        """Returns the log-odds for the features, which are in the order of the weights."""
        return self.intercept + sum(
            weight * value for weight, value in zip(self.weights.values(), values, strict=True)
        )


class PairModels(msgspec.Struct, frozen=True):
    """The models of pairs: `conflict`: the two do not merge; `share`: both change the same file."""

    conflict: LogisticModel
    share: LogisticModel


class DeclaredShifts(msgspec.Struct, frozen=True):
    """The values that a task's declarations add to a file's log-odds.

    `path`: if the task names the file; `glob`: if a glob matches it, plus `glob_size` times the logarithm of
    one more than the number of files that match; `elsewhere`: if the task declares only other files.
    """

    path: float
    glob: float
    glob_size: float
    elsewhere: float


class Constants(msgspec.Struct, frozen=True):
    """All fitted constants."""

    files: LogisticModel
    pairs: PairModels
    declared: DeclaredShifts


@cache
def shipped_constants() -> Constants:
    """Returns the constants that come with gitcoord, fitted on other repositories than the user's."""
    text = files("gitcoord.foresight").joinpath("constants.json").read_bytes()
    return msgspec.json.decode(text, type=Constants)


def probability(log_odds: float) -> float:
    """Converts log-odds to a probability, without overflow."""
    if log_odds < 0:
        power = math.exp(max(log_odds, -700.0))
        return power / (1 + power)
    return 1 / (1 + math.exp(-min(log_odds, 700.0)))


def log_odds(chance: float) -> float:
    """Converts a probability, limited to 1e-5 … 1 - 1e-5, to log-odds."""
    kept = min(1 - 1e-5, max(1e-5, chance))
    return math.log(kept / (1 - kept))


def is_named_alike(weights: Mapping[str, float], names: Iterable[str]) -> bool:
    """Whether a model's weights belong to the features `names`, in that order."""
    return list(weights) == list(names)
