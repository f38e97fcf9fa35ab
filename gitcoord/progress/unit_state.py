"""The state of each unit, from the journal, the landings in git, and the coordinator's reasons to wait."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.graph import Graph
from gitcoord.planning.model import Plan
from gitcoord.progress.attempts import TimedAttempt
from gitcoord.progress.live_state import LiveState
from gitcoord.progress.units import PlanUnit
from gitcoord.state.task_history import PENDING, Attempt, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some

UnitState = Literal[
    "waiting",
    "ready",
    "running",
    "done",
    "submitted",
    "deferred",
    "failed",
    "cancelled",
    "blocked",
    "landed",
]
"""`waiting`: for dependencies; `done`: in its parent's branch; `blocked`: a dependency has failed."""
FINISHED: frozenset[UnitState] = frozenset({"done", "submitted", "landed"})
STUCK: frozenset[UnitState] = frozenset({"failed", "cancelled", "blocked"})
_RETRIED = frozenset({"again", "timeout", "lost"})
# The refusals that mean `waiting`, not `ready`.
_WAITS = frozenset({"dependencies", "landing", "barrier", "elsewhere"})
# A parent has the first of these states that one of its units has.
_LOUDEST: tuple[UnitState, ...] = (
    "running",
    "failed",
    "deferred",
    "ready",
    "blocked",
    "cancelled",
    "waiting",
    "submitted",
    "done",
)


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one unit. `seconds` is the duration of its newest attempt.

    `why` says in words why it does not continue; `held` is the name of that reason, if a coordinator runs.
    """

    id: TaskId
    title: str
    state: UnitState
    wave: int
    attempt: int = 0
    rework: bool = False
    by: str = ""
    seconds: float = 0.0
    why: str = ""
    held: str = ""
    tokens: int | None = None
    quiet: float | None = None
    """Seconds since its agent last printed something, if known."""
    blocks: int = 0
    """The number of other units that cannot begin because this one failed or was cancelled."""


def unit_views(
    plan: Plan,
    units: Mapping[TaskId, PlanUnit],
    graph: Graph,
    progress: Mapping[TaskId, Progress],
    landed: Collection[TaskId],
    tries: Sequence[TimedAttempt],
    now: float,
    live: LiveState | None,
    *,
    going: bool,
) -> dict[TaskId, UnitView]:
    """Returns each unit of the plan, in order. `going`: a run is active and may retry failed units."""
    newest = {one.unit: one for one in tries}
    views: dict[TaskId, UnitView] = {}
    for unit in units.values():
        state, why = _own_state(unit, progress, landed, live, going)
        last = newest.get(unit.id)
        views[unit.id] = UnitView(
            id=unit.id,
            title=unit.title,
            state=state,
            wave=unit.wave,
            attempt=last.attempt if last else 0,
            rework=last.rework if last else False,
            by=last.by if last else progress.get(unit.id, PENDING).started_by,
            seconds=last.seconds(now) if last else 0.0,
            why=why,
            tokens=last.tokens if last else None,
        )
    return _with_needs(plan, units, graph, views, landed, live)


def parent_state(units: Sequence[UnitView]) -> UnitState:
    """The state of a task that has not landed, from its units."""
    present = {unit.state for unit in units}
    return next((state for state in _LOUDEST if state in present), "waiting")


def _own_state(
    unit: PlanUnit,
    progress: Mapping[TaskId, Progress],
    landed: Collection[TaskId],
    live: LiveState | None,
    going: bool,
) -> tuple[UnitState, str]:
    """The state according to the records of the unit and its parent; `waiting` if there are none."""
    own, parent = progress.get(unit.id, PENDING), progress.get(unit.parent, PENDING)
    if unit.parent in landed:
        return "landed", ""
    if own.attempt is not None and own.attempt.running:
        return "running", "to be cancelled" if own.cancelled else ""
    if parent.state == "rolled-back":
        return "deferred", "rolled back; it can be worked on again"
    if parent.deferral is not None and unit.id == unit.parent:
        return "deferred", parent.deferral.reason
    if parent.has_submitted_work:
        return "submitted", live.landing.get(unit.parent, "") if live else ""
    newest = own.current_attempt
    if own.folded is not None or (newest and newest.ended and newest.ended.outcome == "ok"):
        return "done", ""
    if own.cancelled or parent.cancelled:
        return "cancelled", ""
    if newest is not None and newest.ended is not None:
        return _after_failure(newest, own.retried_after, live, unit.id, going)
    if own.started_at and newest is None:
        return "running", ""
    return "waiting", ""


def _after_failure(
    attempt: Attempt, retried_after: int, live: LiveState | None, unit: TaskId, going: bool
) -> tuple[UnitState, str]:
    ended = attempt.ended
    if ended is None or attempt.number <= retried_after:
        return "waiting", ""
    why = (f"attempt {attempt.number}: " if attempt.number > 1 else "") + (ended.reason or ended.outcome)
    if ended.outcome == "conflict":
        return "deferred", why
    if ended.outcome == "cancelled" or ended.again_at:
        # Not cancelled by a person: the run was stopped or hit a usage limit, and the next run continues.
        return "waiting", why
    tried_again = unit in {*live.holding, *live.at_work} if live else going and ended.outcome in _RETRIED
    return ("ready", why) if tried_again else ("failed", why)


def _with_needs(
    plan: Plan,
    units: Mapping[TaskId, PlanUnit],
    graph: Graph,
    views: Mapping[TaskId, UnitView],
    landed: Collection[TaskId],
    live: LiveState | None,
) -> dict[TaskId, UnitView]:
    """Divides the waiting units into waiting for dependencies, blocked by a failure, and ready to start."""
    known = dict(views)
    holding = live.holding if live else {}
    roots: dict[TaskId, list[TaskId]] = {}
    members: dict[TaskId, list[TaskId]] = {}
    for unit in units.values():
        members.setdefault(unit.parent, []).append(unit.id)

    def roots_of(need: TaskId) -> list[TaskId]:
        """The failed units that `need` directly or indirectly depends on."""
        ids = [need] if need in known else members.get(need, [])
        return [
            root
            for one in ids
            for root in (roots.get(one, ()) if known[one].state == "blocked" else (one,))
            if known[one].state in STUCK
        ]

    def open_need(need: TaskId) -> bool:
        return need not in landed if need in plan.tasks else known[need].state not in FINISHED

    for unit in (units[id] for id in graph.order if id in units):
        view = known[unit.id]
        if view.state != "waiting":
            if unit.id in holding and view.state == "ready":
                held, reason = holding[unit.id]
                known[unit.id] = msgspec.structs.replace(view, held=held, why=reason)
            continue
        needs = [need for need in unit.needs if (need in plan.tasks or need in known) and open_need(need)]
        lost = list(dict.fromkeys(root for need in needs for root in roots_of(need)))
        change: tuple[UnitState, str] = ("ready", view.why)
        held, reason = holding.get(unit.id, ("", ""))
        if live is not None and unit.id in live.at_work:
            change = "ready", "starting"
        elif held and held not in STUCK:
            change = "waiting" if held in _WAITS else "ready", reason
        elif lost:
            change = "blocked", f"waits for {some(lost, 3)}"
            roots[unit.id] = lost
        elif needs:
            change = "waiting", f"needs {some(needs, 3)}"
        known[unit.id] = msgspec.structs.replace(view, state=change[0], why=change[1], held=held)
    for root, count in Counter(root for found in roots.values() for root in found).items():
        known[root] = msgspec.structs.replace(known[root], blocks=count)
    return known
