"""Waves and makespan of random levels against the exact optimum; see `scripts/bench/order`."""

import argparse
import random
import statistics
import time
from itertools import combinations
from typing import NamedTuple

from ortools.sat.python import cp_model

from gitcoord.planning.arrange_waves import Arrangement, Candidate, arrange
from gitcoord.tasks.model import TaskId

OVERLAP = (0.45, 0.62)
CONFLICT = (0.10, 0.30)
WORKERS = 4


class Level(NamedTuple):
    """Tasks and the pairs of them that clash; the shares of pairs that overlap and that conflict."""

    tasks: list[Candidate]
    clashes: list[tuple[int, int]]
    overlap: float


class Row(NamedTuple):
    found: int
    at_least: int
    optimum: int | None
    seconds: float


def make_level(count: int, dice: random.Random, scattered: bool) -> Level:
    """Tasks that edit places in popular files: two conflict when they edit the same file near each other.

    `scattered`: any two that share a file conflict with equal chance, which is harder to arrange.
    """
    overlap, conflict = dice.uniform(*OVERLAP), dice.uniform(*CONFLICT)
    sizes = [min(20, 1 + int(dice.expovariate(0.35))) for _ in range(count)]
    draws = [[(dice.random(), dice.random()) for _ in range(size)] for size in sizes]

    def edits(skew: float) -> list[dict[int, float]]:
        # A file's popularity falls with its number; the skew decides how steeply.
        return [{int(200 * at**skew): place for at, place in task} for task in draws]

    def meeting(skew: float) -> list[tuple[int, int]]:
        changed = edits(skew)
        return [(a, b) for a, b in combinations(range(count), 2) if changed[a].keys() & changed[b].keys()]

    pairs = count * (count - 1) / 2
    low, high = 0.1, 30.0
    for _ in range(30):
        skew = (low + high) / 2
        low, high = (skew, high) if len(meeting(skew)) / pairs < overlap else (low, skew)
    changed, meet = edits(skew), meeting(skew)
    distances = sorted(
        (min(abs(changed[a][f] - changed[b][f]) for f in changed[a].keys() & changed[b].keys()), a, b)
        for a, b in meet
    )
    if scattered:
        dice.shuffle(distances)
    clashes = [(a, b) for _, a, b in distances[: round(conflict * pairs)]]
    tasks = [
        Candidate(id=TaskId(str(n)), weight=dice.choice((10, 20, 30, 50, 80)), priority=dice.randrange(100))
        for n in range(count)
    ]
    return Level(tasks, clashes, len(meet) / pairs)


def optimum(level: Level, found: int, most: int | None, seconds: float) -> int | None:
    """The fewest waves there are, or None when that was not proved in time."""
    fewest = found
    while fewest > 1:
        answer = possible(level, fewest - 1, most, seconds)
        if answer is None:
            return None
        if not answer:
            return fewest
        fewest -= 1
    return fewest


def possible(level: Level, waves: int, most: int | None, seconds: float) -> bool | None:
    count = len(level.tasks)
    if most is not None and count > waves * most:
        return False
    model = cp_model.CpModel()
    at = [[model.new_bool_var("") for _ in range(waves)] for _ in range(count)]
    for row in at:
        model.add_exactly_one(row)
    for one, other in level.clashes:
        for wave in range(waves):
            model.add_at_most_one(at[one][wave], at[other][wave])
    if most is not None:
        for wave in range(waves):
            model.add(sum(row[wave] for row in at) <= most)
    # Waves are all alike: a clique may as well have the first ones.
    for wave, task in enumerate(clique(level)):
        if wave >= waves:
            return False
        model.add(at[task][wave] == 1)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return True
    return False if status == cp_model.INFEASIBLE else None


