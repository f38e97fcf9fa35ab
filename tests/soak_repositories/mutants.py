"""Faults planted one by one into a copy of gitcoord, each of which the soak has to notice."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from tests.soak.mutants.planting import Body, Fault, NotPlanted, Replace, make_copy
from tests.soak_repositories.scenario import HANDS, Scenario, draw_scenario

MOST = 12
"""Scenarios within which a mutant has to be noticed."""


@dataclass(frozen=True)
class Mutant:
    """A fault by its name. `aims_at` picks scenarios of the ordinary drawing that have what it breaks."""

    name: str
    faults: tuple[Fault, ...]
    aims_at: Callable[[Scenario], bool]


def _calm(scenario: Scenario) -> bool:
    """Whether the first run comes to its end, and no person steps in."""
    return not set(scenario.hazards) & {"kill", "lost", *HANDS}


def _has(scenario: Scenario, *hazards: str) -> bool:
    return _calm(scenario) and any(hazard in scenario.hazards for hazard in hazards)


def _half_in(scenario: Scenario) -> bool:
    """Whether the first run ends with the level in some of its repositories: `web` refuses, as the last."""
    closed = "frozen" in scenario.hazards and scenario.first == "web" and scenario.forge == "local"
    closes = "freezes" in scenario.hazards and scenario.second == "web"
    return (closed or closes) and scenario.may_land_at_once and _calm(scenario)


def _pushed_before_it_landed(scenario: Scenario) -> bool:
    """Whether a person pushes to a repository that has been proved, and has yet to land."""
    order = ("schema", "api", "web")
    later = order.index(scenario.first) < order.index(scenario.second)
    return _has(scenario, "pushes") and scenario.checked and scenario.may_land_at_once and later


def _stays_half_in(scenario: Scenario) -> bool:
    return _half_in(scenario) and scenario.on_partial == "wait"


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "landed while looked at",
        (
            Replace(
                "landing/across/one_repository.py",
                "snapshots[:] = [snapshot]\n        return WAITS_FOR_REPOSITORIES",
                'snapshots[:] = [snapshot]\n        return ""',
            ),
        ),
        lambda scenario: _has(scenario, "late"),
    ),
    Mutant(
        "a later wave taken with the first",
        (
            Replace(
                "landing/across/one_repository.py",
                "here = [one for one in ready.values() if open_tasks.intersection(wave, one.tasks)]",
                "here = [*ready.values()]",
            ),
        ),
        lambda scenario: (
            bool(scenario.clashes)
            and scenario.strategy == "multi-pr"
            and scenario.on_partial == "wait"
            and not HANDS & set(scenario.hazards)
        ),
    ),
    Mutant(
        "a task that lands later elsewhere kept in the level branch",
        (Replace("landing/observe.py", "context.only is None or work.task in context.only", "True"),),
        lambda scenario: (
            scenario.clashes == "api"
            and scenario.strategy == "single-pr"
            and scenario.on_partial == "wait"
            and not HANDS & set(scenario.hazards)
        ),
    ),
    Mutant(
        "the check's answer ignored",
        (Replace("landing/across/loop.py", "if failed:", "if not commits:"),),
        lambda scenario: _has(scenario, "breaks"),
    ),
    Mutant(
        "a task that is not ready ignored",
        (Replace("landing/across/decide.py", "if not missing and any(", "if any("),),
        lambda scenario: _has(scenario, "late"),
    ),
    Mutant(
        "a base that moved ignored",
        (
            Replace(
                "landing/across/one_repository.py",
                "if commit is None or tree_of(context.repository.git, commit) != tree:",
                "if commit is None:",
            ),
        ),
        _pushed_before_it_landed,
    ),
    Mutant(
        "the first repository not rolled back",
        (
            Replace(
                "landing/across/loop.py",
                "self._access.roll_back(name)) for name in step.names)",
                "self._access.roll_back(name)) for name in step.names[:-1])",
            ),
        ),
        lambda scenario: _half_in(scenario) and scenario.on_partial == "rollback",
    ),
    Mutant(
        "rolled back though it should wait",
        (Replace("landing/across/decide.py", ' and across.on_partial == "rollback"', ""),),
        _stays_half_in,
    ),
    Mutant(
        "the order of repositories ignored",
        (Body("planning/parts.py", "in_dependency_order", "return tuple(names)"),),
        _calm,
    ),
    Mutant(
        "an answer believed without a look",
        (
            Replace(
                "landing/across/loop.py",
                "            return False\n        at = report",
                "            return True\n        at = report",
            ),
        ),
        lambda scenario: (
            _has(scenario, "frozen")
            and scenario.forge == "local"
            and scenario.first != "web"
            and scenario.may_land_at_once
        ),
    ),
    Mutant(
        "one repository's evidence counted for all",
        (
            Body(
                "cli/across/repositories.py",
                "Repositories.landed",
                "found = [one.landed for one in self.snapshots(plan).values()]\n"
                "every = {task: one for tasks in found for task, one in tasks.items()}\n"
                "return dict.fromkeys(self.members(plan), every)",
            ),
        ),
        _stays_half_in,
    ),
    Mutant(
        "what a part awaits of others forgotten",
        (Body("planning/parts.py", "awaited", "return {}"),),
        _stays_half_in,
    ),
)


def run_mutants(names: Sequence[str]) -> int:
    """Runs those of these names, all when none is given; returns the exit code."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"There is no mutant {', '.join(sorted(unknown))}; there are:")
        print("\n".join(f"  {mutant.name}" for mutant in MUTANTS))
        return 2
    noticed = 0
    for mutant in chosen:
        is_noticed, words = _run(mutant)
        noticed += is_noticed
        print(f"{'noticed' if is_noticed else 'NOT NOTICED'}: {mutant.name}: {words}", flush=True)
    print(f"{noticed} of {len(chosen)} mutants were noticed within {MOST} scenarios each")
    return 0 if noticed == len(chosen) else 1


def _run(mutant: Mutant) -> tuple[bool, str]:
    """Whether the soak notices a mutant, and is content with the same scenario without it; in words."""
    seeds = [*islice((seed for seed in count(1) if mutant.aims_at(draw_scenario(seed))), MOST)]
    with tempfile.TemporaryDirectory(prefix="mutant-") as place:
        try:
            make_copy(Path(place) / "mutant", mutant.faults)
        except NotPlanted as error:
            return False, f"not planted: {error}"
        lines = _play(Path(place) / "mutant", seeds)
        red = next((line for line in lines if " !! " in line), None)
        if red is None:
            return False, f"{len(lines)} scenarios: {lines[-1] if lines else 'the soak itself failed'}"
        make_copy(Path(place) / "control", ())
        control = _play(Path(place) / "control", [int(red.split()[0])])
        wrong = next((line for line in control if " !! " in line), "")
    return not wrong, red[:300] if not wrong else f"also without it: {wrong[:300]}"


def _play(place: Path, seeds: Sequence[int]) -> list[str]:
    command = [sys.executable, "-m", "tests.soak_repositories", "--until-red"]
    ended = subprocess.run(
        [*command, "--seeds", ",".join(map(str, seeds))],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in (0, 1):
        return [f"the soak itself failed: {ended.stderr[-300:]}"]
    return ended.stdout.splitlines()
