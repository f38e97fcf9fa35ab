"""Builders of TaskMaster task lists, for tests that need one on disk."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def task(id: int | str, *, depends_on: Sequence[int | str] = (), **fields: Any) -> dict[str, Any]:
    """One task as TaskMaster writes it; `fields` replace or add keys (`subtasks=[…]`, `status=…`)."""
    return {
        "id": id,
        "title": f"Task {id}",
        "description": "",
        "details": "",
        "testStrategy": "",
        "status": "pending",
        "priority": "medium",
        "dependencies": list(depends_on),
        "subtasks": [],
        **fields,
    }


def write_tasks(root: Path, tasks: Sequence[dict[str, Any]], tag: str = "master") -> Path:
    """Writes `tasks` as the only tag of `.taskmaster/tasks/tasks.json` under `root`; returns its path."""
    path = root / ".taskmaster" / "tasks" / "tasks.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {tag: {"tasks": list(tasks), "metadata": {"description": f"Tasks for {tag}"}}}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path
