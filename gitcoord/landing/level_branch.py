"""Folds a task's branch into the level branch: merges in memory, pushes by compare-and-swap."""

from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import GitcoordError
from gitcoord.evidence.trailer_syntax import FOLDED, trailer
from gitcoord.git.base_branch import base_missing
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import base_of_stack
from gitcoord.git.write_commits import commit_tree
from gitcoord.text_lists import inert

_ATTEMPTS = 60


class FoldResult(msgspec.Struct, frozen=True, kw_only=True):
    """The level branch at `commit` contains the head; `fresh` is False if it did so before."""

    commit: Oid
    fresh: bool


class FoldConflict(msgspec.Struct, frozen=True, kw_only=True):
    """The head conflicts with the level branch at `onto` in `paths`. Nothing was changed.

    `problem`: why git could not merge at all. `exclusive`: the head merges, but other work changed the
    exclusive `paths` first.
    """

    onto: Oid
    paths: tuple[str, ...]
    problem: str = ""
    exclusive: bool = False


FoldOutcome = FoldResult | FoldConflict


def fold_message(task: str, title: str, branch: str, head: Oid) -> str:
    """Returns the message of the commit that folds a task in."""
    line = inert(" ".join(title.split()))
    return f"Fold task {task} into {branch}: {line}\n\n{trailer(FOLDED, task, head)}\n"


def fold_in_memory(
    repository: Repository,
    tip: Oid,
    head: Oid,
    book: Rulebook | None = None,
    *,
    task: str,
    title: str,
    branch: str,
    below: Sequence[Oid] = (),
) -> FoldOutcome:
    """Merges `head` onto `tip` without moving any ref; `book` has the exclusive paths.

    `below` are heads that `head` is stacked on and that `tip` contains as other commits.
    """
    git = repository.git
    if repository.ancestry.contains(tip, head):
        return FoldResult(commit=tip, fresh=False)
    merged = merge_tree(git, base_of_stack(git, tip, below), head)
    if not merged.clean:
        return FoldConflict(onto=tip, paths=merged.paths, problem=merged.problem)
    apart = overtaken(git, book, tip, head) if book is not None else ()
    if apart:
        return FoldConflict(onto=tip, paths=apart, exclusive=True)
    message = fold_message(task, title, branch, head)
    who, sign = repository.identity, repository.signs
    commit = commit_tree(git, merged.tree, [tip, head], message, environment=who, sign=sign)
    return FoldResult(commit=commit, fresh=True)


def fold_in(
    repository: Repository,
    shared: SharedRefs,
    *,
    branch: str,
    base: str,
    head: Oid,
    task: str,
    title: str,
    book: Rulebook | None = None,
) -> FoldOutcome:
    """Folds `head` into the level branch `branch` (created at `base` if needed) and pushes it.

    Tries again on the newest tip if another worker was faster. Raises `base-missing`, `state-busy` or the
    error of the push.
    """
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

    patience = Retrying(
        retry=retry_if_result(lambda outcome: outcome is None),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        retry_error_callback=lambda state: None,
    )
    outcome = patience(_try_fold, repository, shared, (branch, base), head, (task, title), book)
    if outcome is None:
        raise GitcoordError(
            "state-busy",
            f"Other workers kept moving the level branch {branch} while task {task} was folded in.",
            hint="Run the command again.",
        )
    return outcome


def _try_fold(
    repository: Repository,
    shared: SharedRefs,
    branches: Sequence[str],
    head: Oid,
    named: Sequence[str],
    book: Rulebook | None,
) -> FoldOutcome | None:
    branch, base = branches
    before, base_commit = shared.branch(branch), shared.branch(base)
    if base_commit is None:
        raise base_missing(base)
    # A level branch that has landed, or has no commits of its own, begins again at the base.
    landed = before is not None and repository.ancestry.contains(base_commit, before)
    start = base_commit if before is None or landed else before
    outcome = fold_in_memory(repository, start, head, book, task=named[0], title=named[1], branch=branch)
    if isinstance(outcome, FoldConflict) or not outcome.fresh:
        return outcome
    if shared.publish([RefUpdate(HEADS + branch, before, outcome.commit)]):
        return outcome
    shared.refresh()
    return None
