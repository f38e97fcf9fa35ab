"""Plays scenarios one after the other, each in repositories of its own."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak_repositories.hub_world import HubWorld
from tests.soak_repositories.judging import judge, judge_first
from tests.soak_repositories.scenario import Forge, Scenario
from tests.soak_repositories.world import World, make_template
from tests.support.cli import Ran
from tests.support.github.emulator import GitHubEmulator

if TYPE_CHECKING:
    from tests.support.services import Services

_MOST_RUNS = 2
"""Runs without hindrance within which a landing has to be complete."""


@dataclass(frozen=True)
class Outcome:
    """What came of a scenario: how it ended, what is wrong, how many runs were killed."""

    scenario: Scenario
    state: str
    wrong: tuple[str, ...]
    kills: int


class Player:
    """Plays in `directory`; `keep` is where the repositories of what went wrong are copied to."""

    def __init__(self, directory: Path, keep: Path | None = None) -> None:
        self._directory = directory
        self._keep = keep
        self._templates: dict[str, Services] = {}
        self._counts: dict[tuple[Forge, str, bool], int] = {}
        self._hub = GitHubEmulator(directory / "github")

    def __enter__(self) -> "Player":
        self._hub.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.__exit__(None, None, None)

    def writes(self, forge: Forge, strategy: str, *, git_too: bool = False) -> int:
        """How many writes an undisturbed run has."""
        key = (forge, strategy, git_too and forge == "local")
        if key not in self._counts:
            name = f"count-{forge}-{strategy}{'-git' if key[2] else ''}"
            world = self._world(forge, strategy, name)
            self._counts[key] = world.count(git_too=git_too)
            shutil.rmtree(world.directory)
        return self._counts[key]

    def _world(self, forge: Forge, strategy: str, name: str) -> World:
        if strategy not in self._templates:
            self._templates[strategy] = make_template(self._directory / strategy, strategy)
        template, directory = self._templates[strategy], self._directory / name
        return HubWorld(template, directory, self._hub) if forge == "github" else World(template, directory)

    def play(self, scenario: Scenario) -> Outcome:
        """Plays one: a run in which things go wrong, perhaps another kill, then runs without hindrance."""
        count = self.writes(scenario.forge, scenario.strategy, git_too=scenario.git_too)
        world = self._world(scenario.forge, scenario.strategy, f"seed-{scenario.seed}")
        if scenario.clashes:
            world.clash(scenario.clashes)
        if scenario.checked:
            world.check_everything()
        args = (
            "merge-level",
            "0",
            "--method",
            scenario.method,
            "--on-partial",
            scenario.on_partial,
            "--json",
        )
        env = world.arm(scenario, count)
        runs = [world.run(*args, env=env)]
        wrong = judge_first(scenario, world, runs[0])
        world.heal(scenario)
        if scenario.again is not None:
            env = world.kill(1 + int(scenario.again * count), scenario)
            runs.append(world.run(*args, env=env))
            world.open_all()
        for _ in range(_MOST_RUNS):
            runs.append(world.run(*args))
            if runs[-1].code == 0:
                break
        wrong += judge(scenario, world, runs)
        if wrong:
            self._keep_it(world, runs)
        shutil.rmtree(world.directory)
        state = runs[-1].json.get("state", "error") if runs[-1].out else "error"
        return Outcome(scenario, state, tuple(wrong), sum(ran.code in (-9, 137) for ran in runs))

    def _keep_it(self, world: World, runs: list[Ran]) -> None:
        if self._keep is not None:
            place = self._keep / world.directory.name
            shutil.copytree(world.directory, place, symlinks=True, dirs_exist_ok=True)
            text = "\n\n".join(f"exit code {one.code}\n{one.out}\n{one.err}" for one in runs)
            (place / "transcript.txt").write_text(text)
