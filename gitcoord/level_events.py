"""Events of levels across several repositories, stored in the repository of the whole plan."""

from typing import Literal

import msgspec

from gitcoord.event import Event

LevelState = Literal["proved", "landed", "rolling-back", "rolled-back"]


class LevelAcross(Event, frozen=True, kw_only=True, tag="level-across"):
    """The level named `task` was proved in all its repositories, landed there, or is rolled back there.

    `tasks` are the tasks to land and `commits` the resulting tips of the bases, both by repository.
    """

    state: LevelState
    tasks: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    commits: dict[str, str] = msgspec.field(default_factory=dict)
    reason: str = ""

    def sentence(self) -> str:
        where = ", ".join(self.tasks)
        match self.state:
            case "proved":
                return f"{self.task} proved in {where}; it lands in this order"
            case "landed":
                return f"{self.task} has landed in {where}"
            case "rolling-back":
                return f"{self.task} is being rolled back in {where}: {self.reason}"
            case "rolled-back":
                return f"{self.task} was rolled back in {where}"
