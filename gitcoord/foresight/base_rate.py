"""Fits the intercept of the conflict model to the outcomes of the repository's own tasks. Pure.

Agents conflict more often than the people on whose history the models were fitted. Some dozens of pairs are
enough to estimate a base rate, but not the weights of features, so those stay.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from gitcoord.foresight.constants import Constants, log_odds, probability
from gitcoord.planning.experience import PairOutcome

FEWEST_PAIRS: Final = 20
_PRIOR: Final = 1.0
"""The precision of the prior: the intercept of the shipped model, or of the calibrated one."""
_STEPS: Final = 30
_LARGEST: Final = 4.0


def learned_shift(pairs: Sequence[PairOutcome]) -> float:
    """Returns what to add to the log-odds of a conflict; 0 if there are too few pairs.

    The maximum a posteriori estimate, by Newton's method.
    """
    if len(pairs) < FEWEST_PAIRS:
        return 0.0
    odds = [log_odds(pair.chance) for pair in pairs]
    shift = 0.0
    for _ in range(_STEPS):
        chances = [probability(one + shift) for one in odds]
        slope = _PRIOR * shift + math.fsum(
            chance - pair.conflict for chance, pair in zip(chances, pairs, strict=True)
        )
        step = slope / (_PRIOR + math.fsum(chance * (1 - chance) for chance in chances))
        # Where the curve is flat a full step may go too far.
        shift -= max(-1.0, min(1.0, step))
        if abs(step) < 1e-9:
            break
    return round(max(-_LARGEST, min(_LARGEST, shift)), 4)


def shifted(constants: Constants, shift: float) -> Constants:
    """Returns the constants with the intercept of the conflict model moved."""
    if not shift:
        return constants
    pairs = constants.pairs
    model = msgspec.structs.replace(pairs.conflict, intercept=pairs.conflict.intercept + shift)
    return msgspec.structs.replace(constants, pairs=msgspec.structs.replace(pairs, conflict=model))
