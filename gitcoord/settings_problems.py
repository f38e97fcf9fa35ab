"""Finds errors in the settings that types cannot express: in patterns, commands and templates."""

from collections.abc import Iterator, Mapping

import msgspec

from gitcoord.settings import PULL_FIELDS

_MOST_SHOWN = 40


class Problem(msgspec.Struct, frozen=True):
    """An error in the settings: a sentence, and the way out."""

    sentence: str
    way_out: str = ""


def shown(value: object) -> str:
    """Formats a value of a settings file for a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def pattern_problems(patterns: tuple[str, ...]) -> Iterator[Problem]:
    """Yields the patterns of `limit-patterns` that are not regular expressions."""
    import re

    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(f"`run.limit-patterns` has {shown(pattern)}, no regular expression: {error}.")


def regenerate_problems(commands: Mapping[str, str]) -> Iterator[Problem]:
    """Yields the patterns and commands of `regenerate` that cannot be used."""
    import shlex

    for pattern, command in commands.items():
        if not pattern.strip() or pattern.startswith(("!", "#")):
            yield Problem(f"`rules.regenerate` cannot have the pattern {shown(pattern)}.", "Name files.")
        try:
            empty = not shlex.split(command)
        except ValueError as error:
            yield Problem(f"`rules.regenerate` has {shown(command)}: {error}.", "Close the quote.")
        else:
            if empty:
                yield Problem(
                    f"`rules.regenerate` has no command for {shown(pattern)}.", "Say what makes it."
                )


def template_problems(key: str, text: str) -> Iterator[Problem]:
    """Yields the fields that a pull request's template cannot have."""
    if not text:
        return
    import string

    template, known = string.Template(text), PULL_FIELDS if key == "body" else PULL_FIELDS[:6]
    wrong = [f"${name}" for name in template.get_identifiers() if name not in known]
    if not template.is_valid():
        wrong.append("a `$` without a name")
    if wrong:
        yield Problem(
            f"the template `pull-requests.{key}` has {', '.join(wrong)}.",
            f"It can have {', '.join(f'${name}' for name in known)}, and $$ for a dollar sign.",
        )
