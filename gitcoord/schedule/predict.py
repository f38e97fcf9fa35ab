"""Predicts a run: simulates the rest of the plan with the rules that start the real work."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.planning.critical_path import DIGITS
from gitcoord.planning.model import Plan
from gitcoord.planning.network import TICKS, Network, minutes_of
from gitcoord.planning.simulate import SimulatedPlan, simulate
from gitcoord.planning.units import Units, network_of_units
from gitcoord.planning.workload import RunRules, StartState, work_of
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import Capacity, Observation, Policy, StartRefusal
from gitcoord.tasks.model import TaskId


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """A run in which every estimate is right and nothing fails; durations in minutes.

    `starts` and `ends` have the units in the order of their starts. `never` are units that would not start,
    because they wait for something that the run does not do, such as landing.
    """

    starts: Mapping[TaskId, float]
    ends: Mapping[TaskId, float]
    sequential: float
    duration: float
    speedup: float
    efficiency: float
    parallel_efficiency: float
    """Speed-up divided by `most`; `efficiency` divides it by the slots."""
    most: int
    """The most units that run at once."""
    never: Mapping[TaskId, str] = {}
    unlanded: frozenset[TaskId] = frozenset()
    """Those of `never` that only wait for their dependencies to land."""
    tokens: int = 0
    """The most tokens in use at once."""

    def together(self) -> tuple[tuple[TaskId, ...], ...]:
        """The largest sets of units that run at the same time, in chronological order."""
        sets: list[frozenset[TaskId]] = []
        for moment in sorted(set(self.starts.values())):
            now = frozenset(
                one
                for one, start in self.starts.items()
                if start <= moment < self.ends[one] or start == moment
            )
            if sets and sets[-1] <= now:
                sets[-1] = now
            elif not sets or not now <= sets[-1]:
                sets.append(now)
        order = {one: place for place, one in enumerate(self.starts)}
        return tuple(tuple(sorted(one, key=order.__getitem__)) for one in sets)


def predict(
    plan: Plan,
    units: Units,
    capacity: Capacity,
    policy: Policy,
    *,
    lands: bool = True,
    observation: Observation | None = None,
) -> Prediction:
    """Predicts the rest of `plan` after `observation`; `lands`: work lands as soon as it is submitted.

    If waves land as a whole, a wave lands only when all its tasks are submitted. Assumes enough memory and a
    low load, and that a pause or a wait before a retry is over.
    """
    seen = observation or Observation()
    network = network_of_units(units)
    work = work_of(
        plan.tasks,
        network,
        [unit.tail for unit in units.by_id.values()],
        units.apart,
        [(one, other) for one, others in seen.clashing.items() for other in others],
        [unit.tokens for unit in units.by_id.values()],
        weighing=units.weighing,
    )
    rules = RunRules(
        slots=capacity.max_parallel,
        pipeline=policy.pipeline,
        barrier=policy.barrier,
        waves=policy.whole_waves,
        lands=lands,
        waits=policy.overlap == "wait",
        independent=policy.independent_only,
        budget=capacity.token_budget,
        stagger=round(capacity.stagger / 60 * TICKS),
    )
    run = simulate(work, rules, _start_state(network, seen))
    return _prediction(units, network, run, _refusals(units, network, run, seen, policy), capacity)


def _start_state(network: Network, seen: Observation) -> StartState:
    unit_at = {id: unit for unit, id in enumerate(network.units)}
    task_at = {id: task for task, id in enumerate(network.tasks)}

    def numbers(at: Mapping[TaskId, int], ids: Iterable[TaskId]) -> frozenset[int]:
        return frozenset(at[id] for id in ids if id in at)

    failed = numbers(unit_at, [*seen.failed, *seen.cancelled])
    return StartState(
        running=[unit_at[id] for id in seen.running if id in unit_at],
        done=numbers(unit_at, seen.done),
        never=failed | numbers(unit_at, seen.elsewhere),
        failed=failed,
        deferred=numbers(unit_at, seen.deferred),
        submitted=numbers(task_at, seen.submitted),
        landed=numbers(task_at, seen.landed),
    )


def _refusals(
    units: Units, network: Network, run: SimulatedPlan, seen: Observation, policy: Policy
) -> Mapping[TaskId, StartRefusal]:
    """For each unit that has not started at the end, returns why it never starts, in the words of a run."""
    then = msgspec.structs.replace(
        seen,
        running={},
        apart=frozenset(),
        not_before={},
        paused=False,
        failing="",
        closed_until=0.0,
        now=0.0,
        last_start=None,
        done=frozenset(network.units[unit] for unit in run.done) | seen.done,
        submitted=frozenset(network.tasks[task] for task in run.submitted) | seen.submitted,
        landed=frozenset(network.tasks[task] for task in run.landed) | seen.landed,
    )
    return next_starts(units, then, Capacity(max_parallel=1), policy).refusals


def _prediction(
    units: Units,
    network: Network,
    run: SimulatedPlan,
    refusals: Mapping[TaskId, StartRefusal],
    capacity: Capacity,
) -> Prediction:
    sequential = sum(network.ticks[unit] for unit in run.starts)
    speedup = sequential / run.duration if run.duration else 1.0
    return Prediction(
        starts={network.units[unit]: minutes_of(at) for unit, at in run.starts.items()},
        ends={network.units[unit]: minutes_of(at) for unit, at in run.ends.items()},
        sequential=minutes_of(sequential),
        duration=minutes_of(run.duration),
        speedup=round(speedup, DIGITS),
        efficiency=round(speedup / capacity.max_parallel, DIGITS),
        parallel_efficiency=round(speedup / max(1, run.most), DIGITS),
        most=run.most,
        never={one: refusal.reason for one, refusal in refusals.items()},
        unlanded=frozenset(one for one, refusal in refusals.items() if refusal.name == "landing"),
        tokens=run.tokens,
    )
