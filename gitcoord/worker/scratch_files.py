"""Handles scratch files in a branch at submit, according to the rule `on-scratch`.

Only files that the branch adds count: the base's files were accepted before.
"""

import os

from gitcoord.conflicts.changes import changes_between
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.bound_worktree import bound
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.worktree_list import worktrees
from gitcoord.settings import RuleSettings
from gitcoord.text_lists import some
from gitcoord.worker.own_work import began_at
from gitcoord.worker.task_context import TaskContext


def treat_scratch(context: TaskContext, rules: RuleSettings, *, dry_run: bool = False) -> tuple[str, ...]:
    """Returns the scratch files that the task's branch adds, and treats them according to `on-scratch`.

    `refuse` raises `scratch` (exit 1). `drop` commits their removal, except with `dry_run`, and raises
    `scratch` if it cannot; the files stay in the history of the branch. `allow` leaves them.
    """
    head = context.local_tip or context.shared_tip
    found = () if head is None else _added_scratch(context, head, Rulebook(rules))
    if not found or rules.on_scratch == "allow":
        return found
    if rules.on_scratch == "refuse":
        raise _refusal(context, found)
    if not dry_run:
        _drop(context, found)
    return found


def _added_scratch(context: TaskContext, head: Oid, book: Rulebook) -> tuple[str, ...]:
    git = context.repository.git
    since = began_at(context, head)
    if since is None:
        return ()
    [changes] = changes_between(git, [(since, head)])
    return book.by("scratch", sorted(changes.added))


def _drop(context: TaskContext, paths: tuple[str, ...]) -> None:
    place = worktrees(context.repository.git).get(HEADS + context.task.branch)
    git = bound(context.repository.git, place, context.repository.common_dir) if place else None
    if git is None or git.lines("diff", "--name-only", "HEAD") or git.probe("rev-parse", "MERGE_HEAD"):
        raise _refusal(context, paths)
    listed = b"\0".join(map(os.fsencode, paths))
    options = ("--quiet", "--pathspec-from-file=-", "--pathspec-file-nul")
    git.run("--literal-pathspecs", "rm", *options, input=listed)
    message = "Leave scratch files out"
    git.run("commit", "--quiet", "--no-verify", "-m", message, environment=context.repository.identity)


def _refusal(context: TaskContext, paths: tuple[str, ...]) -> GitcoordError:
    return answer_no(
        "scratch",
        f"{context.task.branch} adds files that must not land: {some(paths)}.",
        "Remove them with `git rm --cached` and commit; or change `scratch` or `on-scratch` in the rules.",
    )
