"""Simulates the run of a plan: what starts when, with a number of slots, until everything has landed.

Applies the same rules as a run, but for tens of thousands of units: with counters and heaps instead of
complete scans. A test compares the two.
"""

import msgspec

from gitcoord.planning.unhindered import Course, unhindered
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


class SimulatedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The start and end of each unit, in ticks and in the order of the starts, and the state at the end.

    `most` is the highest number of units that ran at once, `tokens` the highest sum of their tokens.
    """

    starts: dict[int, int]
    ends: dict[int, int]
    most: int
    tokens: int
    done: set[int]
    submitted: set[int]
    landed: set[int]

    @property
    def duration(self) -> int:
        """The end of the last unit."""
        return max(self.ends.values(), default=0)


def simulate(work: WorkNetwork, rules: RunRules, initial: StartState | None = None) -> SimulatedPlan:
    """Simulates the rest of a run after `initial` (None: the whole run), assuming exact estimates and no
    further failures.
    """
    course = unhindered(work, rules) if initial is None else None
    if course is not None:
        return _whole(work, course)
    from gitcoord.planning.simulated_run import SimulatedRun

    run = SimulatedRun(work, rules, initial or StartState())
    run.simulate()
    return SimulatedPlan(
        starts=run.starts,
        ends=run.ends,
        most=run.most,
        tokens=run.capacity.most_tokens,
        done=run.done,
        submitted=run.tasks.submitted,
        landed=run.tasks.landed,
    )


def _whole(work: WorkNetwork, course: Course) -> SimulatedPlan:
    """Returns a run in which everything was done and landed."""
    ticks = work.network.ticks
    every = set(range(len(work.network.tasks)))
    return SimulatedPlan(
        starts=course.starts,
        ends={unit: start + ticks[unit] for unit, start in course.starts.items()},
        most=course.most,
        tokens=0,
        done=set(course.starts),
        submitted=every,
        landed=every,
    )
