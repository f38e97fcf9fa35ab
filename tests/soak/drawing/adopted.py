"""A scenario without a task list: branches and pull requests of others, which `gitcoord land` adopts."""

import random
from dataclasses import replace
from typing import Literal

from tests.soak.drawing.scenario import OWNED, AdoptedAs, AskedBy, Scenario, Work, make_scenario

LABEL = "agents"
PATTERN = f"{OWNED}*"
_NOT_OF_LAND = ("--partial",)
_WAYS: tuple[AskedBy, ...] = ("numbers", "numbers", "label", "branches")


def make_adopted_scenario(seed: int) -> Scenario:
    """What `make_scenario` draws for a seed, its tasks as heads that were there before gitcoord came."""
    drawn, dice = make_scenario(seed), random.Random(f"adopted {seed}")
    asked = dice.choice(_WAYS)
    works: list[Work] = []
    for work in drawn.works:
        needed = dice.sample(works, 1) if works and dice.random() < 0.35 else []
        works.append(_as_head(dice, drawn, work, needed, asked))
    return replace(
        drawn,
        strategy="single-pr" if dice.random() < 0.25 else "multi-pr",
        works=tuple(works),
        roll_back=False,
        options=tuple(option for option in drawn.options if option not in _NOT_OF_LAND),
        asked=asked,
    )


def _as_head(dice: random.Random, scenario: Scenario, work: Work, needed: list[Work], asked: AskedBy) -> Work:
    links: tuple[Literal["text", "commits", "base"], ...] = ("text", "commits", "base")
    link, pull = dice.choice(links), asked != "branches" or dice.random() < 0.5
    around = scenario.around
    draft = around.drafts and not around.no_drafts and dice.random() < 0.4
    if not pull or any(one.adopted and not one.adopted.pull for one in needed):
        link = "commits"
    # A branch with the sides of a merge in it is nobody's start.
    settles = work.settles and (not needed or link == "text")
    return replace(
        work,
        needs=tuple(one.id for one in needed),
        level=0,
        settles=settles,
        adopted=AdoptedAs(f"{OWNED}{work.id}-work", pull, link, draft),
    )
