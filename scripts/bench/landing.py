"""Speed and number of checks of landing with a check; see `scripts/bench/landing`.

Without options 24 branches are played through in many worlds in which every check takes the same time, by
the decisions of `gitcoord.checks` and by those of others: a batch that is halved where it fails, and Zuul's
window. The checks that find out with whom a branch fails are not played. `--real` lands branches of a real
repository with `gitcoord merge-level`, by a check that sleeps or computes, and then the same branches by the
others' ways (`landing_others`).
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from landing_others import time_others

from gitcoord.checks.memo import read_result
from gitcoord.checks.search import decide
from gitcoord.checks.subjects import ByItself, CheckSeen, SearchPolicy, Subject
from gitcoord.checks.window import choose_window
from tests.support.cli import Ran, gitcoord
from tests.support.project import independent
from tests.support.repos import Repo, hermetic_environment
from tests.support.tasklists import task, write_tasks

BRANCHES = 24
WORLDS = ((0.0, 0.0, 0.0), (0.05, 0.0, 0.0), (0.1, 0.005, 0.0), (0.2, 0.01, 0.0), (0.05, 0.002, 0.03))
"""How many fail alone, how many pairs fail together, how often a check fails for no reason."""
HISTORY = 50
STRATEGIES = ("single-pr", "multi-pr")
CHECK = "sh work; ! ls bad-* 2>/dev/null"
TOTALS: dict[tuple[str, float, int, str], list[tuple[float, float, int, int]]] = {}


class World:
    """Which combinations of `BRANCHES` branches pass, drawn from a seed."""

    def __init__(self, seed: int, alone: float, pair: float, flake: float) -> None:
        self._random = random.Random(seed)
        self._flake = flake
        draw = self._random.random
        self._bad = {branch for branch in range(BRANCHES) if draw() < alone}
        self._pairs = [(a, b) for b in range(BRANCHES) for a in range(b) if draw() < pair]

    def passes(self, subject: Subject) -> bool:
        """Whether the check of `subject` passes this time."""
        inside = {subject.branch} if isinstance(subject, ByItself) else set(subject)
        good = not self._bad & inside and not any({a, b} <= inside for a, b in self._pairs)
        return good and self._random.random() >= self._flake


Way = Callable[[World, int, float, int], tuple[float, int, int]]
"""Lands a world with so many slots, at that rate of failures, with so many retries: time, checks, landed."""


def spread(world: World, slots: int, rate: float, flaky: int) -> tuple[float, int, int]:
    """gitcoord, single-pr."""
    return played(world, slots, rate, flaky, each=False)


def prefixes(world: World, slots: int, rate: float, flaky: int) -> tuple[float, int, int]:
    """gitcoord, multi-pr: each base is checked, which is Zuul's window."""
    return played(world, slots, rate, flaky, each=True)


def played(world: World, slots: int, rate: float, flaky: int, *, each: bool) -> tuple[float, int, int]:
    """The decisions of `gitcoord.checks`, on slots that are really parallel."""
    seen: dict[Subject, CheckSeen] = {}
    running: dict[Subject, float] = {}
    clock, checks = 0.0, 0
    while True:
        known = decide(BRANCHES, seen, SearchPolicy(slots=slots, flaky=flaky, each=each))
        failures = round(rate * HISTORY) + len(known.failed)
        window = choose_window(None, slots, failures, HISTORY + len(known.failed) + len(known.passed))
        policy = SearchPolicy(slots=slots, window=window.size, flaky=flaky, each=each)
        result = decide(BRANCHES, seen, policy, running)
        if not result.wanted:
            return clock, checks, len(result.passed)
        running = {one: ends for one, ends in running.items() if one in result.wanted}
        for one in result.wanted:
            if len(running) < slots and one not in running:
                running[one] = clock + 1
                checks += 1
        clock = min(running.values())
        for one in [one for one, ends in running.items() if ends == clock]:
            del running[one]
            runs = seen[one].runs + 1 if one in seen else 1
            seen[one] = CheckSeen(outcome="passed" if world.passes(one) else "failed", runs=runs)


