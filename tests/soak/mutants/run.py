"""Runs every mutant until the soak notices it, and prints the table."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.soak.drawing.adopted import make_adopted_scenario
from tests.soak.drawing.scenario import make_scenario
from tests.soak.mutants.faults import MUTANTS, Mutant
from tests.soak.mutants.planting import NotPlanted, make_copy

MOST = 60
"""Scenarios within which a mutant has to be noticed."""


@dataclass(frozen=True)
class Found:
    """What came of a mutant: the first seed that was red, the violation, how many scenarios it took.

    `control`: what the same seed gives without the fault, which has to be nothing.
    """

    mutant: Mutant
    seed: int | None
    played: int
    violation: str
    control: str = ""

    @property
    def is_killed(self) -> bool:
        """Whether the soak noticed it, and nothing without it."""
        return self.seed is not None and not self.control


def run_mutants(names: Sequence[str], workers: int) -> int:
    """Runs those of these names, all when none is given; returns the exit code."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown or not chosen:
        print(f"There is no mutant {', '.join(sorted(unknown))}; there are:")
        print("\n".join(f"  {mutant.name}" for mutant in MUTANTS))
        return 2
    found = []
    with ThreadPoolExecutor(workers) as pool:
        for one in pool.map(_run, chosen):
            found.append(one)
            said = f"seed {one.seed} after {one.played}: {one.violation}" if one.seed else one.violation
            print(f"{one.mutant.name}: {said[:200]}", flush=True)
    _print(found)
    return 0 if all(one.is_killed for one in found) else 1


def seeds_for(mutant: Mutant) -> Iterator[int]:
    """The seeds of the ordinary drawing whose scenarios have what the mutant breaks."""
    make = make_adopted_scenario if mutant.adopted else make_scenario
    return islice((seed for seed in count(1) if mutant.aims_at(make(seed))), MOST)


def _run(mutant: Mutant) -> Found:
    with tempfile.TemporaryDirectory(prefix="mutant-") as place:
        try:
            make_copy(Path(place) / "mutant", mutant.faults)
        except NotPlanted as error:
            return Found(mutant, None, 0, f"not planted: {error}")
        red = _play(Path(place) / "mutant", seeds_for(mutant), mutant)
        if red["seed"] is None:
            return Found(mutant, None, red["played"], "not noticed")
        make_copy(Path(place) / "control", ())
        control = _play(Path(place) / "control", [red["seed"]], mutant)
        return Found(mutant, red["seed"], red["played"], red["violation"], control["violation"])


def _play(place: Path, seeds: Iterator[int] | Sequence[int], mutant: Mutant) -> Any:
    options = ["--adopted"] if mutant.adopted else []
    command = [sys.executable, "-m", "tests.soak.mutants.until_red", *options, *map(str, seeds)]
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    lines = ended.stdout.splitlines()
    if ended.returncode != 0 or not lines:
        return {"seed": None, "played": 0, "violation": f"the soak itself failed: {ended.stderr[-300:]}"}
    return json.loads(lines[-1])


def _print(found: Sequence[Found]) -> None:
    table = Table("mutant", "first red seed", "scenarios", "violation", "without it", show_lines=False)
    for one in found:
        words = " ".join(one.violation.split())
        seed = "-" if one.seed is None else str(one.seed)
        without = "-" if one.seed is None else one.control[:60] or "ok"
        table.add_row(one.mutant.name, seed, str(one.played), words[:150], without)
    killed = sum(one.is_killed for one in found)
    console = Console(width=None if sys.stdout.isatty() else 180, markup=False)
    console.print(table)
    console.print(f"{killed} of {len(found)} mutants were noticed within {MOST} scenarios each")
