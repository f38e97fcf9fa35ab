"""Lines of commit messages that say which task's head a commit landed or took back.

They are looked for in the whole message: a squash may be given more paragraphs behind them, such as its
co-authors, and git itself reads the last paragraph only.
"""

import re


def values(trailer: str, message: str) -> list[str]:
    """What `message` says after each `trailer: ` at the beginning of a line."""
    return re.findall(rf"^{re.escape(trailer)}: (.*\S)", message, re.MULTILINE)
