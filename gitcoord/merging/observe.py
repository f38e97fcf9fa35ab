"""Looking at the world: tips from git, pull requests from the forge, the journal for what was said."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.evidence.foreign import Tracks
from gitcoord.evidence.landings import in_parts, just_stacked, landed_tasks
from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.evidence.rollbacks import find_rollbacks, open_proposals, stands, unrecorded, with_rollbacks
from gitcoord.evidence.stacks import Parents, landed_heads, pull_heads
from gitcoord.forge.port import Pull
from gitcoord.git.run import Oid
from gitcoord.git.stacks import Stacks
from gitcoord.merging.carried import with_carried
from gitcoord.merging.context import LandingContext
from gitcoord.merging.excess import with_excess
from gitcoord.merging.fold import base_missing
from gitcoord.merging.model import KnownPulls, LandingSnapshot, LevelBranch, Needs, Standing, TaskState
from gitcoord.merging.pull_requests import ask_branches, ask_pulls, unless_rejected
from gitcoord.merging.revived import revived, still_failing
from gitcoord.merging.rounds import present_round
from gitcoord.merging.stacked import with_stacks
from gitcoord.planning.model import PlannedTask
from gitcoord.sentences import named_tasks
from gitcoord.state.progress import PENDING, Progress
from gitcoord.tasks.model import TaskId

NOTHING: KnownPulls = {}


class _RawFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The raw facts of one look, before they are turned into works."""

    base_commit: Oid
    tips: Mapping[str, Oid]
    progress: Mapping[TaskId, Progress]
    asked: KnownPulls
    proposed: KnownPulls
    """Pull requests of rollbacks that nothing shows yet."""
    pulls: Mapping[str, Pull]
    landed: Mapping[TaskId, Landing]
    undone: Rollbacks
    stacked: Collection[TaskId]
    stacks: Stacks
    parents: Parents
    unusable: Mapping[TaskId, str]


def observe(scene: LandingContext, *, known: KnownPulls = NOTHING, fetch: bool = True) -> LandingSnapshot:
    """One look at the world. Raises when git or the forge cannot be asked.

    The forge is not asked for branches whose pull requests are `known`; without `fetch` the shared refs are
    taken as they were last read or written here.
    """
    if fetch:
        scene.store.refresh()
    look = _look(scene, known)
    if _ahead_of_git(scene, look):
        scene.store.refresh()
        look = _look(scene, {**look.asked, **look.proposed})
    branch = _level_branch(scene, look) if scene.options.strategy == "single-pr" else None
    works = [_work(scene, look, branch, task) for wave in scene.level.waves for task in wave]
    works = with_stacks(scene.repository.git, scene.ancestry, look.stacks, works)
    targets = [look.base_commit, *([branch.tip] if branch and branch.tip else [])]
    git, failing = scene.repository.git, still_failing(works, look.progress, scene.options.check)
    works = revived(git, scene.ancestry, look.stacks, works, targets, scene.options.book, failing)
    tracks = Tracks(plan=scene.plan, progress=look.progress, landed=look.landed)
    hold = scene.options.foreign_commits == "hold"
    works = with_carried(git, scene.ancestry, look.base_commit, tracks, look.tips, works, hold=hold)
    works = unless_rejected(
        scene.ancestry,
        works,
        look.progress,
        base=scene.plan.base,
        base_commit=look.base_commit,
        single=branch is not None,
        tips=look.tips,
        pulls=look.asked,
    )
    return LandingSnapshot(
        level=scene.level.name,
        base=scene.plan.base,
        base_commit=look.base_commit,
        works=tuple(works),
        level_branch=with_excess(scene.repository.git, scene.ancestry, look.base_commit, branch, works),
        pulls={**look.asked, **look.proposed},
        landed_heads=look.stacks.landed,
        undone=unrecorded(look.undone),
    )


