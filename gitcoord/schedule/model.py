"""The values of scheduling: what is seen, how much there is room for, what is wanted, and what follows."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.tasks.model import TaskId

Shortage = Literal["alone", "slots", "tokens", "memory", "load", "stagger", "engine"]
Own = Literal["dependencies", "landing", "blocked", "failed", "cancelled", "elsewhere", "barrier"]
Held = Literal["paused", "closed", "failing", "backoff", "trouble", "deferred", "overlap", "independent"]
RefusalName = Own | Held | Shortage
"""Why a unit does not start. The first ones speak of the unit and what it needs, the others of room."""


class StartRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a unit is not started now: a name for programs, a sentence for people."""

    name: RefusalName
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller wants: when a task may start, and what keeps two apart.

    `pipeline`: dependencies that are handed in are enough; `speculate`: unless they do not merge, or stand on
    work that was sent back. `barrier`: level by level, wave by wave.
    `overlap`: a unit that clashes with one at work waits, or starts with a warning. `independent_only`:
    only units that are known not to meet run beside each other. `whole_waves`: what lands is a wave as a
    whole (single-pr), so that units of one wave cannot wait for each other to land.
    """

    pipeline: bool = False
    speculate: bool = False
    barrier: bool = False
    overlap: Literal["wait", "warn"] = "wait"
    independent_only: bool = False
    whole_waves: bool = False


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How much may run at once; None: no limit of that kind.

    `tokens_each` is what units were seen to use. `memory` is what is free and `memory_each` what one unit is
    thought to take, in bytes. `load` is the machine's load for each core. `stagger` are the seconds between
    two starts.
    """

    max_parallel: int = 4
    token_budget: int | None = None
    tokens_each: int = 0
    engine_free: int | None = None
    memory: int | None = None
    memory_each: int = 0
    load: float | None = None
    load_limit: float = 1.5
    stagger: float = 0.0


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything stands. Times are seconds on one clock.

    `running` are the units at work here, `elsewhere` those that somebody else is at. `done` are units whose
    work is in their task; `submitted` and `landed` are tasks. `failed` and `cancelled` units are not tried
    again by themselves; `deferred` ones wait for the rest of their level. `clashing` are pairs that were
    seen to clash. `failing` says why nothing more starts: what failed in a row has one cause. `closed` says
    why nothing starts before `closed_until`: the limit of the agents' account is reached.
    """

    running: Mapping[TaskId, float] = {}
    elsewhere: Mapping[TaskId, str] = {}
    done: frozenset[TaskId] = frozenset()
    submitted: frozenset[TaskId] = frozenset()
    landed: frozenset[TaskId] = frozenset()
    apart: frozenset[TaskId] = frozenset()
    """Tasks of which what they need is handed in, and does not merge."""
    failed: Mapping[TaskId, str] = {}
    cancelled: frozenset[TaskId] = frozenset()
    deferred: frozenset[TaskId] = frozenset()
    not_before: Mapping[TaskId, float] = {}
    clashing: Mapping[TaskId, frozenset[TaskId]] = {}
    paused: bool = False
    failing: str = ""
    closed: str = ""
    closed_until: float = 0.0
    now: float = 0.0
    last_start: float | None = None


class UnitStart(msgspec.Struct, frozen=True, kw_only=True):
    """A unit to start now. `stacked`: what it needs is handed in, not landed. `warnings` are sentences."""

    unit: TaskId
    stacked: bool = False
    warnings: tuple[str, ...] = ()
    beside: tuple[TaskId, ...] = ()
    """Everything else that is at work then, what starts in the same moment included."""


class ScheduleDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The starts, why each other unit that is left does not start, and when time alone changes that."""

    starts: tuple[UnitStart, ...] = ()
    refusals: Mapping[TaskId, StartRefusal] = {}
    wake: float | None = None


FINAL = frozenset({"failed", "blocked", "cancelled"})
"""Refusals that nothing but a person takes back."""
