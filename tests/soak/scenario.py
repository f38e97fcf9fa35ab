"""One scenario, from its seed: the tasks, how they land, and everything that is to go wrong meanwhile."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.github.faults import UNICORN, WRITES

SLOTS = 8
"""Lines of the shared file that tasks write to; two tasks at one slot conflict."""
_SIZES = (2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8, 12)
_MERGE = r"PUT .*/pulls/\d+/merge$"
_OPEN = r"POST .*/pulls$"
_ONE = r"GET .*/pulls/\d+$"
_LIST = r"GET .*/pulls(\?|$)"
_PUSH = r"POST .*/git-receive-pack$"
_FETCH = r"POST .*/git-upload-pack$"
_REFS = r"GET .*/info/refs"
_API_READ = r"GET /repos/"
_REQUESTS = (
    _MERGE,
    _MERGE,
    _MERGE,
    _OPEN,
    _OPEN,
    _ONE,
    _LIST,
    _PUSH,
    _PUSH,
    _FETCH,
    _REFS,
    _API_READ,
    WRITES,
)


@dataclass(frozen=True)
class Work:
    """A task: what it needs, its level, the slot that it writes to, and in how many commits it is done."""

    id: str
    needs: tuple[str, ...]
    level: int
    slot: int | None
    commits: int

    @property
    def branch(self) -> str:
        """The branch that it is done on."""
        return f"feature/level-{self.level}-task-{self.id}"


@dataclass(frozen=True)
class Trouble:
    """A fault for the emulator."""

    request: str
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Push:
    """Somebody pushes: `task` None is the base. `after` seconds, or right before a merge moves the base."""

    name: str
    task: str | None
    slot: int | None
    after: float | None


@dataclass(frozen=True)
class Run:
    """What happens during one run of the client; `kill` is after how many seconds; `whole`: children too."""

    troubles: tuple[Trouble, ...] = ()
    pushes: tuple[Push, ...] = ()
    kill: float | None = None
    whole: bool = True


@dataclass(frozen=True)
class Scenario:
    """The whole of it; `runs` are used up one by one, over all levels."""

    seed: int
    strategy: Literal["single-pr", "multi-pr"]
    method: Literal["merge", "squash", "rebase"]
    works: tuple[Work, ...]
    runs: tuple[Run, ...]
    roll_back: bool
    options: tuple[str, ...] = field(default=())

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return 1 + max(work.level for work in self.works)


def make_scenario(seed: int) -> Scenario:
    """The scenario of a seed: the same one each time."""
    dice = random.Random(seed)
    works = _works(dice, dice.choice(_SIZES))
    strategies: tuple[Literal["single-pr", "multi-pr"], ...] = ("single-pr", "multi-pr")
    strategy = dice.choice(strategies)
    return Scenario(
        seed=seed,
        strategy=strategy,
        method=dice.choice(("merge", "squash", "rebase")),
        works=works,
        runs=tuple(_run(dice, number, works) for number in range(dice.randint(2, 5))),
        roll_back=dice.random() < 0.2,
        options=("--partial",) if strategy == "single-pr" and dice.random() < 0.3 else (),
    )


def _works(dice: random.Random, count: int) -> tuple[Work, ...]:
    works: list[Work] = []
    for number in range(1, count + 1):
        needed = dice.sample(works, 1) if works and dice.random() < 0.25 else []
        needed = [work for work in needed if work.level < 2]
        slot = dice.randrange(SLOTS) if dice.random() < 0.5 else None
        level = 1 + max((work.level for work in needed), default=-1)
        needs = tuple(work.id for work in needed)
        works.append(Work(str(number), needs, level, slot, dice.randint(1, 2)))
    return tuple(works)


def _run(dice: random.Random, number: int, works: tuple[Work, ...]) -> Run:
    troubles = tuple(_trouble(dice) for _ in range(dice.choice((1, 1, 2, 2, 3))))
    pushes = tuple(_push(dice, f"{number}-{one}", works) for one in range(dice.choice((0, 0, 1, 1, 2))))
    kill = dice.uniform(0.05, 2.0) if dice.random() < 0.4 else None
    return Run(troubles, pushes, kill, dice.random() < 0.5)


def _push(dice: random.Random, name: str, works: tuple[Work, ...]) -> Push:
    task = dice.choice(works).id if dice.random() < 0.35 else None
    slot = dice.randrange(SLOTS) if task is None and dice.random() < 0.3 else None
    return Push(name, task, slot, None if dice.random() < 0.4 else dice.uniform(0.1, 2.0))


def _trouble(dice: random.Random) -> Trouble:
    request = dice.choice(_REQUESTS)
    when = dice.choice(("before", "after"))
    often = {"nth": dice.choice((1, 1, 2, 3, 5)), "times": dice.choice((1, 1, 1, 2))}
    choices: list[tuple[str, str, dict[str, Any]]] = [
        ("reset", request, {"when": when, **often}),
        ("eof", request, {"when": when, **often}),
        ("status", request, {"when": "after", "status": 502, **often}),
        ("status", request, {"when": when, "status": 503, "body": UNICORN, **often}),
        ("truncate", request, {"when": "after", **often}),
        ("delay", request, {"when": when, "seconds": dice.uniform(0.02, 0.3), **often}),
        ("partial-merge", _MERGE, {"status": dice.choice((405, 500, 502)), **often}),
        ("stale", dice.choice((_ONE, _LIST, _API_READ)), often),
        ("not-there", _ONE, {"times": often["times"]}),
        ("limit", request, {"status": dice.choice((403, 429)), "times": often["times"]}),
        ("expire-token", request, {"nth": dice.choice((3, 8, 15))}),
        ("kill", dice.choice((WRITES, request)), {"when": when, "nth": often["nth"]}),
        ("kill", dice.choice((_MERGE, _OPEN, _PUSH)), {"when": "after", "nth": often["nth"]}),
    ]
    kind, request, settings = dice.choice(choices)
    return Trouble(request, kind, settings)
