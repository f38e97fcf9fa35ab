"""What a rollback says: its commit, its branch and its pull request."""

import hashlib
from collections.abc import Sequence

from gitcoord.evidence.trailers import ROLLED_BACK, trailer
from gitcoord.git.git_cli import Git
from gitcoord.landing.rollback.model import RollbackSnapshot
from gitcoord.landing.rollback.plan_rollback import Reverse
from gitcoord.redact import redact
from gitcoord.text_lists import inert, named_tasks

_MARKER = "<!-- gitcoord rollback"
_MOST_NAMED = 12


def branch_name(sight: RollbackSnapshot, back: Reverse) -> str:
    """The branch of a rollback's pull request: the same for the same landings, whoever asks and when."""
    return f"rollback/{sight.levels[0]}-{_digest(back)}"


def title(sight: RollbackSnapshot) -> str:
    """The subject of the commit, and the title of the pull request."""
    return f"Roll back {', '.join(sight.levels)}: {named_tasks(list(sight.wanted), _MOST_NAMED)}"


def message(git: Git, sight: RollbackSnapshot, back: Reverse) -> str:
    """The message of the commit; its trailers are what says later that the landings do not count."""
    return f"{title(sight)}\n\n{_reverted(git, back)}\n\n{trailers(sight)}\n"


def body(git: Git, sight: RollbackSnapshot, back: Reverse) -> str:
    """The text of the pull request; it ends with the trailers, which a squash may take from here."""
    waits = (
        "The tasks count as not landed once this is merged; `gitcoord checkout TASK` brings one's work back."
    )
    marker = f"{_MARKER} {_digest(back)} -->"
    return f"{marker}\n{_reverted(git, back)}\n\n{waits}\n\n{trailers(sight)}"


def trailers(sight: RollbackSnapshot) -> str:
    """A line for each task and the head that had landed."""
    return "\n".join(trailer(ROLLED_BACK, task, landing.head) for task, landing in sight.wanted.items())


def _reverted(git: Git, back: Reverse) -> str:
    if not back.commits:
        return "What landed had changed nothing."
    found = subjects(git, back.commits)
    lines = [
        f"- {commit} {plain_subject(subject)}" for commit, subject in zip(back.commits, found, strict=True)
    ]
    return "\n".join(["This reverts, newest first:", "", *lines])


def subjects(git: Git, commits: Sequence[str]) -> list[str]:
    """The first line of each commit's message."""
    return git.text("show", "--no-patch", "--format=%s", *commits).split("\n") if commits else []


def plain_subject(subject: str) -> str:
    """A subject as plain words: nothing in it mentions anybody or closes anything."""
    return inert(redact(subject)[:100]).replace("<", "‹").replace("`", "'")


def _digest(back: Reverse) -> str:
    tasks = sorted(f"{task} {head}" for unit in back.units for task, head in unit.tasks)
    text = "\n".join([*back.commits, *tasks])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
