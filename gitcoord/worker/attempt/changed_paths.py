"""Lists the paths that a branch and its checkout change, for a check that reads only these."""

from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.hold_back_rules import unwanted_files
from gitcoord.worker.own_work import began_at
from gitcoord.worker.task_context import TaskContext


def changed_paths(task_context: TaskContext, copy: WorkingCopy) -> list[str]:
    """Returns the paths changed since the branch left the base, also uncommitted and deleted ones, sorted.

    Leaves out uncommitted files that are never committed: files carried in or made by the setup, scratch
    files, and files held back. During a merge with the other side of a conflict, that side counts as the
    base.
    """
    git, rules = copy.git, task_context.settings.rules
    head = git.text("rev-parse", "--verify", "HEAD")
    since = (
        git.probe("rev-parse", "--verify", "--quiet", "MERGE_HEAD") or began_at(task_context, head) or head
    )
    changed = _names(git.text("diff", "--name-only", "--no-renames", "-z", since))
    unknown = _names(git.text("ls-files", "--others", "--exclude-standard", "-z"))
    staged = _names(
        git.text("diff", "--cached", "--name-only", "--no-renames", "--diff-filter=A", "-z", head)
    )
    given = ProvidedFiles(copy)
    left_out = {path for path in unknown if given.holds(path)}
    left_out.update(
        Rulebook(rules).by("scratch", unknown), unwanted_files(copy.directory, [*unknown, *staged], rules)
    )
    return sorted({*changed, *unknown} - left_out)


def _names(listed: str) -> list[str]:
    return [path for path in listed.split("\0") if path]
