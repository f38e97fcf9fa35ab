"""Writes a first `gitcoord.toml`: found values as settings, the rest as comments; and the next commands."""

import json
from collections.abc import Iterator

from gitcoord.cli.setup.project_facts import ProjectFacts
from gitcoord.settings import Settings
from gitcoord.settings_file import SETTINGS_FILES


def settings_text(facts: ProjectFacts) -> str:
    """Returns the text of the file. A setting without a found value is a comment."""
    return "\n".join(_lines(facts)) + "\n"


def next_commands(facts: ProjectFacts) -> tuple[tuple[str, str], ...]:
    """Returns the next commands, each with an explanation."""
    push = " && git push" if facts.remote else ""
    commit = (
        f"git add {SETTINGS_FILES[0]} && git commit -m 'Set up gitcoord'{push}",
        "for everybody, and for each task's branch",
    )
    doctor = ("gitcoord doctor", "does landing work here? Changes nothing")
    if not facts.lists:
        heads = "--author LOGIN" if facts.github else "--branches 'agent/*'"
        return (
            commit,
            doctor,
            ("gitcoord help planning", "how to write a task list, for `gitcoord plan`"),
            (f"gitcoord check-conflicts {heads}", "which existing branches conflict"),
            (f"gitcoord land {heads} --dry-run", "every step of landing them, without a task list"),
        )
    run = f"gitcoord run{'' if facts.agents else ' --agent COMMAND'} --land --dry-run"
    return (
        commit,
        ("gitcoord plan", "levels, waves and branches, saved for everybody"),
        doctor,
        (run, "what would run together, and what it saves"),
    )


def _lines(facts: ProjectFacts) -> Iterator[str]:
    yield "# Settings of gitcoord: `gitcoord config` shows those in effect, with `--schema` all that exist."
    yield "# Commit this file to the base before you plan, so that all users and all tasks have it."
    yield ""
    yield _setting("base", facts.base, "main", "the branch that work lands on")
    yield _setting("remote", facts.remote, "origin", "the remote that workers share")
    usual = Settings()
    yield f'# strategy = "{usual.strategy}"    # a pull request for each level; "multi-pr": for each task'
    yield f'# method = "{usual.method}"    # or "squash", "rebase": how pull requests are merged'
    if facts.lists:
        yield ""
        yield "[tasks]"
        yield from _choices("from", list(facts.lists), "the task list")
    yield ""
    yield "[run]"
    yield from _choices("agent", list(facts.agents), "the command that does a task", "claude")
    for setup in facts.setups:
        yield f"# setup = {_quoted(setup.command)}    # from {setup.source}: in each new checkout"
    yield ""
    yield "[landing]"
    yield "# The base moves only to a tree on which this command succeeded."
    checks = [found.command for found in facts.checks]
    told = {found.command: f"from {found.source}" for found in facts.checks}
    yield from _choices("check", checks, "", "make test", told)


def _setting(key: str, value: str | None, example: str, meaning: str) -> str:
    return f"{'# ' if value is None else ''}{key} = {_quoted(value or example)}    # {meaning}"


def _choices(
    key: str, values: list[str], meaning: str, example: str = "", notes: dict[str, str] | None = None
) -> Iterator[str]:
    """Yields the first of `values` as a setting and the others as comments; without values, the example."""
    for number, value in enumerate(values or [example]):
        note = (notes or {}).get(value, meaning if number == 0 else "")
        off = "" if values and number == 0 else "# "
        yield f"{off}{key} = {_quoted(value)}{f'    # {note}' if note else ''}"


def _quoted(text: str) -> str:
    """Quotes `text` as a basic TOML string, which has the same escapes as JSON."""
    plain = text.encode("utf-8", "replace").decode()
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007F")
