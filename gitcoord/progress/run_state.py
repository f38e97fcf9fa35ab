"""What only a running coordinator knows, for the display: reasons to wait, slots, tokens."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.tasks.model import TaskId


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The coordinator's present.

    `holding` names for each unit (task or subtask) that is ready why it is not started: a name such as
    `slots`, `tokens`, `memory`, `stagger`, `overlap`, `paused`, and a sentence. `slots` and `tokens` are what
    is used now; a limit of None means there is none.
    """

    engine: str = "local"
    slots: int = 0
    slot_limit: int | None = None
    tokens: int = 0
    token_limit: int | None = None
    paused: bool = False
    holding: Mapping[TaskId, tuple[str, str]] = {}
    at_work: Collection[TaskId] = ()
    """The units that it has started, also those whose workers have not said so yet."""
    quiet: Mapping[TaskId, float] = {}
    """Seconds since agents at work printed something."""
    landing: Mapping[TaskId, str] = {}
    """Why tasks that are handed in have not landed, as the last try to land them found."""
