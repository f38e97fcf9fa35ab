"""Makes the errors for fetching and pushing shared refs: what failed, where, and what to do."""

from collections.abc import Collection, Sequence

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.failures import GitFailure, failure_of, rejections
from gitcoord.git.git_result import GitResult
from gitcoord.git.ref_cache import HEADS, RefUpdate
from gitcoord.git.refs import name_clashes
from gitcoord.text_lists import some


def push_error(
    remote: str | None,
    updates: Sequence[RefUpdate],
    result: GitResult,
    *,
    hook: tuple[str, int] | None,
    known: Collection[str],
) -> GitcoordError:
    """Makes the error for refs that could not be moved although nobody else moved them.

    `hook`: the hook of this repository that failed, and its exit code. `known`: the existing refs.
    """
    names = ", ".join(update.ref.removeprefix(HEADS) for update in updates)
    if hook is not None:
        return _hook_error(names, result, hook)
    made = [update.ref for update in updates if update.new]
    for ref, other in name_clashes(made, set(known) - {one.ref for one in updates if not one.new}).items():
        return name_taken(remote, [ref], other)
    said = f" It says: {result.remote_text}" if result.remote_text else ""
    rejected = list(rejections(result.text)) if remote else []
    if rejected:
        # A ref that was not tried because another one failed carries no information.
        told = max(rejected, key=lambda one: one.passing == "never")
        return GitcoordError(
            "push-refused",
            f"The remote {remote} refused to move {names}: {told.summary}.{said}",
            hint="Check that you may push there, and that the branch is not protected against it.",
            passing=told.passing,
        )
    failure = failure_of(result.stderr)
    if remote is None:
        return GitcoordError(
            "push-refused", f"Git refused to move {names}: {result.reason}", passing=failure.passing
        )
    if failure.cause == "here":
        return _local_error(f"{names} could not be moved", result, failure)
    return GitcoordError(
        "push-refused",
        f"{names} could not be pushed to the remote {remote}: {result.reason}.{said}",
        hint=f"Try `git push {remote}`; check the network, the URL and your credentials.",
        passing=failure.passing,
    )


def fetch_error(
    remote: str, result: GitResult, *, readable: bool, broken: Sequence[str], here: Sequence[str] = ()
) -> GitcoordError:
    """Makes the error for a fetch.

    `readable`: the remote lists its refs; `broken` are those without a commit, `here` the unreadable refs of
    this repository.
    """
    failure = failure_of(result.stderr)
    if here and failure.cause == "broken-ref":
        return GitcoordError(
            "broken-ref",
            f"{some(here, 2)} in this repository points to nothing, so git cannot fetch: {result.reason}.",
            hint="A crash of the machine may be the cause. Restore it from another clone, or delete it.",
        )
    if broken or (readable and failure.cause == "broken-ref"):
        names = f" {', '.join(broken)}" if broken else ""
        return GitcoordError(
            "broken-ref",
            f"The remote {remote} has a broken ref{names} and cannot be read: {result.reason}.",
            hint="Restore or delete that ref on the remote; gitcoord leaves it as it is.",
        )
    if failure.cause == "here":
        return _local_error(f"The objects that {remote} sent could not be stored here", result, failure)
    return GitcoordError(
        "unreachable",
        f"The remote {remote} cannot be read: {result.reason}",
        hint=f"Try `git fetch {remote}`; check the network, the URL and your credentials.",
        passing=failure.passing,
    )


def unwritable(remote: str, broken: Sequence[str]) -> GitcoordError:
    """Makes the error for a push to a remote with the broken refs `broken`: git accepts no push there."""
    return GitcoordError(
        "broken-ref",
        f"The remote {remote} accepts no push while {', '.join(broken)} points to nothing there.",
        hint="Restore or delete that ref on the remote; gitcoord leaves it as it is.",
        passing="never",
    )


def name_taken(
    remote: str | None, refs: Sequence[str], other: str, *, exit: Exit = Exit.REFUSED
) -> GitcoordError:
    """Makes the error for `refs` that cannot be made because of the ref `other`."""
    names, taken = [ref.removeprefix(HEADS) for ref in refs], other.removeprefix(HEADS)
    where = f"on the remote {remote}" if remote else "in this repository"
    return GitcoordError(
        "name-taken",
        f"{some(names, 2)} cannot be made {where}: {taken} exists, and git cannot keep both.",
        hint=f"Delete or rename {taken}; or set other names in the settings (`task-branch`, `level-branch`, "
        "`state-prefix`) and plan again.",
        exit=exit,
        passing="never",
    )


def _hook_error(names: str, result: GitResult, hook: tuple[str, int]) -> GitcoordError:
    name, code = hook
    said = f"says: {result.hook_text}" if result.hook_text else f"ended with code {code}."
    return GitcoordError(
        "push-refused",
        f"{names} could not be pushed. The {name} hook {said}",
        hint="Do what the hook asks for, commit, and try again.",
        passing="never",
    )


def _local_error(what: str, result: GitResult, failure: GitFailure) -> GitcoordError:
    return GitcoordError(
        "git-failed",
        f"{what}: {result.reason}",
        hint="Check the disk, and the permissions of this repository.",
        passing=failure.passing,
    )