def halved(world: World, slots: int, rate: float, flaky: int) -> tuple[float, int, int]:
    """Batches of 8 on one slot, cut in halves where they fail."""
    checks, landed = 0, list[int]()

    def passes(part: Sequence[int]) -> bool:
        nonlocal checks
        for _ in range(flaky + 1):
            checks += 1
            if world.passes((*landed, *part)):
                return True
        return False

    def land(part: Sequence[int]) -> None:
        if not part:
            return
        if passes(part):
            landed.extend(part)
        elif len(part) > 1:
            land(part[: len(part) // 2])
            land(part[len(part) // 2 :])

    for start in range(0, BRANCHES, 8):
        land(range(start, min(start + 8, BRANCHES)))
    return float(checks), checks, len(landed)


WAYS: tuple[tuple[str, Way], ...] = (
    ("spread (single-pr)", spread),
    ("each prefix, Zuul (multi-pr)", prefixes),
    ("batch of 8, halved, 1 slot", halved),
)


def simulate(slots: int, worlds: int) -> None:
    """Prints a table for so many slots."""
    head = f"{slots} slots, {BRANCHES} branches, {worlds} worlds"
    print(f"\n{head}: speed against one at a time (checks a landing)\n")
    print("| bad alone / pair / flake | " + " | ".join(name for name, _ in WAYS) + " |")
    print("|---" * (len(WAYS) + 1) + "|")
    for alone, pair, flake in WORLDS:
        cells = []
        for _, way in WAYS:
            clock, checks, landed = 0.0, 0, 0
            for seed in range(worlds):
                ended = way(World(seed, alone, pair, flake), slots, alone, 1 if flake else 0)
                clock, checks, landed = clock + ended[0], checks + ended[1], landed + ended[2]
            cells.append(f"{worlds * BRANCHES / clock:.1f}x ({checks / landed:.2f})")
        print(f"| {alone:.0%} / {pair:.1%} / {flake:.0%} | {' | '.join(cells)} |")


def land(place: Path, bad: float, slots: int, strategy: str, work: str) -> None:
    """Lands branches of a real repository, some of which fail, and prints how long that took.

    As many others have landed before, and as many of them failed, in checks that take no time; and the base
    has passed.
    """
    repo = Repo.create(place)
    repo.commit({"work": "true\n"})
    draw = random.Random(place.name)
    former, ids = ([str(first + number) for number in range(BRANCHES)] for first in (100, 200))
    failing = {id for row in (former, ids) for id in draw.sample(row[1:], round(bad * BRANCHES))}
    tasks = [*independent(*former), task(1, depends_on=former[:1])]
    write_tasks(repo.path, [*tasks, *(task(id, depends_on=[1]) for id in ids)])
    gitcoord("plan", "--strategy", strategy, cwd=repo.path, ok=0)
    words = ("--check", CHECK, "--shell", "--flaky", "0", "--slots", str(slots), "--json")

    def hand_in(level: int, files: dict[str, dict[str, str]]) -> None:
        repo.commit_many([(f"feature/level-{level}-task-{id}", "main", files[id]) for id in files])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda id: gitcoord("submit", id, cwd=repo.path, ok=0), files))

    def land_level(level: int) -> Ran:
        return gitcoord("merge-level", str(level), *words, cwd=repo.path)

    def files_of(row: list[str]) -> dict[str, dict[str, str]]:
        return {id: {f"{id}.txt": id, **({f"bad-{id}": "x"} if id in failing else {})} for id in row}

    repo.commit_many([(f"feature/level-0-task-{id}", "main", one) for id, one in files_of(former).items()])
    land_level(0)
    hand_in(1, {"1": {"work": f"{work}\n"}})
    land_level(1)
    hand_in(2, files_of(ids))
    heads = [f"feature/level-2-task-{id}" for id in ids]
    others = time_others(place, heads, CHECK, slots)
    before = set(place.glob(".git/gitcoord/checks/*/order.json"))
    began = time.monotonic()
    ran = land_level(2)
    took = time.monotonic() - began
    landed = len(ran.json["landed"])
    checked = [one.parent for one in place.glob(".git/gitcoord/checks/*/order.json") if one not in before]
    each = statistics.fmean(result.seconds for result in filter(None, map(read_result, checked)))
    assert landed == BRANCHES - len(failing & set(ids)), ran.err
    assert all(row[3] == landed for row in others), others
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    for way, *row in (("gitcoord", took, len(checked), landed), *others):
        rate = f"{row[1] / row[2]:.2f} checks a landing"
        speed = f"{each * BRANCHES / row[0]:4.1f}x of one check after the other ({each:.1f} s each)"
        case = f"{strategy:9}  {bad:4.0%} bad  {slots} slots  {way:13}"
        print(f"{case}  {row[0]:6.1f} s  {speed}  {rate}  {load}", flush=True)
        TOTALS.setdefault((strategy, bad, slots, way), []).append((row[0], each, row[1], row[2]))


def summary() -> None:
    """The mean over all rounds, where there were several."""
    for (strategy, bad, slots, way), runs in TOTALS.items():
        if len(runs) > 1:
            took, each, checks, landed = (sum(column) for column in zip(*runs, strict=True))
            speed = f"{each * BRANCHES / took:4.1f}x, {checks / landed:.2f} checks a landing"
            print(f"{strategy:9}  {bad:4.0%} bad  {slots} slots  {way:13}  mean of {len(runs)}: {speed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--real", action="store_true", help="land real branches")
    parser.add_argument("--check", default="sleep 3", help="what each real check does")
    parser.add_argument("--rounds", type=int, default=1, help="with others that fail in each (default: 1)")
    parser.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this one")
    parser.add_argument("--bad", action="append", type=float, metavar="PERCENT", help="only this many fail")
    parser.add_argument("--slots", action="append", type=int, help="only so many at once")
    options = parser.parse_args()
    if not options.real:
        for slots in (4, 2):
            simulate(slots, options.worlds)
        return
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        os.environ.update(hermetic_environment(Path(scratch)))
        for strategy in options.strategy or STRATEGIES:
            for percent in options.bad or (0, 5, 10, 20):
                for slots in options.slots or (2, 4):
                    for number in range(options.rounds):
                        place = Path(scratch, f"{strategy}-{percent}-{slots}-{number}")
                        land(place, percent / 100, slots, strategy, options.check)
        summary()


if __name__ == "__main__":
    main()
