"""Decides the next step of a landing: pure functions from a snapshot to one step."""

from collections.abc import Iterator

from gitcoord.git.git_cli import Oid
from gitcoord.landing.loop_memory import LandingMemory, ProvedPrefix, details_key
from gitcoord.landing.model import Carrier, LandingSnapshot, LevelBranch, MergeReadiness, Options, TaskState
from gitcoord.landing.steps import (
    Adopt,
    CommitGenerated,
    Defer,
    Examine,
    Finish,
    Fold,
    HandOver,
    Hold,
    Merge,
    MergeTogether,
    OpenPull,
    Prove,
    Rebuild,
    RecordLanding,
    RecordRejections,
    RecordRollback,
    Retarget,
    Settle,
    Step,
    Update,
    Wait,
)
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks, some

BY_ITSELF = "it then merges automatically"
PATIENCE = 20
"""The number of examinations of all unsettled carriers together before they are held; the pauses grow."""
_AHEAD = 8
"""The number of pull requests to open before merging the first, so their checks run in the meantime."""
_TURN = 4
"""The number of examinations of an unsettled carrier before the next carrier of its wave is examined."""
_UNPROVED_QUEUE = (
    "the forge would merge it later, onto an unchecked base: run the check on the forge, and land without "
    "a check here"
)
_REMADE_QUEUE = (
    "the forge would merge it later, onto a base for which its files were not generated: land it without "
    "the merge queue and --auto"
)
_FEW_LOOKS = 2
"""The minimum number of examinations of each carrier: the first makes GitHub compute whether it merges."""


def next_step(snapshot: LandingSnapshot, memory: LandingMemory, options: Options) -> Step:
    """Returns the next step. Deterministic: depends only on its arguments."""
    if snapshot.undone:
        return RecordRollback(tasks=tuple(TaskId(event.task or "") for event in snapshot.undone))
    landed = [w.task for w in snapshot.works if w.standing == "landed" and not w.journaled]
    if landed:
        return RecordLanding(tasks=tuple(landed))
    stranded = [one for one in snapshot.stranded if one[1].number not in memory.retargeted]
    if stranded:
        return Retarget(pulls=tuple(stranded))
    rejected = [w.task for w in snapshot.works if w.rejection and not w.rejection.journaled]
    if rejected:
        return RecordRejections(tasks=tuple(rejected))
    moved = [w.task for w in snapshot.works if w.standing == "ready" and w.head != w.recorded]
    if moved:
        return Adopt(tasks=tuple(moved))
    if memory.stopped:
        return Finish()
    if options.strategy == "single-pr":
        return _single(snapshot, memory, options)
    return _multi(snapshot, memory, options)


