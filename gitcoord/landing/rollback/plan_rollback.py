"""Plans a rollback: finds the landings, computes the base's tree without them, refuses if that is unsafe."""

from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.events import TaskStarted
from gitcoord.evidence.rollbacks import is_recorded, unrecorded
from gitcoord.evidence.snapshot import read_snapshot
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.commit_facts import trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.landing.generated_files import with_generated_files
from gitcoord.landing.rollback.landed_commits import History, LandedChange
from gitcoord.landing.rollback.model import RollbackContext, RollbackSnapshot
from gitcoord.landing.rollback.revert import UndoConflict, added_commits, undo
from gitcoord.landing.rollback.unowned import UnownedChanges, unowned
from gitcoord.landing.verify_rollbacks import prove_rollbacks
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks, some

_MOST_NAMED = 3


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """A computed rollback: the changes to revert (`units`, newest first), and the base's tree without them.

    `unowned`: the parts of these changes that belong to no task. `unchanged`: the base's tree stays as it is,
    because the landings changed nothing or are already reverted.
    """

    units: tuple[LandedChange, ...]
    tree: Oid
    unowned: tuple[UnownedChanges, ...] = ()
    unchanged: bool = False

    @property
    def commits(self) -> tuple[Oid, ...]:
        """The base's commits that are reverted, newest first."""
        return tuple(commit for unit in self.units for commit in unit.commits)


def look(context: RollbackContext) -> RollbackSnapshot:
    """Fetches, and takes a snapshot of the base and the journal. Raises `base-missing`."""
    context.store.refresh()
    plan = context.plan

    def rollback_pulls(branches: Collection[str]) -> list[Pull]:
        known = context.forge.find_pulls(branches, plan.base).values()
        return [one.current for one in known if one.current is not None]

    evidence = read_snapshot(context.store, plan, rollback_pulls=rollback_pulls)
    landed, undone = evidence.landed, evidence.undone
    numbers = set(context.levels)
    if context.include_later:
        numbers |= {plan.tasks[task].level for task in landed if plan.tasks[task].level > min(context.levels)}
    chosen = [level for level in plan.levels if level.number in numbers]
    tasks = {task for level in chosen for task in level.tasks}
    return RollbackSnapshot(
        base_commit=evidence.base_commit,
        levels=tuple(level.name for level in chosen),
        numbers=tuple(level.number for level in chosen),
        wanted={task: landing for task, landing in landed.items() if task in tasks},
        others={task: landing for task, landing in landed.items() if task not in tasks},
        undone={task: tuple(found) for task, found in undone.items() if task in tasks},
    )


def record_done(
    context: RollbackContext, snapshot: RollbackSnapshot, pull: int | None, proved: Collection[Oid]
) -> bool:
    """Records the rollbacks that git shows and the journal lacks; returns whether there were any.

    Compares each merge with the computed tree, unless its commit is in `proved`. Raises `tree-differs`.
    """
    events = [msgspec.structs.replace(event, pull=pull) for event in unrecorded(snapshot.undone)]
    for event in events:
        context.store.record(event, unless=partial(is_recorded, event))
    base = {"base": context.plan.base, "base_commit": snapshot.base_commit}
    prove_rollbacks(context.store, context.forge, events, **base, proved=proved)
    return bool(events)


