"""The prompt of an agent: a Markdown file. No command line ever contains texts of tasks."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.events import AttemptEnded, Outcome
from gitcoord.tasks.model import Task, TaskId
from gitcoord.text_lists import named_tasks, some
from gitcoord.worker.attempt.exchange_files import CLASHES, EXCHANGE, RESULT
from gitcoord.worker.attempt.prompt.task_section import Sibling, own_work, siblings_section, whole_task
from gitcoord.worker.file_index import TouchedPath
from gitcoord.worker.unit import WorkUnit

_MOST_PATHS, _MOST_SILENT = 60, 12


class ConflictBrief(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a conflict: the merged `commit`, and its `name` for people.

    `like`: a commit with the same tree and the right merge base; empty if `commit` itself has that merge
    base.
    """

    commit: str
    name: str
    like: str = ""
    paths: tuple[str, ...] = ()
    others: tuple[TaskId, ...] = ()
    exclusive: bool = False
    """The two merge cleanly, but another task first changed paths that only one task at a time may change."""
    failure: str = ""
    """The two merge cleanly, but the check fails on the result: why, with the end of its `output`."""
    output: str = ""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """The facts from which a prompt is made. `task` is the entry in the task list.

    `kept` are this clone's refs with commits of earlier attempts, `uncommitted` those with uncommitted work.
    `expected` are the globs that other running tasks declare, `foretold` the paths that running tasks without
    globs will probably change, `titles` the titles of tasks. `earlier` is the end of the attempt that this
    one continues. `repository` is the name of this repository if the plan is over several.
    """

    unit: WorkUnit
    task: Task | None = None
    siblings: Sequence[Sibling] = ()
    touched: Sequence[TouchedPath] = ()
    expected: Mapping[TaskId, Sequence[str]] = {}
    foretold: Mapping[TaskId, Sequence[str]] = {}
    titles: Mapping[TaskId, str] = {}
    clash: ConflictBrief | None = None
    earlier: AttemptEnded | None = None
    kept: Sequence[str] = ()
    uncommitted: Sequence[str] = ()
    check: str = ""
    commits: bool = True
    repository: str = ""


def whole_prompt(brief: Brief) -> str:
    """Makes the prompt in Markdown, the most important parts first."""
    return "\n\n".join(filter(None, sections(brief).values())) + "\n"


def sections(brief: Brief) -> dict[str, str]:
    """The parts of the prompt by name, in order; some may be empty."""
    parts = {
        "heading": [_heading(brief), _elsewhere(brief)],
        "conflict": _conflict(brief),
        "work": [*_finished(brief), *own_work(brief.unit, brief.task)],
        "siblings": siblings_section(brief.unit, brief.siblings),
        "whole": whole_task(brief.unit, brief.task),
        "earlier": _earlier(brief),
        "others": _others(brief),
        "rules": [_rules(brief), _ENDING],
    }
    return {
        name: "\n\n".join(text.strip() for text in texts if text.strip()) for name, texts in parts.items()
    }


_ENDING = f"""\
When the work is done, just end. If you cannot do it, write one line into `{EXCHANGE}/{RESULT}` and end:

- `again: REASON` if it can work later, without any change to the task (a server is down);
- `wrong: REASON` if the task itself is wrong or impossible, so that a person has to decide."""


def _heading(brief: Brief) -> str:
    unit = brief.unit
    kind = "Task" if unit.subtask is None else "Subtask"
    return f"# {kind} {unit.id}: {' '.join(unit.title.split())}"


def _elsewhere(brief: Brief) -> str:
    """The paragraph for a task with parts in other repositories; else empty."""
    others = [name for name in brief.unit.task.repositories if name != brief.repository]
    if not brief.repository or not others:
        return ""
    names = " and ".join(f"`{name}`" for name in others)
    return (
        f"This task works in several repositories. This checkout is of `{brief.repository}`: do only what "
        f"belongs here. Other workers do the part in {names}."
    )


def _named(brief: Brief, id: TaskId) -> str:
    """`3 (Title)`, or the id alone if the title is unknown."""
    title = " ".join(brief.titles.get(id, "").split())
    return f"{id} ({title})" if title else id


def _conflict(brief: Brief) -> list[str]:
    clash = brief.clash
    if clash is None:
        return []
    others = [_named(brief, other) for other in clash.others]
    against = named_tasks(others) if others else clash.name
    listed = "\n".join(f"- `{path}`" for path in clash.paths)
    if clash.failure:
        return _failed_check(clash, against)
    if clash.exclusive:
        return [
            "## First: adapt to the earlier change",
            f"Only one task at a time may change some paths, and {against} changed them first. {clash.name} "
            f"has been merged into the working copy without a conflict. Look at:\n\n{listed}",
            "Adapt the work of this branch to the earlier change: take the next free number, for example, or "
            "generate the file again. The rest of the work is finished: leave it as it is.",
        ]
    return [
        "## First: resolve a conflict",
        f"The work on this branch conflicts with {against}. {clash.name} is being merged into the working "
        f"copy. There are conflict markers in:\n\n{listed}",
        "Resolve them so that both changes keep their purpose, and leave no marker behind. Do not abort the "
        "merge. The rest of the work is finished: leave it as it is.",
    ]


