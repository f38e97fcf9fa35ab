"""Lists whose order matters: each task depends on the previous one, each subtask on its previous sibling."""

from typing import Any

from gitcoord.tasks.coercion import id_text
from gitcoord.tasks.diagnostics import Findings


def in_listed_order(tasks: list[Any], findings: Findings) -> None:
    """Adds a dependency on the previous one to each raw task, and to each subtask."""
    findings.warnings = [one for one in findings.warnings if one.code != "no-dependencies"]
    _chain(tasks, "")
    for task in tasks:
        parts = task.get("subtasks") if isinstance(task, dict) else None
        if isinstance(parts, list):
            _chain(parts, f"{id_text(task.get('id'))}.")


def _chain(tasks: list[Any], above: str) -> None:
    before = None
    for task in tasks:
        id = id_text(task.get("id")) if isinstance(task, dict) else None
        if not id:
            continue
        needs = task.get("dependencies")
        if before is not None and (needs is None or isinstance(needs, list)):
            task["dependencies"] = [*(needs or ()), before]
        before = id if id.startswith(above) else f"{above}{id}"
