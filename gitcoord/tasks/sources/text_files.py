"""Reads the text of a task list file; an error says why it cannot be read."""

import re
from pathlib import Path

from gitcoord.errors import usage_error
from gitcoord.tasks.json_parser import CONFLICT


def read_text_file(path: Path, name: str) -> str:
    """Returns the text of the file at `path`, called `name` in messages.

    Raises `unreadable-task-list`, or an error of `decode_text`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise usage_error(
            "unreadable-task-list", f"{name} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    return decode_text(content, name)


def decode_text(content: bytes, name: str) -> str:
    """Decodes UTF-8 text; skips a byte order mark.

    Raises `unreadable-task-list`, `empty-task-list` or `conflict-markers`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise usage_error(
            "unreadable-task-list",
            f"{name} is not UTF-8 text: line {line} has other bytes.",
            "Save it as UTF-8.",
        ) from error
    if not text.strip():
        raise usage_error(
            "empty-task-list", f"{name} is empty.", "Restore the task list, for example from git."
        )
    marker = re.search(CONFLICT, text)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        raise usage_error(
            "conflict-markers",
            f"{name} has a git conflict marker at line {line}.",
            "Resolve the conflict in the file, then try again.",
        )
    return text
