"""Turns what typer raises for wrong usage into our own error."""

from typer.exceptions import Abort, TyperException

from gitcoord.errors import Exit, GitcoordError, usage_error


def usage_failure(error: Exception) -> GitcoordError | None:
    """Our error for typer's, or None when `error` is not typer's."""
    if isinstance(error, Abort):
        return GitcoordError("interrupted", "Interrupted.", exit=Exit.INTERRUPTED)
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "gitcoord"
        # It puts each choice on a line of its own.
        message = " ".join(error.format_message().split())
        return usage_error("usage", message, f"See `{path} --help`.")
    return None
