"""Reads the tasks of Backlog.md: a Markdown file with YAML front matter for each.

Ids lose their prefix (`BACK-24.1` is 24.1), as in Backlog.md's own commands. Tasks in `completed/` are done.
Source: https://github.com/MrLesk/Backlog.md, backlog/ and src/markdown/parser.ts.
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.tasks.coercion import id_text, one_line, status_of
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import ListedStatus
from gitcoord.tasks.sources.checkboxes import split_front_matter
from gitcoord.tasks.sources.text_files import read_text_file
from gitcoord.tasks.sources.yaml_values import load_yaml

_PREFIX = re.compile(r"[A-Za-z]+-(?=\d)")
# Backlog.md accepts names without quotes, YAML does not: src/markdown/parser.ts, preprocessFrontmatter.
_MENTION = re.compile(r"^(\s*(?:assignee:|reporter:|-)\s+)(@[^\s\"']+)\s*$", re.MULTILINE)
COMPLETED = "completed"


class BacklogFile(msgspec.Struct, frozen=True, kw_only=True):
    """A task's file: its front matter as a mapping, and the Markdown below."""

    path: Path
    fields: dict[str, Any]
    body: str


def read_backlog(folder: Path, findings: Findings) -> list[dict[str, Any]]:
    """Returns the raw tasks of the folder `tasks`, and those of `completed` beside it."""
    tasks: list[dict[str, Any]] = []
    children: list[tuple[str, dict[str, Any]]] = []
    for path in backlog_paths(folder):
        file = read_backlog_file(path, findings)
        if file is None:
            continue
        raw = _raw(file, done=path.parent.name == COMPLETED)
        parent = backlog_id(file.fields.get("parent_task_id") or file.fields.get("parent"))
        if parent:
            children.append((parent, raw))
        else:
            tasks.append(raw)
    by_id = {raw["id"]: raw for raw in reversed(tasks)}
    for parent, raw in children:
        if parent in by_id:
            by_id[parent].setdefault("subtasks", []).append(raw)
        else:
            tasks.append(raw)
    return tasks


def backlog_paths(folder: Path) -> list[Path]:
    """Returns the task files of each folder, sorted by the numbers in their names."""
    folders = [folder, folder.parent / COMPLETED] if folder.name != COMPLETED else [folder]
    return [path for one in folders if one.is_dir() for path in sorted(one.glob("*.md"), key=_order)]


def read_backlog_file(path: Path, findings: Findings) -> BacklogFile | None:
    """Reads one task's file; returns None and reports it if it is not a task."""
    try:
        front = split_front_matter(read_text_file(path, path.name))
        fields = load_yaml(quoted_mentions(front.text), findings, path.name) if front is not None else None
    except GitcoordError as error:
        # Other tasks may depend on an unreadable task; their dependency is then reported as missing.
        findings.warn("unread-file", f"{error.message} gitcoord leaves it out.")
        return None
    if front is None or not isinstance(fields, dict) or not backlog_id(fields.get("id")):
        if path.name.lower() != "readme.md":
            findings.warn("unread-file", f"{path.name} has no `id` in its front matter; it is not a task.")
        return None
    return BacklogFile(path=path, fields=fields, body=front.body)


def backlog_statuses(folder: Path) -> list[str]:
    """Returns the statuses in the settings beside the folder `tasks`; empty if there are none."""
    path = folder.parent / "config.yml"
    if not path.is_file():
        return []
    try:
        settings = load_yaml(read_text_file(path, path.name), Findings(path.name))
    except GitcoordError:
        return []
    named = settings.get("statuses") if isinstance(settings, dict) else None
    return [one_line(status) for status in named] if isinstance(named, list) else []


def quoted_mentions(text: str) -> str:
    """Returns the front matter with quotes around names such as `@codex`; keeps the lines."""
    return _MENTION.sub(r'\1"\2"', text)


def backlog_id(value: Any) -> str:
    """Returns an id without its prefix; empty if there is none."""
    return _PREFIX.sub("", one_line(id_text(value)), count=1)


def _raw(file: BacklogFile, *, done: bool) -> dict[str, Any]:
    fields = file.fields
    status, _ = status_of(fields.get("status"))
    known = status is not ListedStatus.UNKNOWN
    needs = fields.get("dependencies")
    return {
        "id": backlog_id(fields.get("id")),
        "title": fields.get("title"),
        "status": "done" if done else str(status) if known else fields.get("status"),
        "priority": fields.get("priority"),
        "details": file.body,
        "dependencies": [backlog_id(one) for one in needs] if isinstance(needs, list) else needs,
    }


def _order(path: Path) -> tuple[Any, ...]:
    numbers = re.match(r"[A-Za-z]*-?(\d+(?:\.\d+)*)", path.name)
    return (*map(int, numbers[1].split(".")),) if numbers is not None else (0,)
