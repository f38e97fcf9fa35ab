"""Reads the settings from their file. `settings_problems` finds the errors in them."""

from pathlib import Path
from typing import Any

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.settings import Settings
from gitcoord.settings_problems import Problem, contradictions, impossible_texts, type_problems

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
    problems = [*impossible_texts(file.table), *type_problems(file.table, Settings)]
    if not problems:
        settings = msgspec.convert(file.table, Settings)
        problems = list(contradictions(settings))
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
