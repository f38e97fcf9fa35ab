"""The options of a run, and the functions through which it acts on everything but the journal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from gitcoord.engines.engine import Launch
from gitcoord.events import TasksClash
from gitcoord.notices import Tell
from gitcoord.progress.live_state import LiveState
from gitcoord.run.observe import RunView
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.schedule.model import Capacity, Policy, UnitStart
from gitcoord.tasks.model import TaskId


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run. `wait`: seconds to keep running when only people or other machines can continue.

    `account` names the account that the agents use. `log_ends`: the number of log ends to keep in git.
    """

    policy: Policy
    limits: AttemptLimits
    token_budget: int | None = None
    wait: float = 0.0
    account: str = ""
    log_ends: int = 0


class ClashWatch(Protocol):
    """Finds clashes between running tasks. `quiet`: nothing had changed at the last search."""

    quiet: bool

    def __call__(self, view: RunView) -> Sequence[TasksClash]:
        """Returns the clashes that were not reported yet."""


class RunEffects(msgspec.Struct, frozen=True, kw_only=True):
    """The functions through which a run acts on everything but the journal.

    `capacity` is called before each decision. `launch` makes the order for an attempt. `hand_in` submits a
    parent and returns whether it did. `clear` removes the checkout of a finished unit. `clashes` finds
    conflicts between running tasks; None: the run does not search for them.
    """

    capacity: Callable[[RunView], Capacity]
    launch: Callable[[RunView, UnitStart, int, Mapping[str, float]], Launch]
    hand_in: Callable[[TaskId], bool]
    clear: Callable[[TaskId], None]
    tell: Tell
    show: Callable[[RunView, LiveState], None]
    clashes: ClashWatch | None = None
