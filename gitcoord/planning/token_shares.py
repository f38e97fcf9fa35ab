"""The token budget: what each task may spend while it runs beside its wave."""

from collections.abc import Mapping, Sequence

from gitcoord.tasks.model import TaskId


def split(
    budget: int, wave: Sequence[TaskId], weights: Mapping[TaskId, float], max_parallel: int
) -> dict[TaskId, int]:
    """Shares of `budget` by weight; any `max_parallel` of them together stay within it.

    The heaviest that may run at once set the price of a unit of weight, so that no choice of
    concurrent tasks can overspend; a wave that runs all at once spends the budget to the last token.
    """
    whole = {task: max(0, round(weights[task] * 1_000_000)) for task in wave}
    if not any(whole.values()):
        whole = dict.fromkeys(wave, 1)
    together = sum(sorted(whole.values(), reverse=True)[:max_parallel])
    shares = {task: budget * weight // together for task, weight in whole.items()}
    if len(wave) <= max_parallel:
        # The largest remainders get what rounding down left over: fewer tokens than there are tasks.
        left = budget - sum(shares.values())
        for task in sorted(wave, key=lambda task: -(budget * whole[task] % together))[:left]:
            shares[task] += 1
    return shares
