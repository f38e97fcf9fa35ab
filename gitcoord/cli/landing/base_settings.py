"""Refuses to land without the base's check if the working tree has no settings, and the base has."""

import tomllib
from typing import Any

from gitcoord.cli.context import Context
from gitcoord.errors import usage_error
from gitcoord.git.git_cli import Git, Oid
from gitcoord.settings_file import PYPROJECT, SETTINGS_FILES, find_settings


def require_check_of(context: Context, base: str) -> None:
    """Raises `check-on-base` (exit 2) if only the settings of `base` name a check.

    The branch of a working tree without settings may be older than the settings, or may have lost them.
    """
    root, commit = context.repository.root, context.shared.branch(base)
    if root is None or commit is None or find_settings(root).path is not None:
        return
    git, names = context.repository.git, (*SETTINGS_FILES, PYPROJECT)
    for name in git.lines("ls-tree", "--name-only", commit, "--", *names):
        command = _check_in(git, commit, name)
        if command:
            raise usage_error(
                "check-on-base",
                f"{base} has the check {command!r} in {name}, but this working tree has no settings: "
                "nothing would be checked.",
                f"Run it where these settings are (`git switch {base}`, `git pull`), or choose: "
                "`--check 'COMMAND'`, or `--no-check` (`run`: `--no-land-check`).",
            )


def _check_in(git: Git, commit: Oid, name: str) -> str:
    """Returns the check in a settings file of a commit; empty if there is none, or no valid file."""
    found = git.run("cat-file", "blob", f"{commit}:{name}", ok=())
    if found.code != 0:
        return ""
    try:
        table = tomllib.loads(found.stdout.decode("utf-8-sig").replace("\r\n", "\n"))
    except ValueError:
        return ""
    if name == PYPROJECT:
        table = _table(_table(table, "tool"), "gitcoord")
    commands = (_table(table, key).get("check") for key in ("landing", "run"))
    return next((one for one in commands if isinstance(one, str) and one.strip()), "")


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    inner = table.get(key)
    return inner if isinstance(inner, dict) else {}
