"""Plays scenarios from printed seeds, and prints how they ended; exit code 1 where something was wrong."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak_repositories.scenario import Forge, Scenario, draw_scenario, every_kill
from tests.support.repos import hermetic_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak_repositories.playing import Player

_MEMORY = Path("/dev/shm")
_EVERY: tuple[tuple[Forge, str], ...] = tuple(
    (forge, strategy) for forge in ("local", "github") for strategy in ("multi-pr", "single-pr")
)


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/soak-repositories", description=__doc__)
    parser.add_argument("--seeds", default="1-20", help="such as 1-300, 17 or 3,17,25")
    parser.add_argument("--every-write", action="store_true", help="kill around each write of a run instead")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="only each Nth of these kills")
    parser.add_argument("--keep", type=Path, help="keep the repositories of what went wrong there")
    parser.add_argument("--mutants", nargs="*", metavar="NAME", help="plant faults; see that each is noticed")
    parser.add_argument("--until-red", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.mutants is not None:
        from tests.soak_repositories.mutants import run_mutants

        return run_mutants(asked.mutants)
    with players(asked.keep) as player:
        if asked.every_write:
            counts = {key: player.writes(*key) for key in _EVERY}
            written = {f"{forge} {strategy}": count for (forge, strategy), count in counts.items()}
            print(json.dumps({"writes": written}), flush=True)
            return _play_all(player, every_kill(counts)[:: asked.stride], until_red=False)
        scenarios = [draw_scenario(seed) for seed in _seeds(asked.seeds)]
        return _play_all(player, scenarios, until_red=asked.until_red)


@contextmanager
def players(keep: Path | None) -> "Iterator[Player]":
    """What plays, in a directory of its own and with no variables of this machine."""
    world = Path(tempfile.mkdtemp(prefix="soak-repositories-", dir=_MEMORY if _MEMORY.is_dir() else None))
    hermetic = hermetic_environment(world)
    for name in set(os.environ) - set(hermetic):
        del os.environ[name]
    os.environ.update(hermetic)
    # It forks what it starts in this environment.
    from tests.soak_repositories.playing import Player

    try:
        with Player(world, keep) as player:
            yield player
    finally:
        shutil.rmtree(world, ignore_errors=True)


def _seeds(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _play_all(player: "Player", scenarios: Iterable[Scenario], *, until_red: bool) -> int:
    ends, hazards, bad, kills = Counter[str](), Counter[str](), 0, 0
    for scenario in scenarios:
        outcome = player.play(scenario)
        ends[f"{scenario.on_partial}: {outcome.state}"] += 1
        hazards.update(scenario.hazards)
        bad += bool(outcome.wrong)
        kills += outcome.kills
        words = "".join(f" !! {one}" for one in outcome.wrong)
        print(f"{scenario.seed} {scenario}: {outcome.state}{words}", flush=True)
        if outcome.wrong and until_red:
            break
    counts = {"scenarios": sum(ends.values()), "wrong": bad, "killed runs": kills}
    ended = dict(sorted(ends.items()))
    print(json.dumps({**counts, "ends": ended, "hazards": dict(sorted(hazards.items()))}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
