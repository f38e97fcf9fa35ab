"""Collects the facts for a prompt: the task, its siblings, files that others change, earlier attempts."""

from collections.abc import Mapping, Sequence

from gitcoord.errors import GitcoordError
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING, Attempt, Progress
from gitcoord.tasks.model import Task, TaskId
from gitcoord.worker.attempt.kept_commits import refs_kept
from gitcoord.worker.attempt.prompt.markdown import Brief, ConflictBrief
from gitcoord.worker.attempt.prompt.task_section import Sibling, SiblingState
from gitcoord.worker.deferred_work import other_side
from gitcoord.worker.done_subtasks import done_subtasks
from gitcoord.worker.file_index import TouchedPath, find_touched
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit


def make_brief(
    task_context: TaskContext,
    unit: WorkUnit,
    task: Task | None,
    *,
    clash: ConflictBrief | None = None,
    last: Attempt | None = None,
    check: str = "",
    commits: bool = True,
    beside: Sequence[TaskId] = (),
) -> Brief:
    """Makes the brief of `unit` as of the last fetch; `last` is the attempt that this one continues.

    `beside` are units that run or start now; the journal may not have their events yet.
    """
    end = last.ended if last is not None and clash is None else None
    expected = _expected(task_context, unit, beside)
    named = {*expected, *(clash.others if clash is not None else ())}
    part = task_context.plan.part
    left = refs_kept(task_context.repository, task_context.plan.generation, unit.id)
    return Brief(
        unit=unit,
        task=task,
        siblings=_siblings(task_context, unit, beside),
        touched=_touched(task_context, unit),
        expected=expected,
        foretold=_foretold(task_context.plan, expected),
        titles={id: title for id, title in _titles(task_context).items() if id in named},
        clash=clash,
        earlier=end,
        kept=left.commits,
        uncommitted=left.uncommitted,
        check=check,
        commits=commits,
        repository=part.name if part is not None else "",
    )


def foreseen_clash(task_context: TaskContext, unit: WorkUnit) -> ConflictBrief | None:
    """The conflict for which the unit was deferred; None if it is not deferred.

    The other side is merged into the checkout before the agent begins.
    """
    deferral = task_context.progress.get(unit.id, PENDING).deferral
    if deferral is None:
        return None
    commit, name = (deferral.onto, unit.task.branch) if unit.subtask else other_side(task_context)
    others = tuple(TaskId(other) for other in deferral.others)
    return ConflictBrief(
        commit=commit,
        name=name,
        paths=deferral.paths,
        others=others,
        exclusive=deferral.exclusive,
        failure=deferral.reason if deferral.check else "",
        output=deferral.output,
    )


def _siblings(task_context: TaskContext, unit: WorkUnit, beside: Sequence[TaskId]) -> list[Sibling]:
    if unit.subtask is None:
        return []
    progress = task_context.store.progress()
    done = done_subtasks(
        task_context.plan,
        progress,
        task_context.shared.branches(),
        task_context.ancestry,
        task_context.landed,
    )
    found = []
    for part in unit.task.subtasks:
        at_work = part.id in beside or _at_work(progress.get(part.id, PENDING))
        if part.id != unit.id:
            state: SiblingState = "done" if part.id in done else "at work" if at_work else "to come"
            found.append(Sibling(id=part.id, title=part.title, state=state, modifies=part.modifies))
    return found


def _at_work(known: Progress) -> bool:
    return known.attempt is not None and known.attempt.running


def _expected(
    task_context: TaskContext, unit: WorkUnit, beside: Sequence[TaskId]
) -> dict[TaskId, tuple[str, ...]]:
    """Each other running task and subtask, with the globs that it declares."""
    parts = {part.id: part.modifies for task in task_context.plan.tasks.values() for part in task.subtasks}
    globs = {task.id: task.modifies for task in task_context.plan.tasks.values()} | parts
    running = [id for id, known in task_context.store.progress().items() if _at_work(known)]
    return {id: globs[id] for id in dict.fromkeys((*running, *beside)) if id != unit.id and id in globs}


def _foretold(plan: Plan, expected: Mapping[TaskId, Sequence[str]]) -> dict[TaskId, list[str]]:
    """The files that running tasks without globs will probably change, according to history."""
    likely = plan.risks.files
    return {
        id: [file.path for file in likely[id]] for id, globs in expected.items() if not globs and id in likely
    }


def _titles(task_context: TaskContext) -> dict[TaskId, str]:
    parts = {part.id: part.title for task in task_context.plan.tasks.values() for part in task.subtasks}
    return {task.id: task.title for task in task_context.plan.tasks.values()} | parts


def _touched(task_context: TaskContext, unit: WorkUnit) -> Sequence[TouchedPath]:
    try:
        found = find_touched(task_context.repository, task_context.shared, task_context.store)
    except GitcoordError:
        return ()
    return [one for one in found if unit.task.id not in (one.task, *one.known_to)]
