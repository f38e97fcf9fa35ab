"""Finds errors in the settings that types cannot express: in patterns, commands and templates."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gitcoord.settings import LINE_FIELDS, PULL_FIELDS, Settings

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


def template_problems(settings: Settings) -> Iterator[Problem]:
    """Yields the errors in the templates of pull requests and of commit messages."""
    pulls, message = settings.pull_requests, settings.run.commit_message
    for key, text, known in (
        ("pull-requests.title", pulls.title, LINE_FIELDS),
        ("pull-requests.body", pulls.body, PULL_FIELDS),
        ("run.commit-message", message, LINE_FIELDS),
    ):
        if text:
            yield from _field_problems(key, text, known)
    if message and (message.isspace() or not all(char.isprintable() or char in "\n\t" for char in message)):
        yield Problem("`run.commit-message` must be printable text.", 'Write it like "chore: $title".')


def _field_problems(key: str, text: str, known: Sequence[str]) -> Iterator[Problem]:
    import string

    template = string.Template(text)
    wrong = [f"${name}" for name in template.get_identifiers() if name not in known]
    if not template.is_valid():
        wrong.append("a `$` without a name")
    if wrong:
        yield Problem(
            f"the template `{key}` has {', '.join(wrong)}.",
            f"It can have {', '.join(f'${name}' for name in known)}, and $$ for a dollar sign.",
        )
