"""Files of other tools that look like task lists, told by the fields that only those write."""

from collections.abc import Collection
from typing import Any, Final

_TOP: Final = (
    ({"userStories"}, "a prd.json of Ralph (`userStories`)"),
    ({"cards", "idOrganization"}, "a board of Trello (`cards`)"),
)
"""Fields at the top of the file."""
_SCHEDULER: Final = {
    *("cron", "cronExpression", "cron_expression", "crontab", "schedule", "interval", "rrule", "trigger"),
    *("nextRun", "next_run", "nextRunAt", "lastRun", "last_run", "lastRunAt", "runAt", "run_at"),
}
_LISTED: Final = (
    ({"acceptanceCriteria", "passes"}, "a prd.json of Ralph (`passes`)"),
    ({"number", "html_url"}, "a list of issues of GitHub (`html_url`)"),
    ({"number", "url", "state"}, "a list of issues of GitHub (`state`)"),
)
"""Fields of the entries of a list."""


def other_tool(document: Any) -> str:
    """What the file is when another tool wrote it, else an empty string."""
    if isinstance(document, dict):
        for fields, name in _TOP:
            if fields <= document.keys() and "tasks" not in document:
                return name
    entries = document.get("tasks") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        return ""
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
