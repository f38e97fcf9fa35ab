"""Adds gitcoord's hook to the hook files of other programs, and removes it again.

Keeps everything else in a file. Raises an error for a file that it cannot parse, and leaves it unchanged.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.git.repository import Repository

_FILES = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json"}
_FOLDERS = frozenset(Path(name).parent.name for name in _FILES.values())
_MATCHERS = {"claude": "Edit|MultiEdit|Write|NotebookEdit", "codex": "apply_patch|Edit|Write"}
_EVENT = "PreToolUse"
_TIMEOUT_SECONDS = 30
_GIT_LINE = "gitcoord check-file --hook git"
_GIT_HOOK = f"""#!/bin/sh
# Made by `gitcoord hooks install git`; `gitcoord hooks install git --uninstall` removes it.
command -v gitcoord >/dev/null 2>&1 || exit 0
{_GIT_LINE}
[ $? -ne 1 ]
"""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A file's text before and after; `after` None: delete it; equal texts: nothing to do."""

    path: Path
    before: str | None
    after: str | None
    executable: bool = False

    def make(self) -> None:
        """Replaces the file atomically, or deletes it. Follows a link.

        Keeps the file's permissions, unless `executable`.
        """
        target = Path(os.path.realpath(self.path))
        if self.after is None:
            target.unlink()
            with contextlib.suppress(OSError):  # the directory is not empty
                if target.parent.name in _FOLDERS:
                    target.parent.rmdir()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o755 if self.executable else target.stat().st_mode & 0o7777 if target.exists() else 0o644
        draft, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(draft, "w", encoding="utf-8", newline="") as file:
            file.write(self.after)
        Path(name).chmod(mode)
        Path(name).replace(target)


def planned_change(repository: Repository, program: str, *, uninstall: bool) -> Change:
    """Returns the change that adds gitcoord's hook to the program's file, or removes it.

    Raises `bad-hooks-file` (exit 2) and `foreign-hook` (exit 1).
    """
    if program == "git":
        return _git_change(repository, uninstall=uninstall)
    path = repository.require_working_tree() / _FILES[program]
    before = _read(path)
    document = _parse(path, before or "{}")
    entries = _entries(path, document)
    command = f"gitcoord check-file --hook {program}"
    wanted = {
        "matcher": _MATCHERS[program],
        "hooks": [{"type": "command", "command": command, "timeout": _TIMEOUT_SECONDS}],
    }
    there = [entry for entry in entries if command in _commands([entry])]
    if uninstall:
        after = _without(document, entries, command) if there else document
        text = before if not there else _written(after, before) if after else None
        return Change(path=path, before=before, after=text)
    if there:
        return Change(path=path, before=before, after=before)
    document.setdefault("hooks", {}).setdefault(_EVENT, []).append(wanted)
    return Change(path=path, before=before, after=_written(document, before))


