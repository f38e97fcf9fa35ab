"""The values of scheduling: observation, capacity, policy and decision."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.tasks.model import TaskId

Shortage = Literal["alone", "slots", "tokens", "memory", "load", "stagger", "engine"]
Own = Literal["dependencies", "landing", "blocked", "failed", "cancelled", "elsewhere", "barrier"]
Held = Literal["paused", "closed", "failing", "backoff", "trouble", "deferred", "overlap", "independent"]
RefusalName = Own | Held | Shortage
"""Why a unit does not start: itself or its dependencies (`Own`), a hold for now (`Held`), or no capacity."""


class StartRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a unit does not start now: `name` is for programs, `reason` for people."""

    name: RefusalName
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When a task may start, and which tasks must not run at the same time.

    `pipeline`: a task may start when its dependencies are submitted. `speculate`: with `pipeline`, only if
    these merge and are not on top of deferred work. `barrier`: level by level, wave by wave.
    `overlap`: a unit that clashes with a running one waits, or starts with a warning. `independent_only`:
    only units that certainly do not clash run in parallel. `whole_waves`: a wave lands as a whole
    (single-pr), so units of one wave cannot wait for each other to land. `lands`: a task lands soon after it
    is submitted.
    """

    pipeline: bool = False
    speculate: bool = False
    barrier: bool = False
    overlap: Literal["wait", "warn"] = "wait"
    independent_only: bool = False
    whole_waves: bool = False
    lands: bool = False


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """The capacity for running units; None: no limit of that kind.

    `tokens_each` is the typical token use of a unit. `memory` is the free memory, and `memory_each` the
    memory that one unit is expected to need, in bytes. `load` is the machine's load per core. `stagger` is
    the time between two starts in seconds.
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
    """The state of all units. Times are in seconds on one clock.

    `running` are the units that run here, `elsewhere` those on other machines. `done` are units whose work is
    submitted or in their parent's branch; `submitted` and `landed` are tasks. `failed` and `cancelled` units
    are not retried automatically; `deferred` ones wait for the rest of their level. `clashing` are pairs that
    were seen to clash. `failing` is the common cause of several failures in a row, after which the run starts
    nothing more. `closed` is the reason why nothing starts before `closed_until`: the agents' account has
    reached its limit.
    """

    running: Mapping[TaskId, float] = {}
    elsewhere: Mapping[TaskId, str] = {}
    done: frozenset[TaskId] = frozenset()
    submitted: frozenset[TaskId] = frozenset()
    landed: frozenset[TaskId] = frozenset()
    apart: frozenset[TaskId] = frozenset()
    """Tasks whose dependencies are submitted, but do not merge."""
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
    """A unit to start. `stacked`: some dependencies have not landed yet. `warnings` are sentences."""

    unit: TaskId
    stacked: bool = False
    warnings: tuple[str, ...] = ()
    beside: tuple[TaskId, ...] = ()
    """All other units that run then, including those that start at the same moment."""


class ScheduleDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The units to start, the reason why each other unit does not start, and when to decide again."""

    starts: tuple[UnitStart, ...] = ()
    refusals: Mapping[TaskId, StartRefusal] = {}
    wake: float | None = None


FINAL = frozenset({"failed", "blocked", "cancelled"})
"""Refusals that only a person can end."""
