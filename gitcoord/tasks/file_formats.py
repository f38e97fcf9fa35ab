"""Finds the raw tasks of each tag in the various formats of a task list file.

TaskMaster writes `{TAG: {tasks, metadata}}`. Older versions and other tools wrote `{tasks}`, a bare list, a
tag that is itself a list, `{tags: {TAG: ...}}` and a saved reply, `{data: {tasks}}`. If a tag occurs twice,
the one at the top level is read, unless it is empty; the other only causes a warning, and is never merged.
Files of other tools that look like task lists are recognized by fields that only those tools write.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.tasks.coercion import one_line, quoted
from gitcoord.tasks.diagnostics import Findings

MASTER = "master"
Tags = dict[str, list[Any]]

_TOP: Final = (
    ({"userStories"}, "a prd.json of Ralph (`userStories`)"),
    ({"cards", "idOrganization"}, "a board of Trello (`cards`)"),
)
"""Fields at the top of a file, and the tool that writes them."""
_SCHEDULER: Final = {
    *("cron", "cronExpression", "cron_expression", "crontab", "schedule", "interval", "rrule", "trigger"),
    *("nextRun", "next_run", "nextRunAt", "lastRun", "last_run", "lastRunAt", "runAt", "run_at"),
}
_LISTED: Final = (
    ({"acceptanceCriteria", "passes"}, "a prd.json of Ralph (`passes`)"),
    ({"number", "html_url"}, "a list of issues of GitHub (`html_url`)"),
    ({"number", "url", "state"}, "a list of issues of GitHub (`state`)"),
)
"""Fields of a list's entries, and the tool that writes them."""

_HINT = 'TaskMaster\'s shape is {"master": {"tasks": [...]}}.'


def unwrap(document: Any, findings: Findings) -> Tags:
    """Returns the raw tasks of every tag in `document`, in file order. Raises `unknown-shape`."""
    tool = _other_tool(document)
    if tool:
        raise _unknown(findings, f"it is {tool}")
    if isinstance(document, list):
        if document and not _is_tasks(document):
            raise _unknown(findings, "it is a list without tasks")
        return {MASTER: document}
    if not isinstance(document, dict):
        raise _unknown(findings, f"it is {quoted(document)}")
    tags = _of_object(document, findings)
    data = document.get("data")
    # A saved reply of TaskMaster's server; a tag named `data` would have metadata.
    if isinstance(data, dict) and (tags.keys() <= {"data"}) and "metadata" not in data:
        tags = _of_object(data, findings) or tags
    if not tags:
        raise _unknown(findings, _reason(document))
    tools = [_tool_of_entries(entries) for entries in tags.values() if entries]
    if tools and all(tools):
        raise _unknown(findings, f"it is {tools[0]}")
    return tags


def _of_object(document: Mapping[str, Any], findings: Findings) -> Tags:
    live = _tags_of(document)
    root: Any = document.get("tasks")
    if _fits(root):
        _place(live, MASTER, root, "at the top level of the file", findings)
    wrapped = document.get("tags")
    if isinstance(wrapped, dict):
        for tag, tasks in _tags_of(wrapped).items():
            _place(live, tag, tasks, "under `tags`", findings)
    return live


def _tags_of(document: Mapping[str, Any]) -> Tags:
    """Returns the members of `document` that are tags.

    A bare list counts as a tag only if neither the document nor a member has `tasks`.
    """
    members = [(one_line(key), value) for key, value in document.items()]
    whole = {
        tag: value["tasks"] for tag, value in members if isinstance(value, dict) and _fits(value.get("tasks"))
    }
    if whole or "tasks" in document:
        return whole
    return {tag: value for tag, value in members if _fits(value) and (value or tag == MASTER)}


def _place(live: Tags, tag: str, tasks: list[Any], where: str, findings: Findings) -> None:
    """Adds the tag, unless the current one of that name has tasks."""
    if not live.get(tag):
        live[tag] = tasks
    elif tasks:
        findings.warn(
            "stale-tasks",
            f"{findings.source} holds the tag {quoted(tag)} twice; its {len(live[tag])} live tasks are read, "
            f"the {len(tasks)} {where} are not.",
        )


def _fits(tasks: Any) -> bool:
    return isinstance(tasks, list) and (not tasks or _is_tasks(tasks))


def _is_tasks(entries: list[Any]) -> bool:
    return any(isinstance(entry, dict) and ("id" in entry or "title" in entry) for entry in entries)


def _reason(document: Mapping[str, Any]) -> str:
    holders = [("", document), *((f" of {quoted(key)}", value) for key, value in document.items())]
    for whose, holder in holders:
        if isinstance(holder, dict) and "tasks" in holder:
            kind = "a list without tasks" if isinstance(holder["tasks"], list) else "not a list"
            return f"`tasks`{whose} is {kind}"
    return "it has neither `tasks` nor a tag that holds some"


def _unknown(findings: Findings, reason: str) -> GitcoordError:
    return usage_error("unknown-shape", f"{findings.source} is not a task list: {reason}.", _HINT)


def _other_tool(document: Any) -> str:
    """Names the other tool that wrote the file; empty if none is recognized."""
    if isinstance(document, dict):
        for fields, name in _TOP:
            if fields <= document.keys() and "tasks" not in document:
                return name
    entries = document.get("tasks") if isinstance(document, dict) else document
    return _tool_of_entries(entries) if isinstance(entries, list) else ""


def _tool_of_entries(entries: list[Any]) -> str:
    objects = [entry for entry in entries if isinstance(entry, dict)]
    for fields, name in _LISTED:
        if objects and all(fields <= entry.keys() for entry in objects):
            return name
    if objects and all(_is_scheduled(entry.keys()) for entry in objects):
        field = next(field for field in objects[0] if field in _SCHEDULER)
        return f"a list of scheduled tasks (`{field}`)"
    return ""


def _is_scheduled(fields: Collection[str]) -> bool:
    return not _SCHEDULER.isdisjoint(fields) and "dependencies" not in fields