def _look(scene: LandingContext, known: KnownPulls) -> _RawFacts:
    base_commit = scene.shared.branch(scene.plan.base)
    if base_commit is None:
        raise base_missing(scene.plan.base)
    tips = scene.shared.branches()
    progress = scene.store.progress()
    asked = ask_pulls(scene.forge, scene.plan, scene.level, scene.options, tips, progress, known)
    pulls = {head: known.current for head, known in asked.items() if known.current is not None}
    git = scene.repository.git
    undone = find_rollbacks(git, scene.ancestry, base_commit, progress)
    proposed = ask_branches(scene.forge, scene.plan.base, sorted(open_proposals(progress, undone)), known)
    if proposed:
        taken_back = [found.current for found in proposed.values() if found.current is not None]
        undone = find_rollbacks(git, scene.ancestry, base_commit, progress, taken_back)
    progress = with_rollbacks(scene.ancestry, progress, undone)
    landed = landed_tasks(
        git,
        base_commit=base_commit,
        plan=scene.plan,
        progress=progress,
        tips=tips,
        ancestry=scene.ancestry,
        pulls=pulls.values(),
        undone=undone,
    )
    brought = pull_heads(scene.ancestry, base_commit, pulls.values()) | landed_heads(progress, landed, undone)
    stacks = Stacks(scene.ancestry, base_commit, brought)
    tasks = (scene.plan.tasks[task] for task in scene.level.tasks if task not in landed)
    stacks.find(git, {tips[task.branch] for task in tasks if task.branch in tips})
    return _RawFacts(
        base_commit=base_commit,
        tips=tips,
        progress=progress,
        asked=asked,
        proposed=proposed,
        pulls=pulls,
        landed=landed,
        undone=undone,
        stacked=just_stacked(scene.ancestry, scene.plan, progress, tips),
        stacks=stacks,
        parents=Parents(git, stacks, scene.plan, progress, landed),
        unusable=scene.store.unusable(),
    )


def _ahead_of_git(scene: LandingContext, look: _RawFacts) -> bool:
    """Whether the forge knows of merges that came after the shared refs were read."""
    merges = {pull.merge_commit for pull in look.pulls.values() if pull.state == "merged"} - {None}
    return len(scene.ancestry.existing({merge or "" for merge in merges})) < len(merges)


def _heads(scene: LandingContext, look: _RawFacts, task: TaskId) -> set[Oid]:
    """The commits that a task's work may be: what was handed in, and where its branch is."""
    handed_in = look.progress.get(task, PENDING).head
    return {head for head in (handed_in, look.tips.get(scene.plan.tasks[task].branch)) if head}


def _work(scene: LandingContext, look: _RawFacts, branch: LevelBranch | None, task: TaskId) -> TaskState:
    planned = scene.plan.tasks[task]
    before = look.progress.get(task, PENDING)
    landing = look.landed.get(task)
    standing, reason, head = _standing(scene, look, branch, planned)
    open_here = head is not None and standing != "landed"
    return TaskState(
        task=task,
        title=planned.title,
        branch=planned.branch,
        wave=planned.wave,
        standing=standing,
        reason=reason,
        needs=_needs(scene, look, planned),
        lacks=tuple(scene.plan.waits_for(planned.id, look.landed)),
        head=head,
        recorded=before.head,
        # After a no, a pull request that is open again is recorded again.
        told=None if before.rejection else before.pull,
        landing=landing,
        # Nothing is written on a record that is not gitcoord's own.
        journaled=task in look.unusable or _journaled(scene, look, before),
        pull=_pull_for(scene, look, planned.branch, landing),
        folded=open_here and _folded(scene, branch, head),
    )


def _journaled(scene: LandingContext, look: _RawFacts, before: Progress) -> bool:
    """Whether the journal names a landing that git confirms: a base that was reset takes it back."""
    return before.landing is not None and scene.ancestry.contains(look.base_commit, before.landing.commit)


