"""Paths that do not count: gitignore-style patterns, read by a library that knows them."""

from collections.abc import Callable, Sequence

from gitcoord.errors import usage_error


def ignored_by(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test for paths that `patterns` name. Raises `bad-ignore` (exit 2) naming the wrong pattern."""
    if not patterns:
        return lambda path: False
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise usage_error(
                "bad-ignore",
                f"{pattern!r} is not a pattern for paths to ignore: {error}.",
                "Patterns are written as in .gitignore, for example `docs/**` or `*.lock`.",
            ) from error
    return GitIgnoreSpec.from_lines(patterns).match_file
