"""A unit's checkout: makes it, reuses it, or replaces it. Never submits files of an incomplete checkout."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.git_cli import Oid
from gitcoord.git.hooked_commits import commit_with_hooks
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy, add_worktree, in_use
from gitcoord.git.worktree_list import worktree_fields, worktrees
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.commit_message import commit_message
from gitcoord.worker.attempt.held_back_store import move_held_back
from gitcoord.worker.attempt.kept_commits import checkout_ref, keep_commits
from gitcoord.worker.attempt.nested_repositories import move_out
from gitcoord.worker.attempt.submodules import before_moving, bring_in
from gitcoord.worker.checkout import CheckoutOptions, check_out
from gitcoord.worker.rewritten_work import was_here
from gitcoord.worker.task_context import TaskContext, load_task_context
from gitcoord.worker.unit import WorkUnit

_READY, _UNREADY = "gitcoord-ready", "gitcoord-unready"
_KEPT = "Keep changes of an earlier attempt"


def check_free(repository: Repository, unit: WorkUnit, directory: Path) -> None:
    """Raises `in-use` (exit 1) if the unit's branch is checked out elsewhere: a person may work there."""
    place = worktrees(repository.git).get(HEADS + unit.branch)
    if place is not None and place.resolve() != directory.resolve():
        raise in_use(unit.branch, place)


def prepare(
    task_context: TaskContext,
    unit: WorkUnit,
    options: CheckoutOptions,
    start: Oid,
    directory: Path,
    say: Callable[[str], None],
) -> WorkingCopy:
    """Makes or reuses the unit's checkout at `directory`, on its branch; merges a pending conflict into it.

    Calls `say` for each nested repository that it moves out of a checkout that it replaces, and if it commits
    without hooks. The caller must already have saved uncommitted work.
    """
    repository = task_context.repository
    moved: tuple[Path, ...] = ()
    if options.fresh:
        moved = remove(repository, directory)
        _begin_anew(task_context, unit, start)
        task_context = load_task_context(
            repository, task_context.shared, task_context.store, unit.task.id, task_context.settings
        )
    elif not _usable(repository, directory, unit.branch) and not _switched_back(repository, unit, directory):
        moved = remove(repository, directory)
    else:
        deferred = task_context.progress.get(unit.id, PENDING).deferral is not None
        _tidy(repository, WorkingCopy(repository, directory), unit.branch)
        if deferred:
            _commit_left(task_context, unit, WorkingCopy(repository, directory), say)
    for place in moved:
        say(f"moved a repository that was made in the checkout to {place}")
    directory.parent.mkdir(parents=True, exist_ok=True)
    copy = WorkingCopy(repository, directory)
    before = before_moving(copy)
    with _unready_meanwhile(copy):
        if unit.subtask is None:
            check_out(
                task_context,
                CheckoutOptions(stack=options.stack, now=options.now, rewritten=True, worktree=directory),
            )
        else:
            _take_subtask(task_context, unit, start, directory)
        bring_in(repository, copy, before)
    ready(copy)
    return copy


def ready(copy: WorkingCopy) -> None:
    """Marks the checkout as complete: files that appear in it from now on are somebody's work."""
    place = copy.administration()
    if place is None:
        return
    try:
        # A rename needs no space: the disk may be full.
        (place / _UNREADY).replace(place / _READY)
    except FileNotFoundError:
        (place / _READY).touch()


def is_ready(copy: WorkingCopy) -> bool:
    """Whether the checkout is complete. In an incomplete one a killed git may have left half of its files."""
    place = copy.administration()
    return place is not None and (place / _READY).exists()


def unready(copy: WorkingCopy) -> None:
    """Marks the checkout as incomplete before git writes to it: what a crash then leaves is not work."""
    place = copy.administration()
    if place is not None:
        with suppress(FileNotFoundError):
            (place / _READY).replace(place / _UNREADY)


def unlock(repository: Repository, copy: WorkingCopy, own: str) -> tuple[str, ...]:
    """Removes git's lock files of a checkout in which no process is alive.

    Returns their names without `.lock`. `own` is the unit's branch; another branch may be checked out.
    """
    place, branches = copy.administration(), dict.fromkeys(filter(None, (own, copy.branch())))
    if place is None:
        return ()
    locks = [place / f"{name}.lock" for name in ("index", "HEAD", "ORIG_HEAD")]
    # Only the lock of this checkout's branch: other checkouts may be writing shared refs.
    locks += [repository.common_dir / f"{HEADS}{branch}.lock" for branch in branches]
    left = [lock for lock in locks if lock.exists()]
    for lock in left:
        lock.unlink(missing_ok=True)
    return tuple(lock.name.removesuffix(".lock") for lock in left)


@contextmanager
def _unready_meanwhile(copy: WorkingCopy) -> Iterator[None]:
    """Marks the checkout as incomplete while git writes to it.

    If git fails, marks a checkout that was complete as complete again: its old files are work.
    """
    unready(copy)
    try:
        yield
    except GitcoordError:
        place = copy.administration()
        if place is not None and (place / _UNREADY).exists():
            ready(copy)
        raise


def clear_done(
    repository: Repository, shared: SharedRefs, unit: WorkUnit, directory: Path, folded: Oid | None
) -> None:
    """Removes the checkout of a finished unit, and the branch of a subtask.

    Keeps both if a tracked file in the checkout was edited. Keeps the branch if it has commits that the
    parent's branch may lack: that one contains only `folded` (None: unknown).
    """
    if _edited(repository, directory):
        return
    remove(repository, directory)
    if unit.subtask is None:
        return
    ref, ancestry = HEADS + unit.branch, repository.ancestry
    there, here = shared.read(ref), repository.resolve(ref)
    done = ancestry.contained(folded, {tip for tip in (there, here) if tip}) if folded else set()
    if there in done:
        shared.publish([RefUpdate(ref, there, None)])
    if here in done:
        repository.git.run("update-ref", "-d", ref, str(here), ok=())