def clique(level: Level) -> list[int]:
    near: dict[int, set[int]] = {n: set() for n in range(len(level.tasks))}
    for one, other in level.clashes:
        near[one].add(other)
        near[other].add(one)
    best: list[int] = []
    for start in near:
        chosen, left = [start], set(near[start])
        while left:
            task = max(left, key=lambda t: (len(near[t] & left), -t))
            chosen.append(task)
            left &= near[task]
        best = max(best, chosen, key=len)
    return best


def check(level: Level, arrangement: Arrangement, most: int | None) -> None:
    """The waves are what they claim to be: complete, without clashes, not too full."""
    wave_of = {task: n for n, wave in enumerate(arrangement.waves) for task in wave}
    assert len(wave_of) == len(level.tasks)
    assert all(wave_of[TaskId(str(a))] != wave_of[TaskId(str(b))] for a, b in level.clashes)
    assert most is None or max(map(len, arrangement.waves)) <= most


def measure(level: Level, most: int | None, seconds: float) -> Row:
    clashes = [frozenset((TaskId(str(a)), TaskId(str(b)))) for a, b in level.clashes]
    start = time.process_time()
    arrangement = arrange(level.tasks, clashes, most=most)
    took = time.process_time() - start
    check(level, arrangement, most)
    found = len(arrangement.waves)
    best = optimum(level, found, most, seconds)
    assert best is None or arrangement.at_least <= best <= found, (arrangement.at_least, best, found)
    return Row(found, arrangement.at_least, best, took)


def show(count: int, name: str, rows: list[Row]) -> list[float]:
    known = [row for row in rows if row.optimum is not None]
    gaps = [row.found / row.optimum - 1 for row in known if row.optimum]
    reached = sum(row.found == row.at_least for row in rows)
    print(
        f"{count:>5}  {name:<9} {statistics.mean(row.found for row in rows):>6.1f}"
        f"  {statistics.mean(row.at_least for row in rows):>6.1f}"
        f"  {len(known):>5}/{len(rows):<3}"
        + (f"{statistics.mean(gaps):>8.1%} {max(gaps):>8.1%}" if gaps else f"{'-':>8} {'-':>8}")
        + f"  {reached:>5}/{len(rows):<3}"
        f" {statistics.mean(row.seconds for row in rows):>7.3f} {max(row.seconds for row in rows):>7.3f}",
        flush=True,
    )
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 20, 50, 100])
    parser.add_argument("--levels", type=int, default=12, help="random levels of each size")
    parser.add_argument("--seconds", type=float, default=20, help="for each proof of an optimum")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        f"{options.levels} levels of each size; {OVERLAP[0]:.0%}-{OVERLAP[1]:.0%} of the pairs overlap, "
        f"{CONFLICT[0]:.0%}-{CONFLICT[1]:.0%} conflict:\n"
        "half of the levels where edits are near each other, half scattered over the overlapping pairs.\n"
        f"waves: any number at once. makespan: {WORKERS} workers, each task one unit of time.\n"
        "The gap is against the optimum that CP-SAT proved; `bound` is gitcoord's own, `proved` how often "
        "the answer equals it.\n"
    )
    print("tasks  what       found   bound  optimum     mean    worst    proved     CPU s   worst")
    gaps: dict[str, list[float]] = {"waves": [], "makespan": []}
    slowest = 0.0
    for count in options.sizes:
        dice = random.Random(options.seed * 1000 + count)
        levels = [make_level(count, dice, n % 2 == 1) for n in range(options.levels)]
        for name, most in (("waves", None), ("makespan", WORKERS)):
            rows = [measure(level, most, options.seconds) for level in levels]
            gaps[name] += show(count, name, rows)
            slowest = max([slowest, *(row.seconds for row in rows)])
    print()
    for name, values in gaps.items():
        if values:
            print(
                f"{name}: mean gap {statistics.mean(values):.2%} (goal 2 %), "
                f"worst {max(values):.1%} (goal 10 %), optimum known for {len(values)} levels"
            )
    print(f"slowest: {slowest:.2f} s of CPU time (goal 1 s)")


if __name__ == "__main__":
    main()
