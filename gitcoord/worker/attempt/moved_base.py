"""Resets the base, in a repository without a remote, if an agent moved it without the checks of landing.

Does so only if git's trace proves that each move since the command began is one of the agent's.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gitcoord.git.bound_worktree import administration
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.git_trace import BRANCH_COMMANDS, WRITE_COMMANDS, GitProcess
from gitcoord.worker.attempt.kept_commits import keep_also, kept_ref


class _RefMove(msgspec.Struct, frozen=True):
    """One line of a reflog. Source: https://git-scm.com/docs/git-reflog, files in `logs/`."""

    line: str
    old: Oid
    new: Oid
    at: float
    """In seconds since the epoch."""


def put_base_back(context: AttemptContext, processes: Sequence[GitProcess], was: Oid) -> None:
    """Resets the base to `was` if only these git processes of the attempt moved it, and logs that.

    Keeps the commits that the base got meanwhile under a ref. Does not reset a base that others moved, too.
    """
    task_context = context.task_context
    repository, plan = task_context.repository, task_context.plan
    ref, now = HEADS + plan.base, repository.resolve(HEADS + plan.base)
    if now is None or not was or now == was:
        return
    if not _moved_by(repository, plan.base, (was, now), context.directory, processes):
        return
    kept = kept_ref(plan.generation, context.unit.id, context.attempt)
    keep_also(repository, kept, now)
    reset = repository.git.run("update-ref", ref, was, now, ok=())
    if reset.code != 0:
        to = f"to {now[:12]}, and it cannot be reset to {was[:12]}"
        context.log.say(f"the agent's git moved {plan.base}, the base, {to}: {reset.reason}")
    else:
        context.outside.moved(plan.base, was)
        back = f"reset it to {was[:12]}; the commits that were on it meanwhile are kept: git log {kept}"
        context.log.say(f"the agent's git moved {plan.base}, the base, to {now[:12]}; {back}")


def _moved_by(
    repository: Repository, base: str, way: tuple[Oid, Oid], own: Path, processes: Sequence[GitProcess]
) -> bool:
    """Whether each move of the base between the two commits of `way` was made by one of these processes."""
    was, now = way
    moves = list(_moves(repository.common_dir / "logs" / (HEADS + base)))
    since = next((n + 1 for n, move in reversed(list(enumerate(moves))) if move.new == was), None)
    if since is None or not moves[since:] or moves[-1].new != now:
        return False
    place = administration(repository.common_dir, own)
    # A checkout of the base itself has the same lines in its log of HEAD.
    seen = {move.line for move in _moves(place / "logs/HEAD")} if place is not None else set[str]()
    mine = [process for process in processes if process.ran_in == str(own.resolve())]
    return all(move.line in seen or _made_by(mine, move, base) for move in moves[since:])


def _made_by(processes: Sequence[GitProcess], move: _RefMove, base: str) -> bool:
    """Whether one of the processes may have moved the base at the time of `move`."""
    for process in processes:
        if not int(process.began) <= move.at <= process.ended:
            continue
        astray = process.worktree != process.ran_in and process.command in WRITE_COMMANDS
        if astray or (process.command in BRANCH_COMMANDS and process.names(base)):
            return True
    return False


def _moves(log: Path) -> Iterator[_RefMove]:
    try:
        lines = log.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        who, _, _ = line.partition("\t")
        words = who.split(" ")
        if len(words) > 3 and words[-2].isdigit():
            yield _RefMove(line=line, old=words[0], new=words[1], at=float(words[-2]))
