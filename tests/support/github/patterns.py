"""Patterns that rulesets demand of commit messages."""

import re

from tests.support.github.model import MessagePattern

_WORDS = {
    "starts_with": "start with a matching pattern",
    "ends_with": "end with a matching pattern",
    "contains": "contain a matching pattern",
    "regex": "match a given regex pattern",
}


def matches(wanted: MessagePattern | None, message: str) -> bool:
    """Whether a commit message is as it has to be."""
    if wanted is None:
        return True
    text, pattern = message.rstrip("\n"), wanted.pattern
    found = {
        "starts_with": text.startswith(pattern),
        "ends_with": text.endswith(pattern),
        "contains": pattern in text,
        "regex": re.search(pattern, text) is not None,
    }[wanted.operator]
    return found != wanted.negate


def pattern_sentence(wanted: MessagePattern | None) -> str:
    """What a commit is told whose message is not."""
    if wanted is None:
        return ""
    verb = "must not" if wanted.negate else "must"
    return wanted.name or f"Commit message {verb} {_WORDS[wanted.operator]}: {wanted.pattern}"


def parameters(wanted: MessagePattern) -> dict[str, object]:
    """The pattern as the rules of a branch list it."""
    named = {"name": wanted.name} if wanted.name else {}
    return {**named, "operator": wanted.operator, "pattern": wanted.pattern, "negate": wanted.negate}
