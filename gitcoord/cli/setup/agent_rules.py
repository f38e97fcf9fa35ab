"""Copies the agent rules from the docs into the file that each agent reads."""

import re
from pathlib import Path

from gitcoord.cli.packaged_files import packaged
from gitcoord.cli.setup.hook_files import Change

_BEGIN, _END = "<!-- gitcoord: begin -->", "<!-- gitcoord: end -->"
_SKILL = ".claude/skills/gitcoord/SKILL.md"
_SHARED = "AGENTS.md"
_HEADING = "## Tasks are coordinated by gitcoord"
_ABOUT = "Use when you start, work on or submit a task in this repository, or hit a merge conflict."


def rules() -> str:
    """Returns the rules from this version's docs."""
    return packaged("docs/agents.md").read_text(encoding="utf-8").partition("<!-- rules -->\n")[2]


def rules_change(program: str, root: Path, *, uninstall: bool) -> Change:
    """Returns the change that adds the rules to the agent's file, or removes them.

    The file is a skill for Claude Code, a part of AGENTS.md for all other agents.
    """
    if program == "claude":
        path = root / _SKILL
        text = f"---\nname: gitcoord\ndescription: {_ABOUT}\n---\n\n{rules()}"
        return Change(path=path, before=_read(path), after=None if uninstall else text)
    path = root / _SHARED
    before = _read(path)
    rest = re.sub(rf"\n*{_BEGIN}.*?{_END}\n", "\n", before or "", flags=re.S).strip("\n")
    part = f"{_BEGIN}\n{_HEADING}\n\n{rules()}{_END}\n"
    if uninstall:
        return Change(path=path, before=before, after=f"{rest}\n" if rest else None)
    return Change(path=path, before=before, after=f"{rest}\n\n{part}" if rest else part)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
