"""Chooses which prefixes of a list of branches to check, by their length: few checks, much information."""

import itertools
from collections.abc import Sequence


def spread(length: int, slots: int) -> Sequence[int]:
    """Returns at most `slots` prefix sizes from 1 to `length`, evenly spaced; the last is `length`."""
    return sorted({-(-length * part // slots) for part in range(1, slots + 1)} - {0})


def sections(bad: int, slots: int) -> list[int]:
    """Returns at most `slots` prefix sizes below `bad` that divide the range into equal parts."""
    return sorted(
        {max(1, round(bad * part / (slots + 1))) for part in range(1, slots + 1)} & set(range(1, bad))
    )


def more_cuts(kept: Sequence[int], high: int, count: int) -> list[int]:
    """Returns at most `count` sizes to add to `kept`: `high` if it is larger, then those that halve gaps.

    Halves the widest remaining gap each time.
    """
    points = sorted({0, *kept})
    found = [high] if count and high > points[-1] else []
    points += found
    while len(found) < count:
        width, low = max((after - before, before) for before, after in itertools.pairwise(points))
        if width < 2:
            break
        found.append(low + width // 2)
        points = sorted({*points, found[-1]})
    return found
