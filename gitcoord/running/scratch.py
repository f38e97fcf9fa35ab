"""Leftovers that must not land: what handing in does about them, as `on-scratch` in the rules says.

Only files that the branch adds count: one that the base already has is the project's own decision.
"""

import os

from gitcoord.conflicts.changes import changes_between
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.bound import bound
from gitcoord.git.checked_out import worktrees
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS
from gitcoord.running.model import TaskContext
from gitcoord.running.own_work import began_at
from gitcoord.sentences import some
from gitcoord.settings import RuleSettings


def settle_scratch(desk: TaskContext, rules: RuleSettings, *, dry_run: bool = False) -> tuple[str, ...]:
    """The scratch files that the task's branch would bring, after dropping them where that is wanted.

    `refuse` raises `scratch` (exit 1); `drop` commits their removal to the branch, in whose history they
    stay; `allow` leaves them.
    """
    head = desk.local_tip or desk.shared_tip
    found = () if head is None else _added_scratch(desk, head, Rulebook(rules))
    if not found or rules.on_scratch == "allow":
        return found
    if rules.on_scratch == "refuse":
        raise _refusal(desk, found)
    if not dry_run:
        _drop(desk, found)
    return found


def _added_scratch(desk: TaskContext, head: Oid, book: Rulebook) -> tuple[str, ...]:
    git = desk.repository.git
    since = began_at(desk, head)
    if since is None:
        return ()
    [changes] = changes_between(git, [(since, head)])
    return book.by("scratch", sorted(changes.added))


def _drop(desk: TaskContext, paths: tuple[str, ...]) -> None:
    place = worktrees(desk.repository.git).get(HEADS + desk.task.branch)
    git = bound(desk.repository.git, place, desk.repository.common_dir) if place else None
    if git is None or git.lines("diff", "--name-only", "HEAD") or git.probe("rev-parse", "MERGE_HEAD"):
        raise _refusal(desk, paths)
    listed = b"\0".join(map(os.fsencode, paths))
    options = ("--quiet", "--pathspec-from-file=-", "--pathspec-file-nul")
    git.run("--literal-pathspecs", "rm", *options, input=listed)
    message = "Leave scratch files out"
    git.run("commit", "--quiet", "--no-verify", "-m", message, environment=desk.repository.identity)


def _refusal(desk: TaskContext, paths: tuple[str, ...]) -> GitcoordError:
    return answer_no(
        "scratch",
        f"{desk.task.branch} adds files that must not land: {some(paths)}.",
        "Take them out with `git rm --cached` and commit; or change `scratch` or `on-scratch` in the rules.",
    )
