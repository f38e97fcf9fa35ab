"""Finds errors in the settings: unknown keys, values of a wrong type, and values that cannot be used."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.settings import (
    LINE_FIELDS,
    PULL_FIELDS,
    LandingSettings,
    RepositorySettings,
    RunSettings,
    Settings,
)

_MOST_SHOWN = 40
_LONGEST_NAME = 60
"""The maximum length of a repository's name, in characters: directories and variables contain it."""


class Problem(msgspec.Struct, frozen=True):
    """An error in the settings: a sentence, and the way out."""

    sentence: str
    way_out: str = ""


def type_problems(table: dict[str, Any], form: type[msgspec.Struct], above: str = "") -> Iterator[Problem]:
    """Yields the unknown keys of `table`, and the values that do not fit the types of `form`."""
    known = {field.encode_name: field for field in msgspec.structs.fields(form)}
    for key, value in table.items():
        if key not in known:
            yield _unknown(key, list(known), above)
            continue
        kind, name = known[key].type, f"{above}{key}"
        if name == "repositories":
            yield from _repository_problems(value)
            continue
        if _is_table(kind):
            if isinstance(value, dict):
                yield from type_problems(value, kind, f"{name}.")
            else:
                yield Problem(f"`{name}` must be a table, not {_shown(value)}.", f"Write it as [{name}].")
            continue
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            yield _misfit(name, value, msgspec.inspect.type_info(kind))


