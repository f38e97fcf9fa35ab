"""Asking before something is done that cannot be taken back easily."""

import sys

import typer

from gitcoord.errors import usage_error


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether a person says yes, or has said so before. Raises `not-approved` (exit 2) without a terminal."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise usage_error(
            "not-approved", "This needs a confirmation, and there is no terminal.", "Add `--yes`."
        )
    return typer.confirm(question, default=True, err=True)
