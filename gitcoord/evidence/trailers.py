"""Lines of commit messages that say which task's head a commit landed, folded in or took back.

They only say where to look: the commit has to have done it. They are looked for in the whole message: a
squash may be given more paragraphs behind them, such as its co-authors, and git reads only the last one.
"""

import re

LANDED = "Gitcoord-Landed"
FOLDED = "Gitcoord-Fold"
ROLLED_BACK = "Gitcoord-Rolled-Back"


def trailer(key: str, task: str, head: str) -> str:
    """The line that names a task and the head of its work."""
    return f"{key}: {task} {head}"


def values(key: str, message: str) -> list[str]:
    """What `message` says after each `key: ` at the beginning of a line."""
    return re.findall(rf"^{re.escape(key)}: (.*\S)", message, re.MULTILINE)