def remove(repository: Repository, directory: Path) -> tuple[Path, ...]:
    """Removes a checkout with its files. Commits stay on their branch, or are kept under a ref.

    Touches only a worktree of this repository. Moves nested repositories out of it, and returns their new
    directories. If a worker and its run remove the checkout at the same time, the first of them saves the
    checkout's commits and files.
    """
    if not _is_own(repository, directory):
        return ()
    try:
        moved = move_out(repository, directory)
        keep_commits(repository, None, directory, checkout_ref(directory))
        move_held_back(repository, directory)
    except (GitcoordError, FileNotFoundError):
        if directory.is_dir():
            raise
        return ()
    # `--force` twice: a worktree is locked if git was killed while making it.
    repository.git.run("worktree", "remove", "--force", "--force", "--", str(directory), ok=())
    if directory.is_dir():
        shutil.rmtree(directory, ignore_errors=True)
        repository.git.run("worktree", "prune", ok=())
    return moved


def _is_own(repository: Repository, directory: Path) -> bool:
    listed = worktree_fields(repository.git)
    known = {Path(field.removeprefix("worktree ")) for field in listed if field.startswith("worktree ")}
    return directory.resolve() in known and directory.resolve() != repository.root


def _edited(repository: Repository, directory: Path) -> bool:
    """Whether an existing tracked file has uncommitted changes. A finished worker leaves no such file."""
    if not directory.is_dir() or not _is_own(repository, directory):
        return False
    try:
        changes = WorkingCopy(repository, directory).changes(untracked=False)
    except GitcoordError:
        return False  # half removed
    return any(os.path.lexists(directory / path) for path in changes)


def _switched_back(repository: Repository, unit: WorkUnit, directory: Path) -> bool:
    """Switches a checkout back to the unit's branch if the agent left that branch, and keeps the files.

    Returns False if the checkout cannot be reused.
    """
    if not directory.is_dir() or not _is_own(repository, directory):
        return False
    copy = WorkingCopy(repository, directory)
    if not is_ready(copy):
        return False
    _tidy(repository, copy, unit.branch)
    ref = HEADS + unit.branch
    head, tip = copy.git.text("rev-parse", "--verify", "HEAD"), repository.resolve(ref)
    if copy.branch() == unit.branch:
        return True
    if tip is None or not repository.ancestry.contains(head, tip):
        return False
    copy.git.run("update-ref", ref, head, tip)
    copy.git.run("symbolic-ref", "HEAD", ref)
    return True


def _usable(repository: Repository, directory: Path, branch: str) -> bool:
    on_it = worktrees(repository.git).get(HEADS + branch) == directory.resolve()
    return on_it and is_ready(WorkingCopy(repository, directory))


def _tidy(repository: Repository, copy: WorkingCopy, own: str) -> None:
    """Removes locks of a killed git process, and aborts its unfinished rebase, cherry-pick or revert."""
    unlock(repository, copy, own)
    begun = copy.operation()
    if begun:
        copy.git.run(begun, "--abort", ok=())


def _commit_left(
    task_context: TaskContext, unit: WorkUnit, copy: WorkingCopy, say: Callable[[str], None]
) -> None:
    """Commits changes to tracked files, because git may refuse a merge if there are any.

    Skips the hooks if the settings turn them off, or if one refuses the changes.
    """
    if copy.merge_state().running or not copy.changes(untracked=False):
        return
    run, who = task_context.settings.run, task_context.repository.identity
    message = commit_message(run.commit_message, task_context.plan, unit) if run.commit_message else _KEPT
    text, refused = message.encode("utf-8", "replace"), "commit-hooks is off"
    if run.commit_hooks:
        refused = commit_with_hooks(copy.git, "--all", "--file=-", message=text, environment=who)
    if refused or copy.changes(untracked=False):  # a hook may have formatted the files
        copy.git.run("commit", "--quiet", "--all", "--no-verify", "--file=-", input=text, environment=who)
    if refused:
        say(f"committed changes of an earlier attempt without the repository's hooks: {refused}")


def _begin_anew(task_context: TaskContext, unit: WorkUnit, start: Oid) -> None:
    repository, ref = task_context.repository, HEADS + unit.branch
    shared = task_context.shared.read(ref)
    if (
        shared is not None
        and shared != start
        and not task_context.shared.publish([RefUpdate(ref, shared, start)])
    ):
        raise GitcoordError(
            "push-raced", f"{unit.branch} moved while gitcoord reset it to its start.", hint="Try again."
        )
    if task_context.shared.remote is not None and repository.resolve(ref) is not None:
        repository.git.run("update-ref", ref, start)


def _take_subtask(task_context: TaskContext, unit: WorkUnit, start: Oid, directory: Path) -> None:
    repository, ref = task_context.repository, HEADS + unit.branch
    local, shared = repository.resolve(ref), task_context.shared.read(ref)
    if worktrees(repository.git).get(ref) != directory.resolve():
        add_worktree(repository, directory, unit.branch, None if local else shared or start)
    if not local or not shared or task_context.ancestry.contains(local, shared):
        return
    if was_here(repository, task_context.ancestry, unit.branch, shared, directory):
        return
    if not task_context.ancestry.contains(shared, local):
        raise answer_no(
            "diverged",
            f"{unit.branch} here and on {task_context.shared.remote} have diverged.",
            f"Merge them in {directory}, or start again with `--fresh`.",
        )
    WorkingCopy(repository, directory).fast_forward(shared)
