"""Selects the tag: the requested one, TASKMASTER_TAG, the plan's, state.json's, `master`, the only one.

Unlike TaskMaster, never falls back to the first tag. A requested tag that does not exist is an error; a
missing tag of state.json, which records the last one used, is only a warning. An empty `master` beside other
tags is not selected: silently planning nothing would be the worst result.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitcoord.errors import usage_error
from gitcoord.tasks.coercion import one_line, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import MASTER, Tags
from gitcoord.text_lists import some

_MOST = 20


def choose_tag(
    tags: Tags,
    *,
    requested: str | None,
    environ: Mapping[str, str],
    home: Path | None,
    findings: Findings,
    kept: str | None = None,
) -> str:
    """Returns the name of the tag to read. Raises `no-such-tag` or `ambiguous-tag`, listing the tags."""
    for name, origin in ((requested, ""), (environ.get("TASKMASTER_TAG"), " (from TASKMASTER_TAG)")):
        if name is not None and name.strip():
            return _asked(tags, one_line(name), origin, findings)
    filled = [name for name, tasks in tags.items() if tasks]
    current = _current(home, findings)
    if kept is not None and kept in tags:
        if current not in (None, kept, MASTER):
            findings.warn(
                "other-tag",
                f"state.json names the tag {quoted(current)}, and the saved plan keeps {quoted(kept)}; "
                "`--tag` changes it.",
            )
        return kept
    if current is not None and current in tags and (tags[current] or current != MASTER):
        return current
    if current is not None and current not in tags and current != MASTER:
        findings.warn(
            "no-such-tag",
            f"state.json names the tag {quoted(current)}, which {findings.source} does not have; "
            f"known tags: {_listed(tags)}.",
        )
    if MASTER in tags and (tags[MASTER] or not filled):
        return MASTER
    if len(filled) == 1 or len(tags) == 1:
        return (filled or list(tags))[0]
    raise usage_error(
        "ambiguous-tag",
        f"{findings.source} has several tags and none is chosen: {_listed(tags)}.",
        "Choose one with `--tag` or TASKMASTER_TAG.",
    )


def _asked(tags: Tags, name: str, origin: str, findings: Findings) -> str:
    if name in tags:
        return name
    raise usage_error(
        "no-such-tag",
        f"{findings.source} has no tag {quoted(name)}{origin}; known tags: {_listed(tags)}.",
        "Choose one of those with `--tag`.",
    )


def _current(home: Path | None, findings: Findings) -> str | None:
    if home is None:
        return None
    path = home / "state.json"
    try:
        state: Any = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError):
        findings.warn("bad-state-file", f"{path} cannot be read, so it does not choose the tag.")
        return None
    for key in ("currentTag", "activeTag"):
        name = one_line(state.get(key)) if isinstance(state, dict) else ""
        if name:
            return name
    return None


def _listed(tags: Tags) -> str:
    counts = [(name, f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}") for name, tasks in tags.items()]
    return some([f"{quoted(name)} ({count})" for name, count in counts], _MOST)
