"""The state that only a running coordinator knows, for display: reasons to wait, slots, tokens."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.tasks.model import TaskId


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a running coordinator.

    `holding` maps each ready unit to the reason why it has not started: a name such as `slots`, `tokens`,
    `memory`, `stagger`, `overlap`, `paused`, and a sentence. `slots` and `tokens` are in use now; a limit of
    None means that there is none.
    """

    engine: str = "local"
    slots: int = 0
    slot_limit: int | None = None
    tokens: int = 0
    token_limit: int | None = None
    paused: bool = False
    holding: Mapping[TaskId, tuple[str, str]] = {}
    at_work: Collection[TaskId] = ()
    """The units that it has started, including those whose workers have not recorded it yet."""
    quiet: Mapping[TaskId, float] = {}
    """Seconds since each running agent last printed something."""
    landing: Mapping[TaskId, str] = {}
    """Why submitted tasks have not landed, according to the last pass of landing."""
