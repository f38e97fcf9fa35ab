"""Reads TaskMaster's complexity report beside the task list: a score from 1 to 10 for each task."""

import json
import re
from pathlib import Path
from typing import Any

from gitcoord.tasks.coercion import id_text, number
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import MASTER
from gitcoord.tasks.model import TaskId

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