def _failed_check(clash: ConflictBrief, against: str) -> list[str]:
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", clash.output)), default=0))
    output = (
        f"The check ended with:\n\n{ticks}\n{clash.output.strip()}\n{ticks}" if clash.output.strip() else ""
    )
    return [
        "## First: make the check pass",
        f"The work on this branch merges with {against}, and the check fails on the two together: "
        f"{clash.failure}. {clash.name} has been merged into the working copy without a conflict.",
        output,
        "Adapt the work of this branch to what is there now, so that the check passes. The rest of the work "
        "is finished: leave it as it is.",
    ]


def _finished(brief: Brief) -> list[str]:
    """The lines that say that the task is done, so that only the conflict has to be resolved."""
    return ["## The task", "This was done before, on this branch."] if brief.clash is not None else []


_ENDINGS: Mapping[Outcome, str] = {
    "failed": "It failed",
    "timeout": "It ran out of time",
    "again": "It asked to be tried again",
    "wrong": "It called the task itself wrong",
    "conflict": "It ended in a conflict",
    "cancelled": "It was cancelled",
    "lost": "It ended without a result",
}


def _earlier(brief: Brief) -> list[str]:
    end, ended = brief.earlier, ""
    if end is not None:
        how = _ENDINGS.get(end.outcome, "It is over")
        reason = f": {end.reason.rstrip('.')}" if end.reason else ""
        ended = f"{how}{reason}. Its changes are in the working copy: look at them first."
    refs = ", ".join(f"`{ref}`" for ref in brief.kept)
    kept = (
        f"Commits that are not on this branch were kept: {refs} (`git log REF` shows them, `git cherry-pick` "
        "applies commits, and `git stash apply REF` applies stashed changes)."
    )
    copies = ", ".join(f"`{ref}`" for ref in brief.uncommitted)
    left = (
        f"Uncommitted changes were kept as well: {copies} (`git stash show --patch REF` shows them). If they "
        "are not in the working copy any more, `git stash apply REF` restores them."
    )
    texts = [
        *([ended] if ended else []),
        *([kept] if brief.kept else []),
        *([left] if brief.uncommitted else []),
    ]
    return ["## An earlier attempt", *texts] if texts else []


def _others(brief: Brief) -> list[str]:
    given = brief.clash.paths if brief.clash is not None else ()
    touched = [one for one in brief.touched if one.path not in given]
    lines = [
        f"- `{one.path}`: task {one.task} ({' '.join(one.title.split())}), on {one.branch}"
        for one in touched[:_MOST_PATHS]
    ]
    more = len(touched) - _MOST_PATHS
    lines += [f"- and {more} more"] if more > 0 else []
    for id, globs in brief.expected.items():
        if globs:
            shown = ", ".join(f"`{glob}`" for glob in globs)
            lines.append(f"- {shown}: {_named(brief, id)} is at work there now")
    for id, paths in brief.foretold.items():
        shown = ", ".join(f"`{path}`" for path in paths)
        lines.append(f"- {shown}: {_named(brief, id)} is at work and will probably change this")
    silent = [
        _named(brief, id) for id, globs in brief.expected.items() if not globs and not brief.foretold.get(id)
    ]
    unknown = (
        f"Also at work now, on files that are not known yet: {some(silent, _MOST_SILENT)}. "
        "Ask `gitcoord check-file PATH` before you change a file that they may change."
    )
    if not lines and not silent:
        return []
    keep_out = "Leave these alone if you can. If you cannot, keep your change small.\n\n" + "\n".join(lines)
    return [
        "## Files that others are changing",
        *([keep_out] if lines else []),
        *([unknown] if silent else []),
    ]


def _rules(brief: Brief) -> str:
    commit = (
        "Commit your work, or leave it uncommitted: it is committed for you."
        if brief.commits
        else "Commit your work: uncommitted changes do not count."
    )
    merge = "start no other merge" if brief.clash is not None else "do not merge"
    check = f" At the end `{brief.check}` is run, and has to succeed." if brief.check else ""
    return (
        "## How to submit it\n\n"
        f"You are on the branch `{brief.unit.branch}` in a checkout of your own. {commit} Do not switch "
        f"branches, do not push, {merge}.{check} `gitcoord check-file PATH` says who else is changing "
        f"a file. If your work begins to conflict with another's, the file `{EXCHANGE}/{CLASHES}` appears "
        "and says where."
    )
