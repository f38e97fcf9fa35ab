"""Asks for a confirmation before an action that is hard to undo."""

import sys

import typer

from gitcoord.errors import usage_error


def confirmed(question: str, *, yes: bool) -> bool:
    """Asks the question, unless `yes`; returns the answer. Raises `not-approved` without a terminal."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise usage_error(
            "not-approved", "This needs a confirmation, and there is no terminal.", "Add `--yes`."
        )
    return typer.confirm(question, default=True, err=True)
