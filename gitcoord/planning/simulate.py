"""A plan played through as a run would do it: what starts when, with so many slots, as work lands or not.

The same rules by which a run decides what starts next, for tens of thousands of units: counters and heaps in
place of a look at everything. A test holds the two against each other.
"""

import msgspec

from gitcoord.planning.unhindered import unhindered
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


class SimulatedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """When each unit starts and ends, in ticks and in the order of their starts; and how it stands then.

    `most` is how many ran at once at the busiest moment, `tokens` the most tokens at work at once.
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
        """When the last unit ends."""
        return max(self.ends.values(), default=0)


def play(work: WorkNetwork, how: RunRules, begun: StartState | None = None) -> SimulatedPlan:
    """The run of what is left after `begun`, if every estimate is right and nothing more fails."""
    course = unhindered(work, how) if begun is None else None
    if course is not None:
        return _whole(work, *course)
    from gitcoord.planning.simulated_run import SimulatedRun

    game = SimulatedRun(work, how, begun or StartState())
    game.play()
    return SimulatedPlan(
        starts=game.starts,
        ends=game.ends,
        most=game.most,
        tokens=game.space.most_tokens,
        done=game.done,
        submitted=game.handed_in.submitted,
        landed=game.handed_in.landed,
    )


def _whole(work: WorkNetwork, starts: dict[int, int], most: int) -> SimulatedPlan:
    """A run in which everything was done and landed."""
    ticks = work.network.ticks
    every = set(range(len(work.network.tasks)))
    return SimulatedPlan(
        starts=starts,
        ends={unit: start + ticks[unit] for unit, start in starts.items()},
        most=most,
        tokens=0,
        done=set(starts),
        submitted=every,
        landed=every,
    )
