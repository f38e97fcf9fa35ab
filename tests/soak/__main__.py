"""Plays many scenarios, and prints what was counted; exit code 1 when something was not as it has to be."""

import argparse
import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.soak.drawing.adopted import make_adopted_scenario
from tests.soak.drawing.scenario import make_scenario
from tests.soak.playing.adopting import Adopting
from tests.soak.playing.client import Clients
from tests.soak.playing.outcome import Outcome
from tests.soak.playing.play import Playing
from tests.support.github.emulator import GitHubEmulator

_SEEDS_A_WORLD = 10
"""After so many scenarios a worker takes a new emulator, so that none grows old."""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first of N seeds")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="just these")
    parser.add_argument("--workers", type=int, default=1, metavar="K")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the repositories there")
    parser.add_argument(
        "--mutants",
        nargs="*",
        metavar="NAME",
        help="plant faults (all, or those named) into a copy of gitcoord, and see that each is noticed",
    )
    parser.add_argument(
        "--adopted", action="store_true", help="branches and pull requests of others, without a task list"
    )
    parser.add_argument("--checks", action="store_true", help="landings with a check, on one machine")
    asked = parser.parse_args()
    if asked.mutants is not None:
        from tests.soak.mutants.run import run_mutants

        return run_mutants(asked.mutants, asked.workers)
    if asked.checks:
        seeds = asked.seeds or [*range(asked.seed, asked.seed + asked.scenarios)]
        return _checks(seeds, asked.keep, asked.workers)
    seeds = asked.seeds or [*range(asked.seed, asked.seed + asked.scenarios)]
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    begun = time.monotonic()
    parts = [(seeds[n :: asked.workers], asked.keep, asked.adopted) for n in range(asked.workers)]
    outcomes: list[Outcome] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        for outcome in _all(parts):
            outcomes.append(outcome)
            _show(outcome, len(outcomes), len(seeds))
    except KeyboardInterrupt:
        print("interrupted; so far:")
    _summarize(outcomes, time.monotonic() - begun)
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def _checks(seeds: list[int], keep: Path | None, workers: int) -> int:
    from tests.soak.checks import play_checks

    root = keep or Path(tempfile.mkdtemp(prefix="soak-checks-"))
    code = play_checks(seeds, root, workers)
    if keep is None and code == 0:
        shutil.rmtree(root, ignore_errors=True)
    else:
        print(f"the repositories are in {root}")
    return code


def _all(parts: list[tuple[list[int], Path | None, bool]]) -> Iterator[Outcome]:
    if len(parts) == 1:
        yield from play_all(*parts[0])
        return
    queue: multiprocessing.Queue[Outcome | None] = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=_feed, args=(queue, *part), daemon=True) for part in parts]
    for worker in workers:
        worker.start()
    left = len(workers)
    while left:
        outcome = queue.get()
        if outcome is None:
            left -= 1
        else:
            yield outcome
    for worker in workers:
        worker.join()


def _feed(
    queue: "multiprocessing.Queue[Outcome | None]", seeds: list[int], keep: Path | None, adopted: bool
) -> None:
    try:
        for outcome in play_all(seeds, keep, adopted):
            queue.put(outcome)
    except KeyboardInterrupt:
        return  # the one who was asked to stop says so
    finally:
        queue.put(None)


def play_all(seeds: Iterable[int], keep: Path | None = None, adopted: bool = False) -> Iterator[Outcome]:
    """Plays these seeds one after the other; what had violations is kept in any case."""
    waiting = list(seeds)
    with Clients() as first, Clients() as second:
        while waiting:
            now, waiting = waiting[:_SEEDS_A_WORLD], waiting[_SEEDS_A_WORLD:]
            root = keep or Path(tempfile.mkdtemp(prefix="soak-"))
            kept = keep is not None
            with GitHubEmulator(root / "github" / str(now[0])) as hub:
                for seed in now:
                    place = root / f"seed-{seed}"
                    place.mkdir(parents=True)
                    if adopted:
                        playing: Playing = Adopting(make_adopted_scenario(seed), hub, (first, second), place)
                    else:
                        playing = Playing(make_scenario(seed), hub, (first, second), place)
                    outcome = playing.play()
                    if outcome.violations:
                        kept = True
                    elif keep is None:
                        shutil.rmtree(place, ignore_errors=True)
                    yield outcome
            if not kept:
                shutil.rmtree(root, ignore_errors=True)


def _show(outcome: Outcome, number: int, count: int) -> None:
    verdict = "ok" if not outcome.violations else f"{len(outcome.violations)} VIOLATIONS"
    print(f"[{number}/{count}] seed {outcome.seed} {outcome.seconds:.1f} s {verdict}", flush=True)
    for violation in outcome.violations:
        print(f"    {violation}", flush=True)
    if outcome.violations:
        print(f"    {', '.join(outcome.dimensions)}; what happened is in {outcome.transcript}", flush=True)
        print(
            f"    again, as far as a seed goes: scripts/soak {outcome.options}--seeds {outcome.seed}",
            flush=True,
        )


def _summarize(outcomes: list[Outcome], seconds: float) -> None:
    faults = sum((outcome.counts.faults for outcome in outcomes), Counter[str]())
    endings = sum((outcome.counts.endings for outcome in outcomes), Counter[str]())
    deeds = sum((outcome.counts.deeds for outcome in outcomes), Counter[str]())
    bad = [outcome.seed for outcome in outcomes if outcome.violations]
    print(f"scenarios        {len(outcomes)} in {seconds:.0f} s")
    print(f"runs             {endings.total()}: " + _listed(endings))
    print(f"faults injected  {faults.total()}: " + _listed(faults))
    print(f"people's hands   {deeds.total()}: " + _listed(deeds))
    print(f"outside pushes   {sum(outcome.counts.pushes for outcome in outcomes)}")
    print(f"kills            {sum(outcome.counts.kills for outcome in outcomes)}")
    print(
        f"rolled back      {sum(outcome.rolled_back for outcome in outcomes)} levels, "
        f"{sum(outcome.brought_back for outcome in outcomes)} of them brought back"
    )
    dimensions = Counter(name for outcome in outcomes for name in outcome.dimensions)
    for name, times in dimensions.most_common():
        print(f"  {times:>5} scenarios: {name}")
    print(f"bytes searched   {sum(outcome.bytes for outcome in outcomes):,} for tokens")
    print(f"violations       {sum(len(outcome.violations) for outcome in outcomes)}")
    if bad:
        print("seeds to replay  " + " ".join(map(str, bad)))


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
