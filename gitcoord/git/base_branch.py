"""Finds the base branch, on which work lands, and makes the errors for a missing one."""

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import no_commits

_USUAL = ("main", "master", "trunk", "develop")


def find_base(shared: SharedRefs, requested: str | None) -> str:
    """Returns the name of the base.

    That is `requested`; without it, the remote's default, `main`, `master` …, or the only branch. Call this
    after a fetch. Raises `no-such-base` or `unknown-base` (exit 2), which name existing branches, and
    `no-commits` or `empty-remote` if there are none.
    """
    if requested is not None:
        if shared.branch(requested) is None and not shared.branches():
            raise _no_branches(shared)
        if shared.branch(requested) is None:
            raise no_such_base(shared, requested)
        return requested
    branches = shared.branches()
    if not branches:
        raise _no_branches(shared)
    for name in (_remote_default(shared), *_USUAL):
        if name in branches:
            return name
    if len(branches) == 1:
        return next(iter(branches))
    known = ", ".join(sorted(branches)[:8]) or "none"
    raise usage_error(
        "unknown-base",
        f"It is not clear which branch work lands on (branches here: {known}).",
        "Name it with `--base BRANCH` or `base` in gitcoord.toml.",
    )


def no_such_base(shared: SharedRefs, base: str) -> GitcoordError:
    """The error for a base branch that the user named and that does not exist."""
    known = ", ".join(sorted(shared.branches())[:8]) or "none"
    return usage_error(
        "no-such-base", f"The base branch {base!r} does not exist.", f"Branches here: {known}."
    )


def base_missing(base: str) -> GitcoordError:
    """The error for a base branch that somebody deleted or renamed."""
    return usage_error(
        "base-missing",
        f"The plan's base branch {base} does not exist.",
        "Restore it, or plan again with `gitcoord plan --base BRANCH`; for one of several repositories, set "
        "its `base` under [repositories] and plan again.",
    )


def _no_branches(shared: SharedRefs) -> GitcoordError:
    here = shared.git.probe("for-each-ref", "--count=1", "--format=%(refname)", "refs/heads/")
    if shared.remote is None or not here:
        return no_commits()
    branch = shared.repository.current_branch() or "BRANCH"
    return GitcoordError(
        "empty-remote",
        f"The remote {shared.remote} has no branches yet.",
        hint=f"Push the branch that work lands on: `git push -u {shared.remote} {branch}`.",
    )


def _remote_default(shared: SharedRefs) -> str:
    if shared.remote is None:
        return ""
    prefix = f"refs/remotes/{shared.remote}/"
    target = shared.git.probe("symbolic-ref", "--quiet", f"{prefix}HEAD")
    return (target or "").removeprefix(prefix)