def reverse(context: RollbackContext, snapshot: RollbackSnapshot) -> Reversal:
    """Computes the changes to revert and the resulting tree.

    Raises (exit 1) `built-upon` if landed tasks of other levels depend on the work or landed in the same
    commits, `conflict` if a revert conflicts, `not-made` if a file cannot be generated, and
    `unknown-landing`.
    """
    _require_nothing_on_top(context.plan, snapshot)
    others = {landing.head for landing in snapshot.others.values()}
    history = History(
        context.repository.git, context.repository.ancestry, snapshot.base_commit, _begun(context), others
    )
    units = history.units(snapshot.wanted)
    reverted = set[Oid]().union(*(added_commits(context.repository.git, unit) for unit in units))
    _require_nothing_shared(context.plan, snapshot, reverted)
    outcome = undo(context.repository, snapshot.base_commit, units)
    if isinstance(outcome, UndoConflict):
        raise _conflict(context, snapshot, outcome, history.units(snapshot.others))
    git, book = context.repository.git, rulebook(context.rules)
    made = with_generated_files(git, context.maker, book, snapshot.base_commit, outcome.tree)
    if made.problem:
        raise answer_no(
            "not-made",
            f"Without {', '.join(snapshot.levels)} {made.problem}. Nothing was changed.",
            "Run that command in a clone to see why, or revert the landing with `git revert`.",
        )
    landed = {one.head: one.commit for one in (*snapshot.others.values(), *snapshot.wanted.values())}
    lost = unowned(context.repository, context.shared, units, landed)
    unchanged = made.tree == trees_of(git, [snapshot.base_commit])[snapshot.base_commit]
    return Reversal(units=tuple(units), tree=made.tree, unowned=lost, unchanged=unchanged)


def _begun(context: RollbackContext) -> dict[TaskId, Oid]:
    events = (entry.event for entry in context.store.journal())
    return {TaskId(one.task): one.base for one in events if isinstance(one, TaskStarted) and one.task}


def _require_nothing_on_top(plan: Plan, snapshot: RollbackSnapshot) -> None:
    reverted = set(snapshot.wanted)
    on_top = [task for task in snapshot.others if set(plan.tasks[task].depends_on) & reverted]
    if not on_top:
        return
    levels = sorted({plan.tasks[task].level for task in on_top})
    names = ", ".join(f"level-{level}" for level in levels)
    builds = "has landed and builds" if len(on_top) == 1 else "have landed and build"
    raise answer_no(
        "built-upon",
        f"{', '.join(snapshot.levels)} cannot be rolled back alone: {named_tasks(on_top, _MOST_NAMED)} "
        f"of {names} {builds} on it.",
        f"Roll them back together: `gitcoord rollback {' '.join(snapshot.levels)} --include-later`.",
    )


def _require_nothing_shared(plan: Plan, snapshot: RollbackSnapshot, commits: Collection[Oid]) -> None:
    """Raises `built-upon` if other tasks landed in the same commits, for example with equal work."""
    shared = [task for task, landing in snapshot.others.items() if landing.commit in commits]
    if not shared:
        return
    names = [f"level-{level}" for level in sorted({plan.tasks[task].level for task in shared})]
    raise answer_no(
        "built-upon",
        f"{', '.join(snapshot.levels)} cannot be rolled back alone: {named_tasks(shared, _MOST_NAMED)} of "
        f"{', '.join(names)} landed in the same commits.",
        f"Roll them back together: `gitcoord rollback {' '.join((*snapshot.levels, *names))}`.",
    )


def _conflict(
    context: RollbackContext,
    snapshot: RollbackSnapshot,
    conflict: UndoConflict,
    others: Sequence[LandedChange],
) -> GitcoordError:
    git = context.repository.git
    since = conflict.since
    tasks = [task for unit in others if added_commits(git, unit) & set(since) for task, _ in unit.tasks]
    commits = some([_shown(git, commit) for commit in since], _MOST_NAMED)
    changed = f" Later commits changed these paths: {commits}." if since else ""
    reverted = named_tasks([task for task, _ in conflict.unit.tasks], _MOST_NAMED)
    levels = sorted({context.plan.tasks[task].level for task in tasks})
    together = " ".join((*snapshot.levels, *(f"level-{level}" for level in levels)))
    hint = (
        f"{named_tasks(tasks, _MOST_NAMED)} changed them: `gitcoord rollback {together}` reverts all."
        if tasks
        else "Revert or rework those commits first, or revert the landing with `git revert`."
    )
    return answer_no(
        "conflict",
        f"Reverting {conflict.commit[:12]} ({reverted}) conflicts in {some(conflict.paths)}.{changed} "
        "Nothing was changed.",
        hint,
    )


def _shown(git: Git, commit: Oid) -> str:
    subject = git.text("show", "--no-patch", "--format=%s", commit)
    return f"{commit[:12]} ({subject[:60]})"
