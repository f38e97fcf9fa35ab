"""Turns typer's usage errors into gitcoord's errors."""

from typer.exceptions import Abort, TyperException

from gitcoord.errors import Exit, GitcoordError, usage_error


def usage_failure(error: Exception) -> GitcoordError | None:
    """Returns gitcoord's error for an error of typer; None for any other error."""
    if isinstance(error, Abort):
        return GitcoordError("interrupted", "Interrupted.", exit=Exit.INTERRUPTED)
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "gitcoord"
        # typer puts each choice on its own line.
        message = " ".join(error.format_message().split())
        return usage_error("usage", message, f"See `{path} --help`.")
    return None