def _multi(snapshot: LandingSnapshot, memory: LandingMemory, options: Options) -> Step:
    ready = [work for work in snapshot.works if work.standing == "ready" and work.branch not in memory.held]
    ready = [work for work in ready if not work.waits_for]
    wave = [work for work in ready if work.wave == ready[0].wave]
    first = min(wave, key=lambda work: memory.settling.get(work.branch, 0) // _TURN, default=None)
    for work in (*ready[:_AHEAD], *([first] if first is not None else [])):
        if work.pull is None or work.recorded_pull != work.pull.number:
            return OpenPull(carrier=carrier_of(work))
    if first is None or _must_wait(snapshot, memory, first.wave):
        return _rest(snapshot, memory)
    if first.stacked:
        return Update(task=first.task)
    carrier = carrier_of(first)
    details = memory.details.get(details_key(snapshot, carrier))
    if details is not None and not details.clean:
        return _deferred(first.task, details, snapshot.base_commit)
    if details is not None and details.behind:
        return Update(task=first.task)
    if _lacks_proof(snapshot, memory, options, carrier):
        return Prove(carrier=carrier)
    together = memory.together.get(details_key(snapshot, carrier))
    if together is not None:
        return _landing_together([snapshot.work(one.task) for one in together.works], together.tree)
    return _landing(carrier, details, memory, options)


def _landing_together(works: list[TaskState], tree: Oid) -> Step:
    """Returns the step that merges all works at once; before that, a step for each missing pull request."""
    for work in works:
        if work.pull is None or work.recorded_pull != work.pull.number:
            return OpenPull(carrier=carrier_of(work))
    return MergeTogether(carriers=tuple(map(carrier_of, works)), tree=tree)


def _deferred(task: TaskId, found: MergeReadiness, onto: Oid) -> Defer:
    return Defer(task=task, paths=found.paths, onto=onto, problem=found.problem, exclusive=found.exclusive)


def _must_wait(snapshot: LandingSnapshot, memory: LandingMemory, wave: int) -> bool:
    """Whether a task of an earlier wave may still land: there is time left, or the forge will merge it."""
    earlier = [w for w in snapshot.works if w.wave < wave and w.standing in ("ready", "waiting")]
    return any(not memory.impatient or work.branch in memory.handed_over for work in earlier)


def _single(snapshot: LandingSnapshot, memory: LandingMemory, options: Options) -> Step:
    branch = snapshot.level_branch
    if branch is None:
        return Finish()
    folded = [work for work in snapshot.works if work.standing == "ready" and work.folded]
    if branch.tip is not None and branch.excess and branch.name not in memory.held:
        why = f"it still contains work of {named_tasks(branch.excess)} that must not land now"
        way = (
            f"reset {branch.name} to {snapshot.base}, cherry-pick these commits and push with --force; "
            "gitcoord then folds the tasks in again"
        )
        return _anew(_level_carrier(branch, branch.tip, folded), branch, why, way)
    turn = _turn(snapshot, options)
    held = {w.task for w in snapshot.works if w.waits_for or (w.stacked and w.branch in memory.held)}
    for work in snapshot.works:
        if work.standing != "ready" or work.task in held or work.wave > turn:
            continue
        if work.stacked:
            return Update(task=work.task)
        if not work.folded:
            return Fold(task=work.task)
    if options.all_or_nothing and (held or any(work.standing == "deferred" for work in snapshot.works)):
        return Finish()
    if not folded or branch.tip is None or branch.name in memory.held:
        return _rest(snapshot, memory)
    if not options.partial and any(missing(snapshot)):
        return _rest(snapshot, memory)
    carrier = _level_carrier(branch, branch.tip, folded)
    if _lacks_proof(snapshot, memory, options, carrier):
        return Prove(carrier=carrier)
    return _level_landing(snapshot, memory, options, branch, carrier)


def _level_landing(
    snapshot: LandingSnapshot, memory: LandingMemory, options: Options, branch: LevelBranch, carrier: Carrier
) -> Step:
    folded = map(snapshot.work, carrier.tasks)
    if branch.pull is None or any(work.recorded_pull != branch.pull.number for work in folded):
        return OpenPull(carrier=carrier)
    details = memory.details.get(details_key(snapshot, carrier))
    if details is not None and (not details.clean or details.behind):
        paths = f": {', '.join(details.paths)}" if details.paths else ""
        kind = (
            f"changes exclusive paths that changed in {snapshot.base} since"
            if details.exclusive
            else f"conflicts with {snapshot.base}"
        )
        why = f"it {kind}{paths}" if not details.clean else f"it is behind {snapshot.base}"
        if details.generated:
            return CommitGenerated(carrier=carrier, tree=details.generated, paths=details.made_anew)
        way = f"merge {snapshot.base} into {branch.name}" + (
            "" if details.clean else ", and resolve the conflict there"
        )
        return _anew(carrier, branch, why, way)
    return _landing(carrier, details, memory, options)


def _turn(snapshot: LandingSnapshot, options: Options) -> int:
    """Returns the last wave to fold now. A strict `serialize_on` without `all_or_nothing`: wave by wave."""
    last = max((work.wave for work in snapshot.works), default=1)
    if options.serialize_on == "conflict" or options.all_or_nothing:
        return last
    awaited = ("ready",) if options.partial else ("ready", "waiting")
    return min((work.wave for work in snapshot.works if work.standing in awaited), default=last)


def _anew(carrier: Carrier, branch: LevelBranch, why: str, way: str) -> Step:
    """Returns the step that rebuilds the level branch for the reason `why`; `way`: how people can do that.

    If people have committed to the branch, returns the step that holds it.
    """
    if branch.by_hand:
        own = f"commits that people made ({some([commit[:12] for commit in branch.by_hand])})"
        text = f"{why}, and {branch.name} has {own}, which gitcoord never drops: {way}"
        return Hold(carrier=carrier, reason=text, final=True)
    return Rebuild(tasks=carrier.tasks)


def missing(snapshot: LandingSnapshot) -> Iterator[TaskState]:
    """Under single-PR: yields the waiting tasks of the level branch's first wave and of earlier waves."""
    folded = [work.wave for work in snapshot.works if work.standing == "ready" and work.folded]
    wave = min(folded, default=0)
    here = {work.task for work in snapshot.works}
    # After a new plan a task may depend on tasks of its own level: it can land only after those.
    after = {work.task for work in snapshot.works if work.lacks and here.issuperset(work.lacks)}
    waiting = (work for work in snapshot.works if work.standing == "waiting" and not work.held)
    return (work for work in waiting if work.wave <= wave and work.task not in after)


def _lacks_proof(
    snapshot: LandingSnapshot, memory: LandingMemory, options: Options, carrier: Carrier
) -> bool:
    """Whether to check the carrier: it has not been checked, or the prefix checked with it has changed."""
    key = details_key(snapshot, carrier)
    if options.check is None:
        return False
    together = memory.together.get(key)
    return key not in memory.proved or (together is not None and not _stands(snapshot, memory, together))


def _stands(snapshot: LandingSnapshot, memory: LandingMemory, together: ProvedPrefix) -> bool:
    """Whether all works of a checked prefix are still ready with the same heads."""
    heads = {w.task: w.head for w in snapshot.works if w.standing == "ready" and w.branch not in memory.held}
    return all(heads.get(one.task) == one.head for one in together.works)


def _landing(
    carrier: Carrier, details: MergeReadiness | None, memory: LandingMemory, options: Options
) -> Step:
    """Returns the next step of one carrier: examine it, then merge it if nothing prevents that."""
    if memory.doubt.get(carrier.branch, 0) > 0:
        return Settle(carrier=carrier)
    if details is None:
        return Examine(carrier=carrier)
    way = details.offer if carrier.branch not in memory.declined else None
    if way is not None and (options.check is not None or details.made_anew):
        reason = _UNPROVED_QUEUE if options.check is not None else _REMADE_QUEUE
        return Hold(carrier=carrier, reason=reason, final=True)
    if _shows_status_late(details, memory, options, carrier):
        return Settle(carrier=carrier)
    if details.gates and (way is None or not details.settled):
        # Hand an unsettled one over later: GitHub accepts only a pull request that it has found mergeable.
        if way is None or _is_over(memory, carrier):
            final = any(gate.final for gate in details.gates)
            return Hold(carrier=carrier, reason=closed_gates(details), final=final)
        return Settle(carrier=carrier)
    if way is not None:
        return HandOver(carrier=carrier, way=way)
    if not details.settled:
        if not _is_over(memory, carrier):
            return Settle(carrier=carrier)
        return Hold(carrier=carrier, reason="the forge is still computing whether it can merge")
    if options.check is not None and details.tree not in memory.green:
        return Hold(carrier=carrier, reason="the check has not passed on its merged tree")
    return Merge(carrier=carrier, tree=details.tree)


def _shows_status_late(
    details: MergeReadiness, memory: LandingMemory, options: Options, carrier: Carrier
) -> bool:
    """Whether the carrier only waits for the commit status that this run has just set."""
    if options.check is None or not options.check.status or carrier.head not in memory.reported:
        return False
    late = {gate.check for gate in details.gates} == {options.check.status}
    return late and not _is_over(memory, carrier)


def _is_over(memory: LandingMemory, carrier: Carrier) -> bool:
    """Whether an unsettled carrier should be held: the examinations that all carriers share are used up."""
    return memory.stalled >= PATIENCE and memory.settling.get(carrier.branch, 0) >= _FEW_LOOKS


def closed_gates(details: MergeReadiness) -> str:
    """Returns the reasons why a carrier cannot merge yet."""
    reasons = "; ".join(f"{gate.name}: {gate.reason}" for gate in details.gates)
    if details.handed_over and not any(gate.queue for gate in details.gates):
        return f"{reasons} ({BY_ITSELF})"
    return reasons


def _rest(snapshot: LandingSnapshot, memory: LandingMemory) -> Step:
    # Do not wait for carriers that cannot merge without a change.
    unfinished = any(branch not in memory.final for branch in memory.held) or any(
        work.standing == "waiting" for work in snapshot.works
    )
    return Wait() if unfinished and not memory.impatient else Finish()


def carrier_of(work: TaskState) -> Carrier:
    """Returns the carrier of one task's branch."""
    return Carrier(
        branch=work.branch, head=work.head or "", tasks=(work.task,), wave=work.wave, pull=work.pull
    )


def _level_carrier(branch: LevelBranch, tip: Oid, folded: list[TaskState]) -> Carrier:
    tasks = tuple(work.task for work in folded)
    wave = min((work.wave for work in folded), default=1)
    return Carrier(branch=branch.name, head=tip, tasks=tasks, wave=wave, pull=branch.pull)
