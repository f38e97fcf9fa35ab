"""Previews a submit without changing anything."""

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.landing.level_branch import FoldConflict, FoldOutcome, fold_in_memory
from gitcoord.landing.level_branch_names import present_round
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some
from gitcoord.worker.deferred_work import check_reworked
from gitcoord.worker.own_work import carried_note, check_added, find_carried
from gitcoord.worker.ready_to_submit import check_ready
from gitcoord.worker.restore_after_rollback import require_restored
from gitcoord.worker.submit import not_folded_yet, require_commits
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.task_list_changes import as_handed_in, changed_lists


class SubmissionPreview(msgspec.Struct, frozen=True, kw_only=True):
    """The result that submitting `head` would have: the level branch `folded_into`, or conflicts with it."""

    task: TaskId
    branch: str
    head: Oid | None
    folded_into: str | None = None
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = True


def rehearse(context: TaskContext, *, allow_empty: bool) -> SubmissionPreview:
    """Makes the preview. Raises the errors of a submit, except for a new conflict with the level branch."""
    check_ready(context)
    head = context.local_tip or context.shared_tip
    require_restored(context)
    on_base = [] if allow_empty else require_commits(context, head)
    added = check_added(context, head)
    told = SubmissionPreview(task=context.task.id, branch=context.task.branch, head=head)
    if head is None:
        return told
    check_reworked(context, head)
    notes = [*on_base, *added]
    if left_out := changed_lists(context, head):
        notes.append(f"would leave out changes to the task list: {', '.join(left_out)}")
    carried = find_carried(context, head)
    held = bool(carried) and context.settings.foreign_commits == "hold"
    after = (*notes, *carried_note(context, carried))
    if context.plan.strategy != "single-pr" or on_base or held:
        return msgspec.structs.replace(told, notes=after)
    if later := not_folded_yet(context, head):
        return msgspec.structs.replace(told, notes=(*after, later))
    into = present_round(context.plan.level_of(context.task.id), context.progress)
    outcome = _fold(context, head, into)
    if isinstance(outcome, FoldConflict):
        where = f" in {some(outcome.paths)}" if outcome.paths else f": {outcome.problem}"
        why = f"it would be deferred: it conflicts with {into}{where}"
        return msgspec.structs.replace(told, conflicts=outcome.paths, notes=(*after, why))
    return msgspec.structs.replace(told, folded_into=into, notes=after)


def _fold(context: TaskContext, head: Oid, into: str) -> FoldOutcome:
    tip = context.tips.get(into)
    landed = tip is not None and context.ancestry.contains(context.base_commit, tip)
    start = context.base_commit if tip is None or landed else tip
    real, named = (
        context.repository,
        {"task": context.task.id, "title": context.task.title, "branch": into},
    )
    with real.git.quarantine() as git:
        aside = Repository(git, real.root, real.common_dir, real.remote)
        head = as_handed_in(context, git, head)
        return fold_in_memory(aside, start, head, rulebook(context.settings.rules), **named)
