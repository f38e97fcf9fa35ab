"""What handing a task in would do, without doing any of it."""

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.merging.fold import FoldConflict, FoldOutcome, fold_in_memory
from gitcoord.merging.rounds import present_round
from gitcoord.running.brought_back import check_brought_back
from gitcoord.running.complete import check_ready
from gitcoord.running.deferred import check_reworked
from gitcoord.running.model import TaskContext
from gitcoord.running.own_work import carried_note, check_brought, find_carried
from gitcoord.running.submit import not_folded_yet, require_commits
from gitcoord.running.task_list import as_handed_in, changed_lists
from gitcoord.sentences import some
from gitcoord.tasks.model import TaskId


class SubmissionPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a hand-in of `head` would do: where it would be folded in, or what conflicts there."""

    task: TaskId
    branch: str
    head: Oid | None
    folded_into: str | None = None
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = True


def rehearse(desk: TaskContext, *, allow_empty: bool) -> SubmissionPreview:
    """Looks at everything that a hand-in looks at. Raises what that would raise, but for a conflict."""
    check_ready(desk)
    head = desk.local_tip or desk.shared_tip
    check_brought_back(desk)
    on_base = [] if allow_empty else require_commits(desk, head)
    brought = check_brought(desk, head)
    told = SubmissionPreview(task=desk.task.id, branch=desk.task.branch, head=head)
    if head is None:
        return told
    check_reworked(desk, head)
    notes = [*on_base, *brought]
    if left_out := changed_lists(desk, head):
        notes.append(f"would leave out changes to the task list: {', '.join(left_out)}")
    carried = find_carried(desk, head)
    held = bool(carried) and desk.settings.foreign_commits == "hold"
    after = (*notes, *carried_note(desk, carried))
    if desk.plan.strategy != "single-pr" or on_base or held:
        return msgspec.structs.replace(told, notes=after)
    if later := not_folded_yet(desk, head):
        return msgspec.structs.replace(told, notes=(*after, later))
    into = present_round(desk.plan.level_of(desk.task.id), desk.progress)
    outcome = _fold(desk, head, into)
    if isinstance(outcome, FoldConflict):
        why = f"it would be deferred: it does not go into {into} in {some(outcome.paths)}"
        return msgspec.structs.replace(told, conflicts=outcome.paths, notes=(*after, why))
    return msgspec.structs.replace(told, folded_into=into, notes=after)


def _fold(desk: TaskContext, head: Oid, into: str) -> FoldOutcome:
    tip = desk.tips.get(into)
    landed = tip is not None and desk.ancestry.contains(desk.base_commit, tip)
    start = desk.base_commit if tip is None or landed else tip
    real, named = desk.repository, {"task": desk.task.id, "title": desk.task.title, "branch": into}
    with real.git.quarantine() as git:
        aside = Repository(git, real.root, real.common_dir, real.remote)
        head = as_handed_in(desk, git, head)
        return fold_in_memory(aside, start, head, rulebook(desk.settings.rules), **named)
