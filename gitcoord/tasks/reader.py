"""Reads a task list of any supported tool and format into the Task model. Never writes the file.

The result has unique ids, existing dependencies and no cycle; a list that cannot satisfy this raises one
error (exit 2) with all problems. Other problems are in the list's warnings.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.tasks.coercion import id_text, number
from gitcoord.tasks.cycle_checks import Cut, check_subtasks, check_tasks
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import MASTER
from gitcoord.tasks.locate import ListRequest, Source, read_source, several_lists, source_at
from gitcoord.tasks.metadata import NO_HINTS
from gitcoord.tasks.model import Subtask, Task, TaskId, TaskList
from gitcoord.tasks.parse_entries import SETTLED, TaskEntry, decode_tasks, unique
from gitcoord.tasks.resolve_dependencies import Edges, resolve
from gitcoord.tasks.sources.kinds import TASKMASTER, ListPlace, read_tags
from gitcoord.tasks.tag_selection import choose_tag


def read_task_list(
    *,
    root: Path | None,
    tasks: str | None,
    tag: str | None,
    kept_tag: str | None = None,
    kept_list: str = "",
    origin: str | None = None,
    usual: str = "",
    in_order: bool = False,
    cancelled_satisfies: bool = True,
    read_issues: Callable[[str], bytes] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> TaskList:
    """Reads the tasks of one tag from the list at `tasks` (`-`: standard input), else from that under `root`.

    `origin` names a list as `KIND[:PATH]`. If no tag is requested, uses `kept_tag` if the list has it. If no
    list is requested, uses `kept_list` (a path below `root`, or issues) if it exists, then `usual`, the
    `KIND[:PATH]` of the settings. `read_issues` asks GitHub for the issues that a filter names. With
    `in_order`, each task also depends on the previous one.

    Raises a GitcoordError with exit 2 that has every structural error: see `diagnostics` and the codes of
    `locate`, `sources.kinds` and `tag_selection`.
    """
    request = ListRequest(tasks=tasks, origin=origin, kept=kept_list, usual=usual, read_issues=read_issues)
    source = read_source(root, request)
    if isinstance(source, list):
        source = _choose(source, root, tag)
    findings = Findings(source.name)
    tags = read_tags(source.kind, source.content, source.path, root, findings)
    if source.kind != TASKMASTER:
        environ = {}
    chosen = choose_tag(
        tags, requested=tag, kept=kept_tag, environ=environ, home=source.home, findings=findings
    )
    if in_order:
        from gitcoord.tasks.listed_order import in_listed_order

        in_listed_order(tags[chosen], findings)
    entries = unique(decode_tasks(tags[chosen], findings), findings)
    edges = resolve(entries.values(), findings, cancelled_satisfies=cancelled_satisfies)
    depends_on = check_tasks(entries, edges, findings)
    siblings = check_subtasks(entries, edges, findings)
    findings.raise_errors()
    findings.flush()
    scores = read_scores(source.home, chosen, findings)
    made = tuple(_task(entry, depends_on, siblings, edges, scores) for entry in entries.values())
    return TaskList(
        tag=chosen,
        tasks=made,
        warnings=tuple(findings.warnings),
        source=source.name,
        kind=source.kind,
        path=str(source.path.absolute()) if source.path is not None else "",
    )


def _choose(places: list[ListPlace], root: Path | None, tag: str | None) -> Source:
    """Returns the list of the requested `tag`, else the only one with remaining tasks.

    Raises `several-task-lists` (exit 2) if more than one remains.
    """
    named = [place for place in places if place.tag == tag]
    left = named or [place for place in places if _has_work(source_at(root, place), root)] or places
    if len(left) != 1:
        raise several_lists(left, root)
    return source_at(root, left[0])


def _has_work(source: Source, root: Path | None) -> bool:
    """Whether the list has remaining tasks; an unreadable list counts, so that its error is reported."""
    findings = Findings(source.name)
    try:
        tags = read_tags(source.kind, source.content, source.path, root, findings)
    except GitcoordError:
        return True
    return any(task.status not in SETTLED for raw in tags.values() for task in decode_tasks(raw, findings))


def _task(
    entry: TaskEntry, depends_on: Cut, siblings: Cut, edges: Edges, scores: Mapping[TaskId, float]
) -> Task:
    id, hints, needs = entry.id, entry.hints, depends_on[entry.id]
    task = Task(
        id=id,
        title=entry.title,
        status=entry.status,
        priority=entry.priority,
        description=entry.description,
        details=entry.details,
        test_strategy=entry.test_strategy,
        depends_on=needs,
        complexity=entry.complexity if entry.complexity is not None else scores.get(id),
    )
    # Most tasks of a long list have neither subtasks nor hints, and each further field takes time.
    if hints is NO_HINTS and not (
        entry.subtasks or id in edges.lifted or id in edges.settled or id in edges.conflicts
    ):
        return task
    return msgspec.structs.replace(
        task,
        lifted=_only_below(id, needs, edges),
        settled=_settled(id, needs, edges),
        subtasks=tuple([_subtask(sub, siblings, edges) for sub in entry.subtasks]),
        estimate=hints.estimate,
        modifies=hints.modifies,
        parallel_safe=hints.parallel_safe,
        marked_safe=hints.marked_safe,
        conflicts_with=edges.conflicts.get(id, ()),
        repo=hints.repo,
    )


def _only_below(task: TaskId, needs: Iterable[TaskId], edges: Edges) -> tuple[TaskId, ...]:
    if task not in edges.lifted and task not in edges.settled:
        return ()
    own = {*edges.direct[task], *edges.whole.get(task, ())}
    return tuple(need for need in needs if need not in own)


def _settled(task: TaskId, needs: Iterable[TaskId], edges: Edges) -> tuple[TaskId, ...]:
    kept = {*edges.direct[task], *edges.lifted.get(task, ())}
    return tuple(need for need in needs if need in edges.settled.get(task, ()) and need not in kept)


def _subtask(entry: TaskEntry, siblings: Cut, edges: Edges) -> Subtask:
    return Subtask(
        id=entry.id,
        title=entry.title,
        status=entry.status,
        depends_on=siblings[entry.id],
        foreign=edges.foreign[entry.id],
        description=entry.description,
        details=entry.details,
        test_strategy=entry.test_strategy,
        estimate=entry.hints.estimate,
        modifies=entry.hints.modifies,
        parallel_safe=entry.hints.parallel_safe,
        marked_safe=entry.hints.marked_safe,
        conflicts_with=edges.conflicts[entry.id],
    )


_NAME = "task-complexity-report"
# TaskMaster allows no other tags; other characters must not become part of a path.
_TAG = re.compile(r"[A-Za-z0-9_-]{1,50}")


def read_scores(home: Path | None, tag: str, findings: Findings) -> dict[TaskId, float]:
    """Returns the scores for the tasks of `tag`.

    Empty if there is no report; empty, with a warning, if it cannot be read.
    """
    if home is None or not _TAG.fullmatch(tag):
        return {}
    path = home / "reports" / (f"{_NAME}.json" if tag == MASTER else f"{_NAME}_{tag}.json")
    try:
        report: Any = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError):
        report = None
    analysis = report.get("complexityAnalysis") if isinstance(report, dict) else None
    if not isinstance(analysis, list):
        findings.warn("bad-complexity-report", f"{path} is not a complexity report; it is ignored.")
        return {}
    scores: dict[TaskId, float] = {}
    for entry in analysis:
        if not isinstance(entry, dict):
            continue
        id, score = id_text(entry.get("taskId")), number(entry.get("complexityScore"), above=0, most=10)
        if id is not None and score is not None:
            scores[TaskId(id)] = score
    return scores