def impossible_texts(value: object, name: str = "") -> Iterator[Problem]:
    """Yields the texts with a NUL character, which no path, argument or variable can have."""
    if isinstance(value, str) and "\0" in f"{name}{value}":
        yield Problem(f"`{name}` has a NUL character.", "Remove it.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from impossible_texts(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from impossible_texts(inner, name)


def _repository_problems(value: object) -> Iterator[Problem]:
    """Yields the errors in `[repositories]`, which maps names to a location or a table."""
    if not isinstance(value, dict):
        way_out = "Write it as [repositories]."
        yield Problem(f"`repositories` must be a table, not {_shown(value)}.", way_out)
        return
    variables: dict[str, str] = {}
    for name, given in value.items():
        key = f"repositories.{name}"
        is_home = name.lower() == "home"
        is_identifier = name.isascii() and name.replace("-", "_").isidentifier()
        if is_home or name.startswith("-") or not is_identifier or len(name) > _LONGEST_NAME:
            allowed = f"Use letters, digits, - and _, at most {_LONGEST_NAME} characters."
            way_out = "`home` is this repository." if is_home else allowed
            yield Problem(f"`{key}` is not a valid name for a repository.", way_out)
        twin = variables.setdefault(name.replace("-", "_").upper(), name)
        if twin != name:
            yield Problem(f"`{key}` and `repositories.{twin}` are too similar.", "Rename one of them.")
        if isinstance(given, dict):
            yield from type_problems(given, RepositorySettings, f"{key}.")
        at = given.get("at") if isinstance(given, dict) else given
        if not isinstance(at, str) or not at.strip() or at.startswith("-"):
            way_out = f'Write {name} = "../{name}", or {name} = {{ at = "../{name}" }}.'
            yield Problem(f"`{key}` does not say where the repository is.", way_out)
        token = given.get("token", "") if isinstance(given, dict) else ""
        if isinstance(token, str) and token and not (token.isidentifier() and token.isascii()):
            yield Problem(f"`{key}.token` must be the name of a variable.", 'Write it like "API_TOKEN".')


def _unknown(key: str, known: list[str], above: str) -> Problem:
    table = f"[{above[:-1]}]" if above else "the settings"
    near = _near(key.replace("_", "-").lower(), known)
    elsewhere = [place for place in _places(key.replace("_", "-")) if place != above]
    way_out = ""
    if elsewhere:
        way_out = (
            f"`{key}` belongs under [{elsewhere[0][:-1]}]."
            if elsewhere[0]
            else f"`{key}` belongs at the top."
        )
    elif near:
        way_out = f"Did you mean `{above}{near[0]}`?"
    return Problem(f"`{above}{key}` is not known in {table}.", way_out)


def _near(word: str, known: list[str]) -> list[str]:
    from difflib import get_close_matches  # nothing is wrong in most files

    return get_close_matches(word, known, 1)


def _places(key: str) -> Iterator[str]:
    """Yields the tables that have `key`, as prefixes."""
    for field in msgspec.structs.fields(Settings):
        if field.encode_name == key:
            yield ""
        elif _is_table(field.type) and key in {one.encode_name for one in msgspec.structs.fields(field.type)}:
            yield f"{field.encode_name}."


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _misfit(name: str, value: object, kind: msgspec.inspect.Type) -> Problem:
    words = _choices(kind)
    if isinstance(value, list):  # one of several is wrong
        value = next((one for one in value if not (isinstance(one, str) and one in (words or [one]))), value)
    near = _near(str(value), words)
    way_out = f"Did you mean `{near[0]}`?" if near else ""
    return Problem(f"`{name}` must be {_expected(kind)}, not {_shown(value)}.", way_out)


def _choices(kind: msgspec.inspect.Type) -> list[str]:
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _choices(kind.item_type)
    values = kind.values if isinstance(kind, msgspec.inspect.LiteralType) else ()
    return [str(value) for value in values]


def _expected(kind: msgspec.inspect.Type) -> str:
    """Returns the words for a value of that type."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _expected(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return " or ".join(
            _expected(one) for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)
        )
    if isinstance(kind, msgspec.inspect.LiteralType):
        return "one of " + ", ".join(_choices(kind))
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return f"a list of {'names: ' + ', '.join(_choices(kind)) if _choices(kind) else 'texts in quotes'}"
    if isinstance(kind, msgspec.inspect.DictType):
        return "a table of patterns and commands"
    if isinstance(kind, msgspec.inspect.BoolType):
        return "true or false"
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        number = "a whole number" if isinstance(kind, msgspec.inspect.IntType) else "a number"
        return number if kind.ge is None else f"{number} of at least {kind.ge}"
    return "a text in quotes"


def contradictions(settings: Settings) -> Iterator[Problem]:
    """Yields the errors that types cannot express: in patterns, commands, templates and durations."""
    for key, pattern, field in (
        ("task-branch", settings.task_branch, "{task}"),
        ("level-branch", settings.level_branch, "{level}"),
    ):
        if field not in pattern:
            yield Problem(f"`{key}` must contain {field}, not {pattern!r}.")
    if not settings.state_prefix.startswith("refs/") or not settings.state_prefix.endswith("/"):
        yield Problem("`state-prefix` must look like refs/gitcoord/, with both slashes.")
    yield from _template_problems(settings)
    yield from _pattern_problems(settings.run.limit_patterns)
    yield from _regenerate_problems(settings.rules.regenerate)
    given, usual = settings.run, RunSettings()
    wrong = [name for name in given.pass_environment if not (name.isidentifier() and name.isascii())]
    if wrong:
        yield Problem(
            f"`run.pass-environment` must hold names of variables, not {_shown(wrong[0])}.",
            'Write them like ["GH_TOKEN"].',
        )
    limit, kubernetes, argo = (
        settings.landing.check_timeout,
        settings.engines.kubernetes,
        settings.engines.argo,
    )
    for key, text, default, words in (
        ("run.timeout", given.timeout, usual.timeout, NO_LIMIT),
        ("run.stagger", given.stagger, usual.stagger, ("",)),
        ("run.idle-timeout", given.idle_timeout, usual.idle_timeout, NO_LIMIT),
        ("run.lease", given.lease, usual.lease, NO_LIMIT),
        ("run.publish-progress", given.publish_progress, usual.publish_progress, NO_LIMIT),
        ("engines.kubernetes.start-timeout", kubernetes.start_timeout, "30m", ()),
        ("engines.kubernetes.keep", kubernetes.keep, "1h", ()),
        ("engines.argo.start-timeout", argo.start_timeout, "30m", ()),
        ("engines.argo.keep", argo.keep, "1h", ()),
        ("landing.check-timeout", limit, LandingSettings().check_timeout, NO_LIMIT),
    ):
        if text not in (default, *words) and parse_duration(text) is None:
            yield Problem(
                f"`{key}` must be a duration, not {_shown(text)}.", "Write it like 90s, 30m or 1h30m."
            )


def _pattern_problems(patterns: tuple[str, ...]) -> Iterator[Problem]:
    """Yields the patterns of `limit-patterns` that are not regular expressions."""
    import re

    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(
                f"`run.limit-patterns` has {_shown(pattern)}, which is not a regular expression: {error}."
            )


def _regenerate_problems(commands: Mapping[str, str]) -> Iterator[Problem]:
    """Yields the patterns and commands of `regenerate` that cannot be used."""
    import shlex

    for pattern, command in commands.items():
        if not pattern.strip() or pattern.startswith(("!", "#")):
            yield Problem(f"`rules.regenerate` cannot have the pattern {_shown(pattern)}.", "Name files.")
        try:
            empty = not shlex.split(command)
        except ValueError as error:
            yield Problem(f"`rules.regenerate` has {_shown(command)}: {error}.", "Close the quote.")
        else:
            if empty:
                yield Problem(
                    f"`rules.regenerate` has no command for {_shown(pattern)}.",
                    "Name the command that generates it.",
                )


def _template_problems(settings: Settings) -> Iterator[Problem]:
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


def _shown(value: object) -> str:
    """Formats a value of a settings file for a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
