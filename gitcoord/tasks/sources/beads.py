"""Reads issues of beads: from `bd` for the list in its usual place, else from a file `issues.jsonl`.

Of the links, only `blocks`, `conditional-blocks` and `waits-for` delay an issue. An epic is done when its
issues are: dependents of an epic wait for its issues, and these wait for the epic's dependencies. Source:
https://github.com/steveyegge/beads, internal/types/types.go and docs/CLI_REFERENCE.md.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from gitcoord.errors import usage_error
from gitcoord.tasks.coercion import id_text, one_line, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.sources.epics import resolved_needs

_PROGRAM: Final = "bd"
_SECONDS: Final = 60
_BLOCKING: Final = {"blocks", "conditional-blocks", "waits-for"}
_PARENT: Final = "parent-child"
_STATUSES: Final = {
    "open": "pending",
    "ready": "pending",
    "hooked": "in-progress",
    "in_progress": "in-progress",
    "closed": "done",
}
_PRIORITIES: Final = ("critical", "high", "medium", "low", "low")
# Entries that agents and beads itself store among the issues.
_NO_WORK: Final = {"message", "gate", "event", "molecule", "agent", "role", "rig", "convoy"}
_TEXTS: Final = ("description", "design", "acceptance_criteria", "notes")


def ask_beads(root: Path, findings: Findings) -> list[dict[str, Any]] | None:
    """Returns the raw tasks that `bd` prints; None if `bd` is not on PATH, or (with a warning) fails."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return None
    answer = _ask([program, "list", "--json", "--all", "--limit", "0"], root, findings)
    if answer is None:
        return None
    issues = _listed(answer)
    if issues is None:
        findings.warn(
            "bd-failed",
            f"`bd list --json` printed no list of issues; gitcoord reads {findings.source} instead.",
        )
        return None
    if any(issue.get("dependency_count") and not issue.get("dependencies") for issue in issues):
        # Some versions list issues without their dependencies; `bd export` has those.
        exported = _ask([program, "export"], root, findings)
        if exported is None:
            return None
        issues = list(_lines(exported, findings))
    return _tasks(issues, findings)


def read_beads(document: str, findings: Findings) -> list[dict[str, Any]]:
    """Returns the raw tasks in the lines of `issues.jsonl`."""
    return _tasks(_lines(document, findings), findings)


def _ask(command: list[str], root: Path, findings: Findings) -> str | None:
    shown = " ".join(["bd", *command[1:]])
    try:
        done = subprocess.run(
            command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        findings.warn("bd-failed", f"`{shown}` gave no answer; gitcoord reads {findings.source} instead.")
        return None
    if done.returncode:
        reason = one_line(done.stderr.decode(errors="replace"))[:200] or f"exit code {done.returncode}"
        findings.warn("bd-failed", f"`{shown}` failed ({reason}); gitcoord reads {findings.source} instead.")
        return None
    return done.stdout.decode(errors="replace")


def _listed(answer: str) -> list[dict[str, Any]] | None:
    try:
        value = json.loads(answer or "[]")
    except ValueError:
        return None
    # With an envelope, which is a setting of bd, the list is in `data`: cmd/bd/errors.go.
    issues = value.get("data", value.get("issues")) if isinstance(value, dict) else value
    return [one for one in issues if isinstance(one, dict)] if isinstance(issues, list) else None


def _lines(document: str, findings: Findings) -> Iterable[dict[str, Any]]:
    for number, line in enumerate(document.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise usage_error(
                "not-json",
                f"Line {number} of {findings.source} is not JSON.",
                "`bd export` writes the file again.",
            ) from error
        if isinstance(value, dict):
            yield value
        else:
            findings.warn(
                "not-a-task", f"Line {number} of {findings.source} is {quoted(value)}, not an issue."
            )


def _tasks(issues: Iterable[dict[str, Any]], findings: Findings) -> list[dict[str, Any]]:
    work = {str(id_text(issue.get("id")) or ""): issue for issue in issues if _is_work(issue)}
    parents = {id: _parent(issue, work) for id, issue in work.items()}
    below: dict[str, list[str]] = {}
    for id, parent in parents.items():
        below.setdefault(parent, []).append(id)
    epics = {id for id, issue in work.items() if issue.get("issue_type") == "epic" and below.get(id)}
    open_epics = [id for id in epics if work[id].get("status") != "closed"]
    for id in sorted(open_epics):
        findings.gather("epic", "An epic is done when its issues are, and is not a task itself", TaskId(id))
    needs = {id: _needs(issue, TaskId(id), findings) for id, issue in work.items()}
    above = {id: [parent] if parent else [] for id, parent in parents.items()}
    return [
        _task(id, issue, resolved_needs(id, needs, above, below, epics))
        for id, issue in work.items()
        if id not in epics
    ]


def _is_work(issue: Mapping[str, Any]) -> bool:
    kept = issue.get("ephemeral") or issue.get("is_template") or issue.get("pinned")
    return not (
        kept
        or issue.get("issue_type") in _NO_WORK
        or issue.get("status") in ("tombstone", "pinned")
        or issue.get("_type", "issue") != "issue"
    )


def _links(issue: Mapping[str, Any]) -> list[dict[str, Any]]:
    links = issue.get("dependencies")
    return [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []


def _kind(link: Mapping[str, Any]) -> str:
    return str(link.get("type") or link.get("dep_type") or link.get("dependency_type") or "")


def _target(link: Mapping[str, Any]) -> str:
    return str(id_text(link.get("depends_on_id") or link.get("id")) or "")


def _parent(issue: Mapping[str, Any], work: Mapping[str, Any]) -> str:
    """Returns the parent of the issue; empty if it has none."""
    named = next((_target(link) for link in _links(issue) if _kind(link) == _PARENT), "")
    named = named or str(id_text(issue.get("parent")) or "")
    return named if named in work else ""


def _needs(issue: Mapping[str, Any], id: TaskId, findings: Findings) -> list[str]:
    links = issue.get("dependencies")
    if links and not (isinstance(links, list) and all(isinstance(one, dict) for one in links)):
        findings.warn(
            "unread-dependency",
            f"`dependencies` of {id} are not links with a type, as bd writes them; gitcoord ignores them.",
            id,
        )
    return [_target(link) for link in _links(issue) if _kind(link) in _BLOCKING and _target(link)]


def _task(id: str, issue: Mapping[str, Any], depends_on: list[str]) -> dict[str, Any]:
    status, priority = issue.get("status"), issue.get("priority")
    texts = [text for key in _TEXTS if isinstance(text := issue.get(key), str) and text]
    known = isinstance(priority, int) and not isinstance(priority, bool) and 0 <= priority <= 4
    raw = {
        "id": id or None,
        "title": issue.get("title"),
        "status": _STATUSES.get(str(status), status),
        "priority": _PRIORITIES[priority] if known and isinstance(priority, int) else None,
        "details": "\n\n".join(texts),
        "dependencies": depends_on,
    }
    if issue.get("estimated_minutes"):
        raw["estimate"] = issue["estimated_minutes"]
    return raw
