"""Trailers: lines of a commit message with the task and head that the commit landed, folded or reverted.

A trailer proves nothing. It says which commit may contain the head, and `proof_by_content` decides. Trailers
are searched in the whole message: a squash may add paragraphs after them, such as co-authors, and git parses
only the last paragraph.
"""

import re

LANDED = "Gitcoord-Landed"
FOLDED = "Gitcoord-Fold"
ROLLED_BACK = "Gitcoord-Rolled-Back"


def trailer(key: str, task: str, head: str) -> str:
    """Returns the line that names a task and the head of its work."""
    return f"{key}: {task} {head}"


def values(key: str, message: str) -> list[str]:
    """Returns the text after each `key: ` at the beginning of a line of `message`."""
    return re.findall(rf"^{re.escape(key)}: (.*\S)", message, re.MULTILINE)
