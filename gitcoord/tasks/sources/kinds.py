"""The kinds of task lists: their names in `--from KIND[:PATH]`, their usual places, and their readers.

A new kind needs a row in `_PLACES` and a case in `read_tags`. Readers are imported when needed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gitcoord.errors import usage_error
from gitcoord.tasks.coercion import one_line
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.file_formats import MASTER, Tags, unwrap
from gitcoord.tasks.json_parser import parse

TASKMASTER: Final = "taskmaster"
STDIN: Final = "-"
BACKLOG: Final = "backlog"
BEADS: Final = "beads"
GITHUB: Final = "github"
_JSON: Final = (TASKMASTER, "json")
_MARKDOWN: Final = ("spec-kit", "kiro", "openspec", "markdown")

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    TASKMASTER: (".taskmaster/tasks/tasks.json", "tasks/tasks.json"),
    "spec-kit": ("specs/*/tasks.md",),
    "kiro": (".kiro/specs/*/tasks.md",),
    "openspec": ("openspec/changes/*/tasks.md",),
    BEADS: (".beads/issues.jsonl",),
    BACKLOG: ("backlog/tasks", ".backlog/tasks"),
    "markdown": ("TASKS.md", "tasks.md", "TODO.md"),
    "yaml": ("tasks.yaml", "tasks.yml"),
    "json": ("tasks.json",),
    "csv": ("tasks.csv",),
    GITHUB: (),
}
"""Globs below the top of the repository, in search order."""
KINDS: Final = tuple(_PLACES)
_FOUND_ALONE: Final = ("spec-kit", "kiro", "openspec", BEADS, BACKLOG)
"""The kinds that are searched if there is no TaskMaster list: no other file has these names."""
_SUFFIXES: Final[Mapping[str, str]] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".jsonl": BEADS,
    ".yaml": "yaml",
    ".yml": "yaml",
    ".csv": "csv",
}


class Origin(msgspec.Struct, frozen=True):
    """The origin of a list: its kind, and a path (empty: the tool's own place, `-`: standard input)."""

    kind: str
    path: str = ""


class ListPlace(msgspec.Struct, frozen=True):
    """An existing task list: its kind and its path. `tag` is its name."""

    kind: str
    path: Path

    @property
    def tag(self) -> str:
        """The name of the feature, spec or change that the list belongs to; else `master`."""
        return list_tag(self.path) if self.kind in _MARKDOWN else MASTER


def parse_origin(text: str) -> Origin:
    """Parses `KIND`, `KIND:PATH` or only a path. Raises `usage` with the kinds."""
    kind, colon, path = text.partition(":")
    if kind in KINDS:
        return Origin(kind, path)
    if not colon and ("/" in text or "." in text):
        return Origin(BACKLOG if Path(text).is_dir() else kind_of(Path(text)), text)
    raise usage_error(
        "usage",
        f"{text!r} names no kind of task list.",
        f"The kinds are {', '.join(KINDS)}; a path follows a colon: yaml:plan.yaml.",
    )


def kind_of(path: Path) -> str:
    """Returns the kind of the list at `path`, by its name; TaskMaster's if no other kind has that name."""
    return _SUFFIXES.get(path.suffix.lower(), TASKMASTER)


def usual_places(kind: str) -> tuple[str, ...]:
    """Returns the usual places of a list of that kind, as globs below the top of the repository."""
    return _PLACES[kind]


def find_lists(root: Path, kinds: Iterable[str] = _FOUND_ALONE) -> list[ListPlace]:
    """Returns the lists of these kinds below `root`."""
    return [
        ListPlace(kind, path)
        for kind in kinds
        for glob in _PLACES[kind]
        for path in sorted(root.glob(glob))
        if path.is_dir() == (kind == BACKLOG)
    ]


def in_folder(kind: str, path: Path) -> Path:
    """Returns the list in the folder `path`, or `path` itself if it is the list."""
    if not path.is_dir():
        return path
    if kind == BACKLOG:
        return path / "tasks" if (path / "tasks").is_dir() else path
    name = Path(_PLACES[kind][0]).name
    return path / name if (path / name).is_file() else path


def list_tag(path: Path) -> str:
    """Returns the name of a Markdown list: the folder of a `tasks.md` below `specs` or `changes`."""
    folder = path.absolute().parent
    own = path.name == "tasks.md" and folder.parent.name in ("specs", "changes")
    return one_line(folder.name) if own else MASTER


def read_tags(kind: str, content: bytes, path: Path | None, root: Path | None, findings: Findings) -> Tags:
    """Returns the raw tasks of a list by tag.

    `content` is the file's, `path` its path (None: standard input).

    Raises errors of the file (exit 2): see `json_parser`, `file_formats`, `text_files`.
    """
    if kind in _JSON:
        return unwrap(parse(content, findings), findings)
    if kind == GITHUB:
        from gitcoord.tasks.sources.github_issues import read_issue_list

        return {MASTER: read_issue_list(content, findings)}
    if kind == BACKLOG and path is not None:
        from gitcoord.tasks.sources.backlog import read_backlog

        found = _some(read_backlog(path, findings), findings, "a Markdown file with an `id`")
        return {MASTER: with_full_names(found)}
    if kind == BEADS and root is not None and path == root / _PLACES[BEADS][0]:
        from gitcoord.tasks.sources.beads import ask_beads

        told = ask_beads(root, findings)
        if told is not None:
            return {MASTER: told}
    from gitcoord.tasks.sources.text_files import decode_text

    text = decode_text(content, findings.source)
    if kind == "yaml":
        from gitcoord.tasks.sources.plain_lists import read_yaml_list

        return read_yaml_list(text, findings)
    return {list_tag(path) if path else MASTER: _read_one(kind, text, findings)}


def with_full_names(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns tasks in which `1` means task 1, also in a dependency of a part of task 2.

    In TaskMaster's lists, and so for the reader, `1` there means the part 2.1. A dependency that could be
    misread is moved to the task itself, which waits for it in any case.
    """
    tops = {task["id"] for task in tasks}
    for task in tasks:
        parts = task.get("subtasks") or []
        own = {part["id"] for part in parts}
        for part in parts:
            needs = part["dependencies"] if isinstance(part["dependencies"], list) else []
            moved = [need for need in needs if need in tops and f"{task['id']}.{need}" in own]
            above = task["dependencies"]
            if moved and (above is None or isinstance(above, list)):
                part["dependencies"] = [need for need in needs if need not in moved]
                task["dependencies"] = [*(above or ()), *moved]
    return tasks


def _read_one(kind: str, text: str, findings: Findings) -> list[dict[str, Any]]:
    if kind == "csv":
        from gitcoord.tasks.sources.plain_lists import read_csv_list

        return read_csv_list(text, findings)
    if kind == BEADS:
        from gitcoord.tasks.sources.beads import read_beads

        return read_beads(text, findings)
    from gitcoord.tasks.sources.checklist import read_checklist_tasks

    found = _some(read_checklist_tasks(text, findings), findings, "a checkbox (`- [ ] title`)")
    return with_full_names(found)


def _some(tasks: list[dict[str, Any]], findings: Findings, sign: str) -> list[dict[str, Any]]:
    if not tasks:
        raise usage_error(
            "unknown-shape", f"{findings.source} is not a task list: it lacks {sign}.", "Check the path."
        )
    return tasks
