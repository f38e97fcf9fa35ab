"""What an agent is told: the task in words, in a file, and in the environment. Never on a command line."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.running.model import Desk
from gitcoord.running.touched import Touched
from gitcoord.running.worker.unit import WorkUnit
from gitcoord.sentences import named_tasks
from gitcoord.tasks.model import Subtask, Task, TaskId

_MOST_PATHS = 60


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit's work conflicts with: `commit` is being merged, `name` is what people call it.

    `like` is the commit of the same tree that has the right merge base, where that is another one.
    """

    commit: str
    name: str
    like: str = ""
    paths: tuple[str, ...] = ()
    others: tuple[TaskId, ...] = ()
    exclusive: bool = False
    """The two merge; the work came second where only one task at a time may work."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a prompt is made of. `task` is its entry in the list; `kept` are refs of this clone."""

    unit: WorkUnit
    task: Task | None = None
    touched: Sequence[Touched] = ()
    expected: Mapping[TaskId, Sequence[str]] = {}
    clash: Clash | None = None
    earlier: str = ""
    kept: Sequence[str] = ()
    check: str = ""
    commits: bool = True


def expected_paths(desk: Desk, unit: WorkUnit) -> dict[TaskId, tuple[str, ...]]:
    """The globs that tasks and subtasks which are being worked at just now say they will touch."""
    parts = {part.id: part.modifies for task in desk.plan.tasks.values() for part in task.subtasks}
    globs = {task.id: task.modifies for task in desk.plan.tasks.values()} | parts
    return {
        id: globs[id]
        for id, known in desk.progress.items()
        if id != unit.id and known.attempt is not None and known.attempt.running and globs.get(id)
    }


def prompt(brief: Brief) -> str:
    """The prompt in Markdown; the most important comes first."""
    parts = [
        _heading(brief),
        *_conflict(brief),
        *_work(brief),
        *_earlier(brief),
        *_others(brief),
        _rules(brief),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _heading(brief: Brief) -> str:
    unit = brief.unit
    kind = "Task" if unit.subtask is None else "Subtask"
    return f"# {kind} {unit.id}: {unit.title}"


def _work(brief: Brief) -> list[str]:
    task = brief.task
    if task is None:
        return []
    subtask = next((part for part in task.subtasks if part.id == brief.unit.id), None)
    if subtask is not None:
        return [*_subtask(subtask), f"## The whole task {task.id}: {task.title}", *_task(task)]
    return _task(task)


def _subtask(subtask: Subtask) -> list[str]:
    return [subtask.details]


def _task(task: Task) -> list[str]:
    texts = [task.description]
    if task.details:
        texts += ["### Details", task.details]
    if task.test_strategy:
        texts += ["### How it is tested", task.test_strategy]
    return texts


def _conflict(brief: Brief) -> list[str]:
    clash = brief.clash
    if clash is None:
        return []
    against = named_tasks(clash.others) if clash.others else clash.name
    listed = "\n".join(f"- `{path}`" for path in clash.paths)
    if clash.exclusive:
        return [
            "## First: come after what is there",
            f"Only one task at a time may work at some paths, and {against} came first. {clash.name} has "
            f"been merged into the working copy without a conflict. Look at:\n\n{listed}",
            "Adapt the work of this branch to what came first: take the next free number, for example, or "
            "generate the file anew. The work itself was finished before; change nothing else without need.",
        ]
    return [
        "## First: resolve a conflict",
        f"The work on this branch conflicts with {against}. {clash.name} has been merged into the working "
        f"copy, which holds conflict markers in:\n\n{listed}",
        "Resolve them so that both sides keep what they were made for, and leave no marker behind. "
        "The work itself was finished before; change nothing else without need.",
    ]


def _earlier(brief: Brief) -> list[str]:
    ended = f"It ended: {brief.earlier}. What it left is in the working copy; look before you begin."
    refs = ", ".join(f"`{ref}`" for ref in brief.kept)
    kept = f"Commits that are not on this branch were kept: {refs} (see `git log REF`, `git cherry-pick`)."
    texts = [*([ended] if brief.earlier else []), *([kept] if brief.kept else [])]
    return ["## An earlier attempt", *texts] if texts else []


def _others(brief: Brief) -> list[str]:
    lines = [
        f"- `{one.path}`: task {one.task} ({' '.join(one.title.split())}), on {one.branch}"
        for one in brief.touched[:_MOST_PATHS]
    ]
    lines += [
        f"- {', '.join(f'`{g}`' for g in globs)}: {id}, expected" for id, globs in brief.expected.items()
    ]
    if not lines:
        return []
    more = len(brief.touched) - _MOST_PATHS
    lines += [f"- and {more} more"] if more > 0 else []
    return [
        "## Files that others are changing",
        "Keep out of these where you can; where you cannot, keep the change small.\n\n" + "\n".join(lines),
    ]


def _rules(brief: Brief) -> str:
    commit = (
        "Commit your work, or leave it: what is left is committed." if brief.commits else "Commit your work."
    )
    check = f" This is run at the end and has to succeed: `{brief.check}`." if brief.check else ""
    return (
        "## How to hand it in\n\n"
        f"You are on the branch `{brief.unit.branch}` in a checkout of your own. {commit} Do not switch "
        f"branches, do not push, do not merge.{check} `gitcoord check-file PATH` tells who else is at a file."
    )
