"""What heads need of each other, by their commits and by what is written in pull requests."""

import re
from collections.abc import Mapping

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid

_REFERENCES = re.compile(r"(?i)\b(?:depends on|blocked by):?\s+((?:(?:,|and|&|\s)*#\d+\b)+)")
_NUMBER = re.compile(r"#(\d{1,9})\b")


def named_needs(body: str) -> tuple[int, ...]:
    """The numbers that a text says its work depends on: `Depends on #12`, `blocked by #3 and #4`."""
    found = (int(number) for part in _REFERENCES.findall(body) for number in _NUMBER.findall(part))
    return tuple(dict.fromkeys(found))


def built_on(ancestry: Ancestry, commits: Mapping[str, Oid]) -> dict[str, tuple[str, ...]]:
    """For each branch, the others whose commits it contains, without those that come with one of them.

    Of branches at the same commit none builds on another.
    """
    tips = set(commits.values())
    inside = {tip: ancestry.contained(tip, tips - {tip}) for tip in tips}
    near = {tip: below - {far for one in below for far in inside[one]} for tip, below in inside.items()}
    return {
        branch: tuple(other for other, one in commits.items() if one in near[tip])
        for branch, tip in commits.items()
    }
