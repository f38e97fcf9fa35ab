"""Moves shared refs with one git process, each with an explicit lease: by a push, or in this repository."""

from collections.abc import Sequence
from pathlib import Path

from gitcoord.git.git_cli import Git, stdin_lines
from gitcoord.git.git_result import GitResult
from gitcoord.git.ref_cache import HEADS, RefUpdate
from gitcoord.git.repository import Repository


def push(repository: Repository, updates: Sequence[RefUpdate]) -> GitResult:
    """Pushes the refs to the remote, all or none, without the hooks of this repository."""
    return repository.git.run(*_push_command(repository, updates), ok=())


def push_with_hooks(
    repository: Repository, updates: Sequence[RefUpdate]
) -> tuple[GitResult, tuple[str, int] | None]:
    """Pushes with the hooks of this repository; also returns the hook that failed, with its exit code (else
    None).
    """
    from gitcoord.git.failures import refusing_hook
    from gitcoord.git.object_quarantine import scratch_directory

    with scratch_directory() as scratch:
        trace = Path(scratch) / "trace"
        traced = {"GIT_TRACE2_EVENT": str(trace)}
        git = _where_checked_out(repository, updates)
        ended = git.run(*_push_command(repository, updates), hooks=True, ok=(), environment=traced)
        return ended, refusing_hook(trace) if ended.code != 0 and trace.exists() else None


def update_here(repository: Repository, updates: Sequence[RefUpdate]) -> GitResult:
    """Moves the refs in this repository, all or none, with the worktrees that have them checked out."""
    from gitcoord.git.worktree_sync import WorktreeSync

    commands = stdin_lines(update.command() for update in updates)
    moves = [(u.ref, u.old, u.new) for u in updates]
    with WorktreeSync(repository.git, moves, repository.common_dir) as moving:
        result = repository.git.run("update-ref", "--stdin", input=commands, ok=())
        if result.code == 0:
            moving.keep()
        return result


def _push_command(repository: Repository, updates: Sequence[RefUpdate]) -> tuple[str, ...]:
    address = repository.address or ""
    leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
    specs = [f"{update.new or ''}:{update.ref}" for update in updates]
    atomic = ("--atomic",) if len(updates) > 1 else ()
    options = ("--porcelain", "--quiet", "--no-follow-tags", "--recurse-submodules=no", *atomic, *leases)
    # With `mirror = true` for the remote, git refuses to push single refs.
    return ("-c", f"remote.{address}.mirror=false", "push", *options, "--", address, *specs)


def _where_checked_out(repository: Repository, updates: Sequence[RefUpdate]) -> Git:
    """Returns the git of the worktree with the pushed branch or commit: a hook reads the files there.

    Without such a worktree, returns the repository's git.
    """
    from gitcoord.git.bound_worktree import bound
    from gitcoord.git.worktree_list import place_of

    place = place_of(repository.git, {one.ref: one.new for one in updates if one.ref.startswith(HEADS)})
    return repository.git if place is None else bound(repository.git, place, repository.common_dir)
