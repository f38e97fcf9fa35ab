"""Events of levels that go across several repositories, kept where the whole plan is."""

from typing import Literal

import msgspec

from gitcoord.event import Event

LevelState = Literal["proved", "landed", "rolling-back", "rolled-back"]


class LevelAcross(Event, frozen=True, kw_only=True, tag="level-across"):
    """The level named `task` was proved in all repositories, or landed in them, or is taken back in all.

    `tasks` are by repository those that are to land, and `commits` what each base is to become.
    """

    state: LevelState
    tasks: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    commits: dict[str, str] = msgspec.field(default_factory=dict)
    reason: str = ""

    def sentence(self) -> str:
        where = ", ".join(self.tasks)
        match self.state:
            case "proved":
                return f"{self.task} proved in {where}; it lands there in this order"
            case "landed":
                return f"{self.task} has landed in {where}"
            case "rolling-back":
                return f"{self.task} is to be taken back in {where}: {self.reason}"
            case "rolled-back":
                return f"{self.task} was taken back in {where}"