def others(change: Change) -> list[str]:
    """Returns the commands of other hooks that run `gitcoord check-file`, which would then answer twice."""
    if change.path.name not in {Path(name).name for name in _FILES.values()}:
        return []
    entries = _entries(change.path, _parse(change.path, change.after or "{}"))
    return [one for one in _commands(entries) if "gitcoord check-file" in one and "--hook" not in one.split()]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _bad(path, "it is not UTF-8") from error
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text.removeprefix("\ufeff").strip() or "{}", object_pairs_hook=_once)
    except ValueError as error:
        raise _bad(path, str(error)) from error
    if not isinstance(document, dict):
        raise _bad(path, "it is not a JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return found


def _entries(path: Path, document: dict[str, Any]) -> list[Any]:
    hooks = document.get("hooks", {})
    entries = hooks.get(_EVENT, []) if isinstance(hooks, dict) else None
    if not isinstance(entries, list):
        raise _bad(path, f"`hooks` is not an object with lists such as `{_EVENT}`")
    return entries


def _commands(entries: Iterable[Any]) -> list[str]:
    handlers = [one for entry in entries if isinstance(entry, dict) for one in _handlers(entry)]
    return [
        one["command"] for one in handlers if isinstance(one, dict) and isinstance(one.get("command"), str)
    ]


def _handlers(entry: dict[str, Any]) -> list[Any]:
    found = entry.get("hooks")
    return found if isinstance(found, list) else []


def _without(document: dict[str, Any], entries: list[Any], command: str) -> dict[str, Any]:
    """Removes the hook from the document, and the entries that are empty without it."""
    left = []
    for entry in entries:
        if command in _commands([entry]):
            entry["hooks"] = [one for one in entry["hooks"] if not _is_ours(one, command)]
            if not entry["hooks"]:
                continue
        left.append(entry)
    document["hooks"][_EVENT] = left
    if not left:
        del document["hooks"][_EVENT]
    if not document["hooks"]:
        del document["hooks"]
    return document


def _is_ours(handler: Any, command: str) -> bool:
    return isinstance(handler, dict) and handler.get("command") == command


def _written(document: dict[str, Any], before: str | None) -> str:
    """Returns the document as text in the style of the file: indentation, line endings, last newline."""
    text = before if before and before.strip() else "{\n  \n}\n"
    second = text.split("\n")[1] if "\n" in text else ""
    indent = second[: len(second) - len(second.lstrip(" \t"))]
    shown = json.dumps(document, indent=indent or None if "\n" in text else None, ensure_ascii=False)
    shown += "\n" if text.endswith("\n") else ""
    return ("\ufeff" if text.startswith("\ufeff") else "") + (
        shown.replace("\n", "\r\n") if "\r\n" in text else shown
    )


def _git_change(repository: Repository, *, uninstall: bool) -> Change:
    path = _hooks_directory(repository) / "pre-commit"
    before = _read(path)
    if before is None or before == _GIT_HOOK:
        return Change(
            path=path, before=before, after=None if uninstall else _GIT_HOOK, executable=not uninstall
        )
    if any(line.strip().startswith(_GIT_LINE) for line in before.split("\n")) != uninstall:
        return Change(path=path, before=before, after=before)
    if uninstall:
        raise answer_no(
            "foreign-hook",
            f"{path} is not gitcoord's own, so it was not changed.",
            f"Remove the line `{_GIT_LINE}` from it.",
        )
    raise answer_no(
        "foreign-hook",
        f"{path} is not gitcoord's own, so it was not changed.",
        f"Add this line to it: {_GIT_LINE} || [ $? -ne 1 ] || exit 1",
    )


def _hooks_directory(repository: Repository) -> Path:
    """Returns the directory of the repository's hooks.

    Raises `foreign-hook` if other repositories share the directory, `bad-hooks-file` if it is a file.
    """
    root = repository.require_working_tree()
    set_by = repository.git.run("config", "--show-scope", "--get", "core.hooksPath", hooks=True, ok=())
    scope = set_by.text.split("\t", 1)[0] if set_by.code == 0 else "local"
    asked = ("--path-format=absolute", "--git-path", "hooks")
    found = Path(repository.git.run("rev-parse", *asked, hooks=True).text)
    if not found.is_relative_to(root) and scope not in ("local", "worktree"):
        raise GitcoordError(
            "foreign-hook",
            f"Git runs the hooks in {found}, which your {scope} configuration sets for all repositories.",
            hint=f"Add `{_GIT_LINE}` to the pre-commit hook there, or set core.hooksPath for this one.",
        )
    if found.exists() and not found.is_dir():
        raise usage_error(
            "bad-hooks-file", f"core.hooksPath is {found}, which is not a directory.", "Unset it first."
        )
    return found


def _bad(path: Path, why: str) -> GitcoordError:
    return usage_error(
        "bad-hooks-file", f"{path} cannot be changed: {why}.", "Correct the file; it was not changed."
    )
