"""The token budget: the share of each task while it runs together with its wave."""

from collections.abc import Mapping, Sequence

from gitcoord.tasks.model import TaskId


def split(
    budget: int, wave: Sequence[TaskId], weights: Mapping[TaskId, float], max_parallel: int
) -> dict[TaskId, int]:
    """Returns shares of `budget` by weight; no `max_parallel` of them together exceed it.

    The heaviest tasks that may run at once determine the tokens per weight, so no choice of parallel tasks
    can overspend; a wave that runs all at once uses the budget completely.
    """
    whole = {task: max(0, round(weights[task] * 1_000_000)) for task in wave}
    if not any(whole.values()):
        whole = dict.fromkeys(wave, 1)
    together = sum(sorted(whole.values(), reverse=True)[:max_parallel])
    shares = {task: budget * weight // together for task, weight in whole.items()}
    if len(wave) <= max_parallel:
        # Give the tokens that rounding down left to the largest remainders.
        left = budget - sum(shares.values())
        for task in sorted(wave, key=lambda task: -(budget * whole[task] % together))[:left]:
            shares[task] += 1
    return shares
