"""Reads YAML and CSV lists; `docs/sources.md` has their fields: TaskMaster's, and gitcoord's hints."""

import csv
import io
import re
from typing import Any, Final

from gitcoord.errors import usage_error
from gitcoord.tasks.coercion import listed, quoted, status_of
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import Tags, unwrap
from gitcoord.tasks.model import ListedStatus
from gitcoord.tasks.sources.yaml_values import load_yaml

_TEXTS: Final = ("id", "title", "status", "priority", "description", "details", "testStrategy", "repo")
_LISTS: Final = ("dependencies", "modifies", "conflicts_with")
_COLUMNS: Final = (*_TEXTS, *_LISTS, "estimate", "parallel_safe")


def read_yaml_list(document: str, findings: Findings) -> Tags:
    """Returns the raw tasks of a YAML document, by tag. Raises `not-yaml` or `unknown-shape`."""
    tags = unwrap(load_yaml(document, findings), findings)
    for tasks in tags.values():
        for task in tasks:
            _use_known_status(task)
            parts = task.get("subtasks") if isinstance(task, dict) else None
            for part in parts if isinstance(parts, list) else ():
                _use_known_status(part)
    return tags


def read_csv_list(document: str, findings: Findings) -> list[dict[str, Any]]:
    """Returns the raw tasks of a CSV document whose first line names its columns. Raises `unknown-shape`."""
    first = document.partition("\n")[0]
    delimiter = next((one for one in ("\t", ";") if one in first and "," not in first), ",")
    rows = csv.reader(io.StringIO(document, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        if "id" not in names or "title" not in names:
            raise usage_error(
                "unknown-shape",
                f"{findings.source} is not a task list: "
                "its first line must name the columns `id` and `title`.",
                f"The columns are {', '.join(_COLUMNS)}.",
            )
        unknown = [name for name in names if name not in _COLUMNS]
        if unknown:
            noun = "column" if len(unknown) == 1 else "columns"
            findings.warn(
                "unknown-column",
                f"gitcoord ignores the {noun} {listed(map(quoted, unknown))} in {findings.source}; "
                f"the columns that it reads are {', '.join(_COLUMNS)}.",
            )
        return [_row(dict(zip(names, row, strict=False))) for row in rows if any(row)]
    except csv.Error as error:
        raise usage_error(
            "unknown-shape",
            f"Line {rows.line_num} of {findings.source} is not CSV: {error}.",
            "Put cells with quotes, commas or line breaks into double quotes, and double a quote inside.",
        ) from error


def _row(cells: dict[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {name: cells[name] for name in _TEXTS if cells.get(name)}
    for name in _LISTS:
        if name in cells:
            raw[name] = [part for one in re.split(r"[;,\n]", cells[name]) if (part := one.strip())]
    if estimate := cells.get("estimate", "").strip():
        raw["estimate"] = float(estimate) if re.fullmatch(r"\d+(\.\d+)?", estimate) else estimate
    if safe := cells.get("parallel_safe", "").strip().lower():
        raw["parallel_safe"] = {"true": True, "false": False}.get(safe, safe)
    _use_known_status(raw)
    return raw


def _use_known_status(task: Any) -> None:
    """Writes a status as TaskMaster does; keeps an unknown one, which is reported later."""
    if isinstance(task, dict):
        status, _ = status_of(task.get("status"))
        if status is not ListedStatus.UNKNOWN:
            task["status"] = str(status)
