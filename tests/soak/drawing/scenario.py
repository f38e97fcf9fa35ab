"""One scenario, from its seed: the tasks, how they land, and everything that is to go wrong meanwhile."""

import random
from dataclasses import dataclass, replace
from typing import Literal

from tests.soak.drawing.deeds import Deed, make_deed
from tests.soak.drawing.surroundings import Method, Surroundings, make_surroundings
from tests.soak.drawing.troubles import Trouble, make_mistake, make_trouble

SLOTS = 8
"""Lines of the shared file that tasks write to; two tasks at one slot conflict."""
_MISTAKES = 0.05
"""How many scenarios have a host that merges something else than it should."""
OWNED = "agent/"
"""What the branches begin with that were there before gitcoord."""
_SPOILED_ROLLBACKS = 0.15
"""How many of the scenarios with a rollback have a host that merges it wrong, whoever asks for that."""
AskedBy = Literal["numbers", "label", "branches"]
_SIZES = (2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8, 12)


@dataclass(frozen=True)
class AdoptedAs:
    """A branch that somebody made without a task list, and how it says what it needs.

    `link`: in its text, by containing the other's commits, or by going onto the other's branch as well.
    """

    branch: str
    pull: bool
    link: Literal["text", "commits", "base"]
    draft: bool


@dataclass(frozen=True)
class Work:
    """A task: what it needs, its level, the slot that it writes to, and in how many commits it is done.

    `settles`: its branch ends in a merge of two sides that has something which neither side has.
    """

    id: str
    needs: tuple[str, ...]
    level: int
    slot: int | None
    commits: int
    settles: bool = False
    adopted: AdoptedAs | None = None

    @property
    def branch(self) -> str:
        """The branch that it is done on."""
        return self.adopted.branch if self.adopted else f"feature/level-{self.level}-task-{self.id}"


@dataclass(frozen=True)
class Push:
    """Somebody pushes: `task` None is the base. `after` seconds, or right before a merge moves the base.

    `branch` is where neither is meant: the branch of a level.
    """

    name: str
    task: str | None
    slot: int | None
    after: float | None = None
    branch: str = ""

    @property
    def is_to_base(self) -> bool:
        """Whether it goes to the base."""
        return self.task is None and not self.branch


@dataclass(frozen=True)
class Run:
    """What happens during one run of the client.

    `kill` is after how many seconds; `whole`: children too. `rival` is when a second client starts on the
    same level, `wait` for how many seconds gates are waited for.
    """

    troubles: tuple[Trouble, ...] = ()
    pushes: tuple[Push, ...] = ()
    deeds: tuple[Deed, ...] = ()
    kill: float | None = None
    whole: bool = True
    rival: float | None = None
    wait: int = 0


@dataclass(frozen=True)
class Scenario:
    """The whole of it; `runs` are used up one by one over all levels, those without trouble come after."""

    seed: int
    strategy: Literal["single-pr", "multi-pr"]
    method: Method
    works: tuple[Work, ...]
    runs: tuple[Run, ...]
    roll_back: bool
    bring_back: bool
    bring_one_back: bool
    options: tuple[str, ...]
    around: Surroundings
    calm: tuple[Run, ...]
    spoils_rollback: bool = False
    asked: AskedBy | None = None
    """How `gitcoord land` is asked for what was there before; None: the tasks are those of a list."""

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return 1 + max(work.level for work in self.works)


def make_scenario(seed: int) -> Scenario:
    """The scenario of a seed: the same one each time, which is not to say that it goes the same way.

    A seed fixes what is in here: tasks, surroundings, faults, and after how many seconds somebody kills or
    pushes. It does not fix how long anything takes, so not what a kill or a push meets; nor, as commits have
    real times, the ids of objects and whatever goes by their order.
    """
    dice = random.Random(seed)
    works = _works(dice, dice.choice(_SIZES))
    strategies: tuple[Literal["single-pr", "multi-pr"], ...] = ("single-pr", "multi-pr")
    strategy = dice.choice(strategies)
    methods: tuple[Method, ...] = ("merge", "squash", "rebase")
    method = dice.choice(methods)
    around = make_surroundings(dice, method)
    options = ["--partial"] if strategy == "single-pr" and dice.random() < 0.3 else []
    options += [
        *(["--auto"] if around.auto else []),
        *(["--delete-branches"] if around.delete_branches else []),
    ]
    if around.gates.queue == "rebase":
        # What it would drop of a merge is the host's own doing.
        works = tuple(replace(work, settles=False) for work in works)
    runs = tuple(_run(dice, number, works, around) for number in range(dice.randint(2, 5)))
    if dice.random() < _MISTAKES:
        mistaken = replace(runs[0], troubles=(make_mistake(dice, around),), kill=None)
        runs = (mistaken, *runs[1:])
    scenario = Scenario(
        seed=seed,
        strategy=strategy,
        method=method,
        works=works,
        runs=runs,
        roll_back=dice.random() < 0.3,
        bring_back=dice.random() < 0.5,
        bring_one_back=dice.random() < 0.5,
        options=tuple(options),
        around=around,
        calm=tuple(_calm(dice, around) for _ in range(4)),
    )
    return replace(scenario, spoils_rollback=scenario.roll_back and dice.random() < _SPOILED_ROLLBACKS)


def _works(dice: random.Random, count: int) -> tuple[Work, ...]:
    works: list[Work] = []
    for number in range(1, count + 1):
        needed = dice.sample(works, 1) if works and dice.random() < 0.25 else []
        needed = [work for work in needed if work.level < 2]
        slot = dice.randrange(SLOTS) if dice.random() < 0.5 else None
        level = 1 + max((work.level for work in needed), default=-1)
        needs = tuple(work.id for work in needed)
        settles = dice.random() < 0.15
        works.append(Work(str(number), needs, level, slot, dice.randint(1, 2), settles))
    return tuple(works)


def _run(dice: random.Random, number: int, works: tuple[Work, ...], around: Surroundings) -> Run:
    troubles = tuple(make_trouble(dice, around) for _ in range(dice.choice((1, 1, 2, 2, 3))))
    pushes = tuple(_push(dice, f"{number}-{one}", works) for one in range(dice.choice((0, 0, 1, 1, 2))))
    kill = dice.uniform(0.05, 2.0) if dice.random() < 0.4 else None
    calm = _calm(dice, around)
    count = dice.choice((0, 1, 1, 1, 2, 2))
    deeds = tuple(make_deed(dice, f"{number}-d{one}", around, SLOTS) for one in range(count))
    return Run(troubles, pushes, deeds, kill, dice.random() < 0.5, calm.rival, calm.wait)


def _calm(dice: random.Random, around: Surroundings) -> Run:
    """A run without trouble."""
    rival = dice.choice((0.0, dice.uniform(0.0, 1.5))) if around.rival and dice.random() < 0.7 else None
    waits = around.gates.any and (around.gates.reporting == "told" or dice.random() < 0.4)
    return Run(rival=rival, wait=dice.choice((1, 3)) if waits else 0)


def _push(dice: random.Random, name: str, works: tuple[Work, ...]) -> Push:
    task = dice.choice(works).id if dice.random() < 0.35 else None
    slot = dice.randrange(SLOTS) if task is None and dice.random() < 0.3 else None
    return Push(name, task, slot, None if dice.random() < 0.4 else dice.uniform(0.1, 2.0))
