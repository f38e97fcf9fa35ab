"""Checks a GitHub Actions workflow file for errors that its schema does not find."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gitcoord.export.actions import MOST_IN_MATRIX
from gitcoord.export.findings import ExportFinding, fields, listed, mapping, needs_faults, unknown_keys

_MOST_BYTES = 500_000
_NAME = re.compile(r"[A-Za-z_][-\w]*")


def lint_actions(document: Mapping[Any, Any]) -> list[ExportFinding]:
    """Returns the errors in a workflow."""
    # YAML 1.1 reads the key `on` as a boolean.
    keys = {"on" if key is True else key: value for key, value in document.items()}
    jobs = mapping(keys.get("jobs"))
    return [
        *unknown_keys(keys, fields("actions", "workflow"), ""),
        *_head(keys, jobs),
        *(finding for name, job in jobs.items() for finding in _entry(name, mapping(job), keys)),
        *needs_faults({name: _needed(mapping(job)) for name, job in jobs.items()}, "jobs"),
    ]


def _head(keys: Mapping[str, Any], jobs: Mapping[str, Any]) -> Iterator[ExportFinding]:
    for key in ("on", "jobs"):
        if not keys.get(key):
            yield ExportFinding(where="", message=f"has no {key!r}")
    size = len(json.dumps(jobs).encode())
    if size > _MOST_BYTES:
        yield ExportFinding(where="", message=f"has {size} bytes; GitHub accepts {_MOST_BYTES}")


def _needed(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else [str(one) for one in listed(needs)]


def _entry(name: str, job: Mapping[str, Any], keys: Mapping[str, Any]) -> Iterator[ExportFinding]:
    where = f"jobs.{name}"
    if not _NAME.fullmatch(str(name)):
        yield ExportFinding(
            where=where, message="a job's id begins with a letter or _, then letters, digits, - and _"
        )
    yield from unknown_keys(job, fields("actions", "job"), where)
    if "permissions" not in job and not keys.get("permissions"):
        message = "has no permissions: its token has the repository's default permissions"
        if "permissions" in keys:
            message = "has no permissions, and neither has the workflow"
        yield ExportFinding(where=where, message=message)
    if "uses" in job:
        return
    if "runs-on" not in job:
        yield ExportFinding(where=where, message="has no 'runs-on'")
    if not listed(job.get("steps")):
        yield ExportFinding(where=where, message="has no steps")
    for number, step in enumerate(listed(job.get("steps"))):
        at = f"{where}.steps[{number}]"
        yield from unknown_keys(step, fields("actions", "step"), at)
        if ("run" in step) == ("uses" in step):
            yield ExportFinding(where=at, message="needs either run or uses")
        if "${{" in str(mapping(step).get("run", "")):
            yield ExportFinding(where=at, message="has an expression in its command: pass it in env")
    for values in mapping(mapping(job.get("strategy")).get("matrix")).values():
        if len(listed(values)) > MOST_IN_MATRIX:
            yield ExportFinding(where=f"{where}.strategy", message=f"more than {MOST_IN_MATRIX} jobs")
