"""What a seed draws: what goes wrong, where and when, in the landing of a level over three repositories."""

import random
from dataclasses import dataclass, replace
from typing import Literal

from tests.support.services import SERVICES
from tests.support.tasklists import task

Forge = Literal["local", "github"]
When = Literal["before", "after"]

WORK = {"1": ("schema",), "2": ("api",), "3": ("web",), "4": ("api", "web"), "5": ("schema",)}
"""The tasks of level-0, with the repositories that they work in."""
LATER = "9"
"""The task that needs all of them."""
HALF = "8"
"""The task that needs what has to land in two repositories."""
TASKS = [
    *(task(int(id), repo=", ".join(where)) for id, where in WORK.items()),
    task(int(LATER), repo="web", depends_on=[int(id) for id in WORK]),
    task(int(HALF), repo="home", depends_on=[4]),
]
ORDER = ("web", "api", "schema")
"""The repositories as the settings name them: not in the order in which a level has to land."""
HAZARDS = ("none", "kill", "kill", "lost", "frozen", "freezes", "pushes", "conflicts", "merges", "deletes")
MORE = ("late", "breaks")
"""Hazards with which nothing may land anywhere in the first run."""
CLASHES = {"schema": ("1", "5"), "api": ("2", "4")}
"""The tasks that may conflict, by repository; the second of `api` also works in `web`."""
HANDS = frozenset({"conflicts", "deletes", "merges"})
"""Hazards after which a person has to do something before the level is complete."""


@dataclass(frozen=True)
class Scenario:
    """One landing. `first` and `second` are the repositories in which something goes wrong.

    `point` says at which of a run's writes, as a share of all of them; `git_too` counts what git writes
    in the clones as well as pushes. `again`: where the next run is killed, if it is. `clashes`: the
    repository in which two tasks conflict, so that one of them has to be deferred.
    """

    seed: int
    forge: Forge = "local"
    strategy: str = "multi-pr"
    method: str = "merge"
    on_partial: str = "wait"
    hazards: tuple[str, ...] = ("none",)
    first: str = "schema"
    second: str = "api"
    point: float = 0.0
    when: When = "after"
    git_too: bool = False
    again: float | None = None
    checked: bool = False
    clashes: str = ""

    def __str__(self) -> str:
        places = f"{self.first}/{self.second} at {self.point:.2f} {self.when}"
        check = " checked" if self.checked else ""
        check += f" clashes in {self.clashes}" if self.clashes else ""
        hazards = "+".join(self.hazards)
        return f"{self.forge} {self.strategy} {self.method} {self.on_partial} {hazards} {places}{check}"

    @property
    def may_land_at_once(self) -> bool:
        """Whether something may land in the first run."""
        return not set(self.hazards) & set(MORE)


def draw_scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    draw = random.Random(seed)
    hazards = [draw.choice((*HAZARDS, *MORE)) for _ in range(draw.choice((1, 1, 2)))]
    first, second = draw.sample(SERVICES, 2)
    return Scenario(
        seed=seed,
        forge=draw.choice(("local", "local", "github")),
        strategy=draw.choice(("multi-pr", "single-pr")),
        method=draw.choice(("merge", "merge", "squash", "rebase")),
        on_partial=draw.choice(("wait", "rollback")),
        hazards=tuple(dict.fromkeys(hazards)),
        first=first,
        second=second,
        point=draw.random(),
        when=draw.choice(("before", "after")),
        git_too=draw.random() < 0.4,
        again=draw.random() if draw.random() < 0.4 else None,
        checked="breaks" in hazards or draw.random() < 0.3,
        clashes=draw.choice((*CLASHES, *CLASHES, *[""] * 16)),
    )


def every_kill(counts: dict[tuple[Forge, str], int]) -> list[Scenario]:
    """A kill before and after each write of an undisturbed run; `counts` are its writes."""
    made = []
    for (forge, strategy), count in counts.items():
        usual = Scenario(seed=0, forge=forge, strategy=strategy, hazards=("kill",), on_partial="rollback")
        for index in range(count):
            whens: tuple[When, ...] = ("before", "after")
            made += [replace(usual, point=(index + 0.5) / count, when=when) for when in whens]
    return [replace(one, seed=number) for number, one in enumerate(made, start=1)]


def first_task(name: str) -> str:
    """The first task that works in a repository."""
    return next(id for id, where in WORK.items() if name in where)


def task_file(name: str) -> str:
    """The file that the first task of a repository adds."""
    return f"task{first_task(name)}.txt"


def first_branch(name: str) -> str:
    """The branch of the first task of a repository."""
    return f"feature/level-0-task-{first_task(name)}"
