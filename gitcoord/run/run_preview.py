"""The preview that a person approves before a run: units that run in parallel, clashes, costs, savings."""

import msgspec

from gitcoord.run.observe import RunView
from gitcoord.schedule.model import Capacity, Policy
from gitcoord.schedule.predict import Prediction, predict
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


class UnitClash(msgspec.Struct, frozen=True, kw_only=True):
    """Two units that declare the same paths, or (`seen`) whose work was seen to clash."""

    units: tuple[TaskId, TaskId]
    seen: bool


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """The preview of a run; durations in minutes. `done` units are finished; `silent` ones declare no paths.

    `together` are the largest sets of units that run at the same time.
    """

    base: str
    strategy: str
    tasks: int
    units: int
    done: int
    together: tuple[tuple[TaskId, ...], ...]
    clashes: tuple[UnitClash, ...]
    silent: int
    sequential: float
    duration: float
    speedup: float
    efficiency: float
    """Speed-up divided by slots; `parallel_efficiency`: by `most`, the largest number of units at once."""
    parallel_efficiency: float
    pipeline: bool
    """Whether a unit may start when its dependencies are submitted; else they have to land first."""
    speculate: bool
    """Whether work is moved or redone if its dependencies land after its start, as other commits."""
    otherwise: float | None
    """The duration with --pipeline if the run is without it, and without it if the run has it.

    None if other units would run then.
    """
    most: int
    max_parallel: int
    tokens: int | None
    lands: bool
    never: dict[TaskId, str]
    given_up: tuple[TaskId, ...] = ()
    """Units that failed or were cancelled: only `gitcoord retry` lets them start."""
    landed: int = 0
    """Number of landed tasks."""
    estimates_from: str = ""

    @property
    def idle(self) -> bool:
        """Whether no unit is running and none would start."""
        return not self.together


def make_approval(view: RunView, capacity: Capacity, policy: Policy, *, lands: bool) -> Approval:
    """Predicts the run from now on, with the decisions that it would make."""
    told = predict(view.plan, view.units, capacity, policy, lands=lands, observation=view.seen)
    left = [one for one in view.units.by_id if one in told.starts]
    return Approval(
        base=view.plan.base,
        strategy=view.plan.strategy,
        tasks=len(view.plan.tasks),
        units=len(view.units.by_id),
        done=sum(one in view.seen.done for one in view.units.by_id),
        together=told.together(),
        clashes=_clashes(view, told),
        silent=sum(not view.units.by_id[one].modifies for one in left),
        sequential=told.sequential,
        duration=told.duration,
        speedup=told.speedup,
        efficiency=told.efficiency,
        parallel_efficiency=told.parallel_efficiency,
        pipeline=policy.pipeline,
        speculate=policy.speculate,
        otherwise=_otherwise(view, told, capacity, policy, lands=lands),
        most=told.most,
        max_parallel=capacity.max_parallel,
        tokens=told.tokens if capacity.token_budget is not None else None,
        lands=lands,
        never=_never(view, told, lands=lands),
        given_up=tuple(
            one for one in view.units.by_id if one in view.seen.failed or one in view.seen.cancelled
        ),
        landed=len(view.landed),
        estimates_from=view.plan.estimates_from,
    )


def _otherwise(
    view: RunView, prediction: Prediction, capacity: Capacity, policy: Policy, *, lands: bool
) -> float | None:
    other = msgspec.structs.replace(policy, pipeline=not policy.pipeline, barrier=False)
    found = predict(view.plan, view.units, capacity, other, lands=lands, observation=view.seen)
    return found.duration if found.starts.keys() == prediction.starts.keys() else None


def _never(view: RunView, predicted: Prediction, *, lands: bool) -> dict[TaskId, str]:
    found = {one: reason for one, reason in predicted.never.items() if one not in view.seen.done}
    for one in predicted.unlanded & found.keys():
        # At the end of the prediction all of these are submitted; now some may not have begun.
        needs = [task for task in view.units.by_id[one].tasks if task not in view.landed]
        why = "a wave lands only as a whole" if lands else "nothing lands without --land"
        found[one] = f"it needs {named_tasks(needs, 4)} in {view.plan.base}, and {why}"
    return found


def _clashes(view: RunView, prediction: Prediction) -> tuple[UnitClash, ...]:
    found = {}
    for seen, pairs in ((False, view.units.clashes), (True, view.seen.clashing)):
        for one, others in pairs.items():
            for other in others:
                if one in prediction.starts and other in prediction.starts:
                    low, high = sorted((one, other), key=lambda id: view.units.by_id[id].place)
                    found[low, high] = UnitClash(units=(low, high), seen=seen)
    return tuple(found.values())