def _pull_for(scene: LandingContext, look: _RawFacts, branch: str, landing: Landing | None) -> Pull | None:
    """The pull request that brought the task in, or the open one that carries it."""
    if landing is None:
        pull = look.pulls.get(branch)
        # A merged one merged an earlier head: new work needs a pull request of its own.
        return pull if pull is not None and pull.state == "open" else None
    for name, pull in look.pulls.items():
        own = name == branch or scene.options.strategy == "single-pr"
        if own and pull.state == "merged" and scene.ancestry.contains(pull.head_commit, landing.head):
            return pull
    return None


def _standing(
    scene: LandingContext, look: _RawFacts, branch: LevelBranch | None, planned: PlannedTask
) -> tuple[Standing, str, Oid | None]:
    before = look.progress.get(planned.id, PENDING)
    tip = look.tips.get(planned.branch)
    if planned.id in look.landed:
        return "landed", "", look.landed[planned.id].head
    missing = scene.plan.waits_for(planned.id, look.landed)
    blocked = f"depends on {named_tasks(missing)}, not landed yet" if missing else ""
    if planned.id in look.unusable or blocked:
        return "waiting", look.unusable.get(planned.id, blocked), tip
    if before.stand == "started":
        return "waiting", _at_work(planned.id, before), None
    work, undone = tip or before.head, look.undone.get(planned.id)
    if undone and not (work and stands(scene.ancestry, undone, work)):
        # Merging it once more would bring nothing back: the base has had its commits, and taken them back.
        return "waiting", f"rolled back; `gitcoord checkout {planned.id}` brings its work back", None
    if tip is None and _folded(scene, branch, before.head):
        # The branch was deleted after it was folded in: the level branch holds the work.
        return "ready", "", before.head
    if tip is None:
        gone = f"the branch {planned.branch} is gone (submitted at {before.head})"
        return "waiting", gone if before.head else "not started", None
    if before.deferral is not None and tip == before.deferral.head:
        return "deferred", before.deferral.reason, tip
    if before.head is not None and before.head not in scene.ancestry.contained(tip, [before.head]):
        return "waiting", f"{planned.branch} was rewritten after it was submitted; submit it again", None
    if planned.id in look.stacked or scene.ancestry.contains(look.base_commit, tip):
        return "waiting", f"{planned.branch} has no commits yet", None
    if before.head is None and in_parts(planned, look.progress):
        return "waiting", "its subtasks are being done, and it is not submitted yet", None
    parent = look.parents.unknown(tip, planned.id)
    if parent is not None:
        return "waiting", parent.sentence(planned.branch, scene.plan.base), None
    return "ready", "", tip


def _at_work(task: TaskId, before: Progress) -> str:
    """Why a task that was started is waited for."""
    if before.cancelled:
        return f"cancelled; `gitcoord retry {task}` takes that back"
    since = f"{before.started_at[:16].replace('T', ' ')} UTC"
    return f"started by {before.started_by} at {since}, not submitted yet"


def _needs(scene: LandingContext, look: _RawFacts, planned: PlannedTask) -> Needs:
    before = look.progress.get(planned.id, PENDING)
    if scene.plan.waits_for(planned.id, look.landed):
        return "landing"
    at_work = before.stand == "started" or (before.head is None and in_parts(planned, look.progress))
    return "time" if at_work else "work"


def _level_branch(scene: LandingContext, look: _RawFacts) -> LevelBranch:
    name = present_round(scene.level, look.progress, look.asked)
    tip = look.tips.get(name)
    if tip is not None and tip in scene.ancestry.contained(look.base_commit, [tip]):
        tip = None  # it holds nothing that the base lacks
    if tip is not None:
        # Asked of all at once; the single questions later are answered from memory.
        scene.ancestry.contained(
            tip, {head for task in scene.level.tasks for head in _heads(scene, look, task)}
        )
    return LevelBranch(name=name, tip=tip, pull=look.pulls.get(name))


def _folded(scene: LandingContext, branch: LevelBranch | None, head: Oid | None) -> bool:
    """Whether the present level branch holds `head`."""
    if branch is None or branch.tip is None or head is None:
        return False
    return scene.ancestry.contains(branch.tip, head)
