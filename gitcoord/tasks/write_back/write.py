"""Sets statuses in a task list. Replaces files as a whole, and changes only the statuses in them.

Before a file is replaced, its new text is read like the old one: if more would change, the file stays as it
is. beads has a database beside its file, so its own command makes the change. TaskMaster reads its file each
time; its `set-status` (0.43.1) writes ids as texts, drops metadata and has no tags, so it is not used.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.tasks.coercion import id_text, listed, status_of
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import Finding, TaskId
from gitcoord.tasks.sources.kinds import BACKLOG, BEADS, TASKMASTER, read_tags
from gitcoord.tasks.write_back.owners import (
    BEADS_PROGRAM,
    beads_commands,
    has_program,
    run_commands,
)
from gitcoord.tasks.write_back.splices import NewStatus, Splice, spliced
from gitcoord.tasks.write_back.whole_files import replace_file

_BOM = b"\xef\xbb\xbf"
_ATTEMPTS = 5


class ListFile(msgspec.Struct, frozen=True, kw_only=True):
    """A task list that can be written: its kind, its file or directory, its tag, the repository's top."""

    kind: str
    path: Path
    tag: str
    root: Path


class WriteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks whose status was set, and how (`file` or `bd`); and why others were not."""

    written: tuple[TaskId, ...] = ()
    by: str = "file"
    problems: tuple[Finding, ...] = ()


def write_statuses(place: ListFile, wanted: Mapping[str, NewStatus]) -> WriteResult:
    """Sets the status of each task and subtask in `wanted`, by full id. Raises `cannot-write` (exit 3)."""
    if not wanted:
        return WriteResult()
    by, said = "file", ""
    if _leads_out(place.path, place):
        said = f"{place.path.name} is a link to a place outside the repository"
    elif place.kind == BEADS:
        by = BEADS_PROGRAM
        said = (
            run_commands(beads_commands(wanted), place.root)
            if has_program(BEADS_PROGRAM)
            else "`bd`, which closes issues of beads, is not on PATH"
        )
    elif place.kind == BACKLOG:
        said = _write_backlog(place, wanted)
    elif place.kind == "csv":
        said = "gitcoord does not write CSV"
    else:
        _write_file(place.path, place, wanted)
    left = _unset(place, wanted)
    why = said or "the list would have changed in more than their status"
    problems = [Finding(code="not-written", message=f"Not set in the list: {listed(left)}: {why}.")]
    return WriteResult(
        written=tuple(TaskId(id) for id in wanted if id not in left),
        by=by,
        problems=tuple(problems) if left else (),
    )


def _leads_out(path: Path, place: ListFile) -> bool:
    """Whether a link in the repository leads to a file outside of it."""
    return path.is_relative_to(place.root) and not path.resolve().is_relative_to(place.root.resolve())


def _unset(place: ListFile, wanted: Mapping[str, NewStatus]) -> dict[str, NewStatus]:
    """Returns the requested statuses that the list does not have yet."""
    content = b"" if place.kind == BACKLOG else place.path.read_bytes()
    try:
        tags = read_tags(place.kind, content, place.path, place.root, Findings(place.path.name))
    except GitcoordError:
        return dict(wanted)
    # Of tasks that share an id the first one counts.
    known = {id: status for id, status, _ in reversed(_entries(tags.get(place.tag, [])))}
    return {id: new_status for id, new_status in wanted.items() if known.get(id) != new_status}


def _write_file(path: Path, place: ListFile, wanted: Mapping[str, NewStatus]) -> None:
    """Sets the statuses in the file unless more would change; tries again if the file changes meanwhile."""
    for _ in range(_ATTEMPTS):
        before = path.read_bytes()
        start = _BOM if before.startswith(_BOM) else b""
        text = before.removeprefix(_BOM).decode("utf-8")
        after = start + spliced(text, _splices(text, place, wanted)).encode("utf-8")
        if not _only_statuses(place, before, after, wanted) or replace_file(path, before, after):
            return


def _splices(text: str, place: ListFile, wanted: Mapping[str, NewStatus]) -> list[Splice]:
    if place.kind in (TASKMASTER, "json"):
        from gitcoord.tasks.write_back.json_statuses import json_splices

        return json_splices(text, place.tag, wanted)
    if place.kind == "yaml":
        from gitcoord.tasks.write_back.yaml_statuses import yaml_splices

        return yaml_splices(text, place.tag, wanted)
    from gitcoord.tasks.write_back.checkbox_statuses import checkbox_splices

    return checkbox_splices(text, wanted)


def _only_statuses(place: ListFile, before: bytes, after: bytes, wanted: Mapping[str, NewStatus]) -> bool:
    """Whether the new text equals the old one, apart from the requested statuses."""
    try:
        old, new = (
            read_tags(place.kind, content, place.path, place.root, Findings(place.path.name))
            for content in (before, after)
        )
        if old.keys() != new.keys() or any(old[tag] != new[tag] for tag in old if tag != place.tag):
            return False
        left, olds, news = dict(wanted), _entries(old[place.tag]), _entries(new[place.tag])
        return len(olds) == len(news) and all(
            one[0] == other[0] and one[2] == other[2] and other[1] == left.pop(one[0], one[1])
            for one, other in zip(olds, news, strict=True)
        )
    except (GitcoordError, RecursionError):
        # YAML can contain itself.
        return False


def _entries(tasks: list[Any], above: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    """Returns every task and subtask: full id, effective status, and everything else."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for task in tasks:
        if not isinstance(task, dict):
            found.append(("", "", {"": task}))
            continue
        own = id_text(task.get("id")) or ""
        full = own if not above or own.startswith(f"{above}.") else f"{above}.{own}"
        status, _ = status_of(task.get("status"))
        parts = task.get("subtasks")
        rest = {key: value for key, value in task.items() if key not in ("status", "subtasks")}
        found.append((full, str(status), rest))
        found += _entries(parts, full) if isinstance(parts, list) and not above else []
    return found


def _write_backlog(place: ListFile, wanted: Mapping[str, NewStatus]) -> str:
    """Sets the statuses in the tasks' files; returns why that is impossible, or ""."""
    from gitcoord.tasks.sources.backlog import (
        backlog_id,
        backlog_paths,
        backlog_statuses,
        read_backlog_file,
    )
    from gitcoord.tasks.write_back.front_matter_status import front_matter_splice

    statuses = backlog_statuses(place.path)
    if statuses and not {"Done", "To Do"} <= {*statuses}:
        return "Backlog.md's config.yml has no statuses Done and To Do"
    left = dict(wanted)
    for path in backlog_paths(place.path):
        file = read_backlog_file(path, Findings(""))
        new_status = left.pop(backlog_id(file.fields.get("id")), None) if file is not None else None
        if new_status is None or _leads_out(path, place):
            continue
        for _ in range(_ATTEMPTS):
            before = path.read_bytes()
            start = _BOM if before.startswith(_BOM) else b""
            text = before.removeprefix(_BOM).decode("utf-8")
            after = start + spliced(text, front_matter_splice(text, new_status)).encode("utf-8")
            if replace_file(path, before, after):
                break
    return ""
