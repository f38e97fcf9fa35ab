"""What to do next: pure functions from the observed world to one step."""

from collections.abc import Iterator, Mapping

import msgspec

from gitcoord.git.run import Oid
from gitcoord.merging.model import (
    Adopt,
    Carrier,
    Defer,
    Details,
    Examine,
    Finish,
    Fold,
    Hold,
    Merge,
    OpenPull,
    Options,
    Rebuild,
    RecordLanding,
    Settle,
    Step,
    Update,
    Wait,
    Work,
    World,
)

DetailsKey = tuple[str, Oid, Oid]
"""A carrier's branch and head, and the base that it was examined on."""


class Memory(msgspec.Struct, kw_only=True):
    """What a run keeps between looks; losing it costs questions, never correctness.

    `held` maps a carrier's branch to why it cannot merge now; waiting clears it. `impatient` is set once
    the time for waiting is over. `settling` counts the looks at a carrier that had not settled.
    """

    details: dict[DetailsKey, Details]
    held: dict[str, str]
    settling: dict[str, int]
    impatient: bool = False
    stopped: str = ""


PATIENCE = 20
"""Looks at a carrier that does not settle before it is held; the pauses between them grow."""


def next_step(world: World, memory: Memory, options: Options) -> Step:
    """The one next step. Deterministic; takes nothing but what it is given."""
    for work in world.works:
        if work.standing == "landed" and not work.journaled:
            return RecordLanding(task=work.task)
    for work in world.works:
        if work.standing == "ready" and work.head != work.recorded and work.head is not None:
            return Adopt(task=work.task, head=work.head)
    if memory.stopped:
        return Finish()
    if options.strategy == "single-pr":
        return _single(world, memory, options)
    return _multi(world, memory)


def details_key(world: World, carrier: Carrier) -> DetailsKey:
    """Where a carrier's details are kept: they hold for this head on this base only."""
    return (carrier.branch, carrier.head, world.base_commit)


def _multi(world: World, memory: Memory) -> Step:
    ready = [work for work in world.works if work.standing == "ready" and work.branch not in memory.held]
    for work in ready:
        if work.pull is None:
            return OpenPull(carrier=_task_carrier(work))
    for work in ready:
        if work.stale:
            return Update(task=work.task)
        step = _landing(world, memory, _task_carrier(work))
        if isinstance(step, Rebuild):
            details = memory.details[details_key(world, _task_carrier(work))]
            return Defer(task=work.task, paths=details.paths, onto=world.base_commit)
        return step
    return _rest(world, memory)


def _single(world: World, memory: Memory, options: Options) -> Step:
    branch = world.level_branch
    if branch is None:
        return Finish()
    if branch.excess and branch.name not in memory.held:
        return Rebuild(
            tasks=tuple(work.task for work in world.works if work.folded and work.standing == "ready")
        )
    for work in world.works:
        if work.standing == "ready" and not work.folded:
            return Fold(task=work.task)
    if options.all_or_nothing and any(work.standing == "deferred" for work in world.works):
        return Finish()
    folded = [work for work in world.works if work.standing == "ready" and work.folded]
    if not folded or branch.tip is None or branch.name in memory.held:
        return _rest(world, memory)
    if not options.partial and any(_blocking(world, folded)):
        return _rest(world, memory)
    carrier = Carrier(
        branch=branch.name,
        head=branch.tip,
        tasks=tuple(work.task for work in folded),
        wave=min(work.wave for work in folded),
        pull=branch.pull,
    )
    if branch.pull is None:
        return OpenPull(carrier=carrier)
    return _landing(world, memory, carrier)


def _blocking(world: World, folded: list[Work]) -> Iterator[Work]:
    """Tasks of the folded ones' waves (or earlier) that somebody is still working on."""
    wave = min(work.wave for work in folded)
    return (work for work in world.works if work.standing == "waiting" and work.wave <= wave)


def _landing(world: World, memory: Memory, carrier: Carrier) -> Step:
    """Examine, then merge; `Rebuild` stands for "does not merge with the base"."""
    details = memory.details.get(details_key(world, carrier))
    if details is None:
        return Examine(carrier=carrier)
    if not details.clean:
        return Rebuild(tasks=carrier.tasks)
    if details.gates:
        return Hold(carrier=carrier, reason="; ".join(gate.reason for gate in details.gates))
    if not details.settled:
        if memory.settling.get(carrier.branch, 0) < PATIENCE:
            return Settle(carrier=carrier)
        return Hold(carrier=carrier, reason="the forge is still computing whether it can merge")
    return Merge(carrier=carrier, tree=details.tree)


def _rest(world: World, memory: Memory) -> Step:
    unfinished = bool(memory.held) or any(work.standing == "waiting" for work in world.works)
    return Wait() if unfinished and not memory.impatient else Finish()


def _task_carrier(work: Work) -> Carrier:
    assert work.head is not None  # noqa: S101 - a ready work has a head
    return Carrier(branch=work.branch, head=work.head, tasks=(work.task,), wave=work.wave, pull=work.pull)


def held_reasons(world: World, memory: Memory, options: Options) -> Mapping[str, str]:
    """For each task that is ready but held, why."""
    branch = world.level_branch
    if options.strategy == "single-pr" and branch is not None:
        reason = memory.held.get(branch.name, memory.stopped)
        return {work.task: reason for work in world.works if work.standing == "ready" and reason}
    reasons = {work.task: memory.held.get(work.branch, memory.stopped) for work in world.works}
    return {task: reason for task, reason in reasons.items() if reason}
