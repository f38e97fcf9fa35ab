"""Reads the settings, and reports errors in them by file, key and expected value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.settings import (
    LandingSettings,
    RepositorySettings,
    RunSettings,
    Settings,
)
from gitcoord.settings_problems import (
    Problem,
    pattern_problems,
    regenerate_problems,
    shown,
    template_problems,
)

SETTINGS_FILES = ("gitcoord.toml", ".gitcoord.toml")
PYPROJECT = "pyproject.toml"


class SettingsFile(msgspec.Struct, frozen=True):
    """The file of the settings and its table; without a file there are only defaults."""

    path: Path | None = None
    table: dict[str, Any] = {}


def load_settings(root: Path | None) -> Settings:
    """Returns the settings of the working tree at `root` (None: the defaults).

    Raises `bad-settings` (exit 2) with the file, the keys and the expected values.
    """
    return read_settings(find_settings(root))


def find_settings(root: Path | None) -> SettingsFile:
    """Returns the settings file of the working tree at `root`. Raises `bad-settings`."""
    if root is None:
        return SettingsFile()
    here = [root / name for name in SETTINGS_FILES if (root / name).is_file()]
    if len(here) > 1:
        names = " and ".join(path.name for path in here)
        raise usage_error("bad-settings", f"There are both {names} in {root}.", "Keep one of them.")
    if here:
        return SettingsFile(here[0], _parse(here[0]))
    table = pyproject_table(root)
    return SettingsFile() if table is None else SettingsFile(root / PYPROJECT, table)


def pyproject_table(root: Path) -> Any:
    """Returns `[tool.gitcoord]` of `pyproject.toml`, also if another file has priority; None without one."""
    path = root / PYPROJECT
    tools = _parse(path).get("tool") if path.is_file() else None
    return tools.get("gitcoord") if isinstance(tools, dict) else None


def read_settings(file: SettingsFile) -> Settings:
    """Returns the settings in `file`. Raises `bad-settings` with all of its errors."""
    if file.path is None:
        return Settings()
    where = "[tool.gitcoord] in " if file.path.name == PYPROJECT else ""
    if not isinstance(file.table, dict):
        raise usage_error(
            "bad-settings", f"{where}{file.path.name} is not a table.", "Write [tool.gitcoord]."
        )
    problems = list(_problems(file.table, Settings))
    if not problems:
        settings = msgspec.convert(file.table, Settings)
        problems = list(_contradictions(settings))
    if problems:
        raise _bad(f"{where}{file.path.name}", problems)
    return settings


def _bad(name: str, problems: list[Problem]) -> GitcoordError:
    ways_out = list(dict.fromkeys(problem.way_out for problem in problems if problem.way_out))
    return usage_error(
        "bad-settings",
        "\n".join(f"{name}: {problem.sentence}" for problem in problems),
        " ".join(ways_out[:3]) or "See the settings in `gitcoord help reference`.",
    )


def _parse(path: Path) -> dict[str, Any]:
    import tomllib  # most projects have no settings

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise usage_error(
            "bad-settings", f"{path.name} is not valid TOML: {error}.", "Fix that line."
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise usage_error("bad-settings", f"{path.name} is not UTF-8 in line {line}.", "Fix it.") from error
    except OSError as error:
        raise usage_error(
            "bad-settings", f"{path.name} cannot be read: {error.strerror}.", "Make it readable."
        ) from error


def _problems(table: dict[str, Any], form: type[msgspec.Struct], above: str = "") -> Iterator[Problem]:
    """Yields the entries of `table` that do not fit the type, key by key."""
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
                yield from _problems(value, kind, f"{name}.")
            else:
                yield Problem(f"`{name}` must be a table, not {shown(value)}.", f"Write it as [{name}].")
            continue
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            yield _misfit(name, value, msgspec.inspect.type_info(kind))


def _repository_problems(value: object) -> Iterator[Problem]:
    """Yields the errors in `[repositories]`, which maps names to a location or a table."""
    if not isinstance(value, dict):
        way_out = "Write it as [repositories]."
        yield Problem(f"`repositories` must be a table, not {shown(value)}.", way_out)
        return
    variables: dict[str, str] = {}
    for name, given in value.items():
        key = f"repositories.{name}"
        is_home = name.lower() == "home"
        if is_home or name.startswith("-") or not (name.isascii() and name.replace("-", "_").isidentifier()):
            way_out = "`home` is this repository." if is_home else "Use letters, digits, - and _."
            yield Problem(f"`{key}` is not a valid name for a repository.", way_out)
        twin = variables.setdefault(name.replace("-", "_").upper(), name)
        if twin != name:
            yield Problem(f"`{key}` and `repositories.{twin}` are too similar.", "Rename one of them.")
        if isinstance(given, dict):
            yield from _problems(given, RepositorySettings, f"{key}.")
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
    return Problem(f"`{name}` must be {_expected(kind)}, not {shown(value)}.", way_out)


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


def _contradictions(settings: Settings) -> Iterator[Problem]:
    """Yields the errors that the types cannot express."""
    for key, pattern, field in (
        ("task-branch", settings.task_branch, "{task}"),
        ("level-branch", settings.level_branch, "{level}"),
    ):
        if field not in pattern:
            yield Problem(f"`{key}` must contain {field}, not {pattern!r}.")
    if not settings.state_prefix.startswith("refs/") or not settings.state_prefix.endswith("/"):
        yield Problem("`state-prefix` must look like refs/gitcoord/, with both slashes.")
    yield from template_problems(settings)
    yield from pattern_problems(settings.run.limit_patterns)
    yield from regenerate_problems(settings.rules.regenerate)
    given, usual = settings.run, RunSettings()
    wrong = [name for name in given.pass_environment if not (name.isidentifier() and name.isascii())]
    if wrong:
        yield Problem(
            f"`run.pass-environment` must hold names of variables, not {shown(wrong[0])}.",
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
                f"`{key}` must be a duration, not {shown(text)}.", "Write it like 90s, 30m or 1h30m."
            )
