"""What a run wants and what it acts with: everything that it does to the world beside the journal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from gitcoord.engines.engine import Launch
from gitcoord.events import TasksClash
from gitcoord.notices import Tell
from gitcoord.progress.run_state import Live
from gitcoord.run.attempt_policy import AttemptLimits
from gitcoord.run.observe import View
from gitcoord.schedule.model import Capacity, Policy, UnitStart
from gitcoord.tasks.model import TaskId


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller of a run wants; `wait`: how many seconds to stay when only others can go on.

    `account` is what the agents pay with.
    """

    policy: Policy
    limits: AttemptLimits
    token_budget: int | None = None
    wait: float = 0.0
    account: str = ""


class Watching(Protocol):
    """Looks at the work under way; `quiet`: the last look found everything as it was."""

    quiet: bool

    def __call__(self, view: View) -> Sequence[TasksClash]:
        """The clashes of which nobody has been told."""


class RunEffects(msgspec.Struct, frozen=True, kw_only=True):
    """What a run acts with: everything that it does to the world beside the journal.

    `capacity` is asked before each decision. `launch` makes the order for an attempt. `hand_in` hands a
    parent in and says whether it did, `clear` takes away what is left of a unit that is done. `clashes` looks
    at the work under way, and is None when it is not watched.
    """

    capacity: Callable[[View], Capacity]
    launch: Callable[[View, UnitStart, int, Mapping[str, float]], Launch]
    hand_in: Callable[[TaskId], bool]
    clear: Callable[[TaskId], None]
    tell: Tell
    show: Callable[[View, Live], None]
    clashes: Watching | None = None
