"""Finds the branches of other gitcoord states in the same repository, under other prefixes.

A branch belongs to the plan or journal that names it. The search reads all refs that look like a plan or a
task's record, so only commands that create new branch names use it.
"""

from collections.abc import Iterator

from gitcoord.errors import GitcoordError
from gitcoord.events import AttemptStarted, TaskStarted, TaskSubmitted
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import decode
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.planning.model import Plan
from gitcoord.state.journal import read_entries


def foreign_branches(shared: SharedRefs) -> dict[str, str]:
    """Returns every branch that a plan or journal under another prefix names, with that prefix.

    Raises `unreachable` if the remote cannot be read.
    """

    def wanted(ref: str) -> bool:
        copies = ref.startswith((shared.state_prefix, "refs/gitcoord-mirror/", "refs/remotes/"))
        return not copies and _prefix(ref) is not None

    found: dict[str, str] = {}
    for ref, tip in shared.everywhere(wanted).items():
        for branch in _branches(shared.git, ref, tip):
            found.setdefault(branch, _prefix(ref) or "")
    return found


def _prefix(ref: str) -> str | None:
    if ref.endswith("/plan"):
        return ref.removesuffix("plan")
    before, tasks, _ = ref.partition("/tasks/")
    return f"{before}/" if tasks else None


def _branches(git: Git, ref: str, tip: Oid) -> Iterator[str]:
    if (plan := _plan_at(git, tip) if ref.endswith("/plan") else None) is not None:
        yield from (task.branch for task in plan.tasks.values())
        yield from (level.branch for level in plan.levels)
        return
    try:
        entries = read_entries(git, [tip])
    except GitcoordError:
        return  # refs of another program
    for entry in entries:
        if isinstance(entry.event, TaskStarted | TaskSubmitted | AttemptStarted):
            yield entry.event.branch


def _plan_at(git: Git, tip: Oid) -> Plan | None:
    text = git.run("cat-file", "blob", f"{tip}:plan.json", ok=())
    plan: Plan | None = decode(text.stdout, Plan) if text.code == 0 else None
    return plan
