"""The texts of a rollback: of its commit, its branch and its pull request."""

import hashlib
from collections.abc import Sequence

from gitcoord.evidence.trailer_syntax import ROLLED_BACK, trailer
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.git_cli import Git
from gitcoord.landing.rollback.model import RollbackSnapshot
from gitcoord.landing.rollback.plan_rollback import Reversal
from gitcoord.redact import redact
from gitcoord.text_lists import inert, named_tasks, some

_MARKER = "<!-- gitcoord rollback"
_MOST_NAMED = 12


def branch_name(snapshot: RollbackSnapshot, back: Reversal) -> str:
    """Returns the branch of a rollback's pull request; the same landings always give the same name."""
    return f"rollback/{snapshot.levels[0]}-{_digest(back)}"


def title(snapshot: RollbackSnapshot) -> str:
    """Returns the subject of the commit, which is also the title of the pull request."""
    return f"Roll back {', '.join(snapshot.levels)}: {named_tasks(list(snapshot.wanted), _MOST_NAMED)}"


def message(git: Git, snapshot: RollbackSnapshot, back: Reversal) -> str:
    """Returns the message of the commit; its trailers later show that the landings no longer count."""
    return f"{title(snapshot)}\n\n{_reverted(git, back)}\n\n{trailers(snapshot)}\n"


def body(git: Git, snapshot: RollbackSnapshot, back: Reversal) -> str:
    """Returns the text of the pull request; it ends with the trailers, which a squash may copy."""
    waits = "After the merge the tasks count as not landed; `gitcoord checkout TASK` restores a task's work."
    marker = f"{_MARKER} {_digest(back)} -->"
    return f"{marker}\n{_reverted(git, back)}\n\n{waits}\n\n{trailers(snapshot)}"


def is_rollback(pull: Pull) -> bool:
    """Whether gitcoord opened the pull request for a rollback: whether its text has the marker."""
    return _MARKER in pull.body


def trailers(snapshot: RollbackSnapshot) -> str:
    """Returns a trailer for each task with the head that had landed."""
    return "\n".join(trailer(ROLLED_BACK, task, landing.head) for task, landing in snapshot.wanted.items())


def _reverted(git: Git, back: Reversal) -> str:
    if not back.commits:
        return "The landed work had changed nothing."
    found = subjects(git, back.commits)
    lines = [
        f"- {commit} {plain_subject(subject)}" for commit, subject in zip(back.commits, found, strict=True)
    ]
    return "\n".join(["This reverts, newest first:", "", *lines, *_unowned(back)])


def _unowned(back: Reversal) -> list[str]:
    """Returns the lines about reverted changes that no task restores."""
    if not back.unowned:
        return []
    lines = [f"- {one.commit}: {plain_subject(some(one.paths, _MOST_NAMED))}" for one in back.unowned]
    return ["", "It also reverts changes that belong to no task, so that no task restores them:", "", *lines]


def subjects(git: Git, commits: Sequence[str]) -> list[str]:
    """Returns the first line of each commit's message."""
    return git.text("show", "--no-patch", "--format=%s", *commits).split("\n") if commits else []


def plain_subject(subject: str) -> str:
    """Escapes a subject, so it mentions no user and closes no issue."""
    return inert(redact(subject)[:100]).replace("<", "‹").replace("`", "'")


def _digest(back: Reversal) -> str:
    tasks = sorted(f"{task} {head}" for unit in back.units for task, head in unit.tasks)
    text = "\n".join([*back.commits, *tasks])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
