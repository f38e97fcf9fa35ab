"""Finds the paths that a merge treats as plain text: no merge driver, no attribute that affects merging."""

from collections.abc import Collection

from gitcoord.git.git_cli import Git

_UNSPECIFIED = "unspecified"
_ASKED = ("merge", "diff")
_AT_ONCE = 20_000


def plainly_merged(git: Git, paths: Collection[str]) -> set[str]:
    """Returns those of `paths` whose attributes affect neither merges nor diffs."""
    wanted = sorted(paths)
    plain = set(wanted)
    for start in range(0, len(wanted), _AT_ONCE):
        request = "".join(f"{path}\0" for path in wanted[start : start + _AT_ONCE])
        ended = git.run(
            "check-attr", "-z", "--stdin", *_ASKED, input=request.encode("utf-8", "surrogateescape")
        )
        fields = ended.stdout.decode("utf-8", "surrogateescape").split("\0")
        for path, attribute, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            # A diff driver may treat files as binary that a merge treats as text.
            if value != _UNSPECIFIED and not (attribute == "diff" and value in _HARMLESS):
                plain.discard(path)
    return plain


_HARMLESS = frozenset(
    [
        "ada",
        "bash",
        "bibtex",
        "cpp",
        "csharp",
        "css",
        "dts",
        "elixir",
        "fortran",
        "fountain",
        "golang",
        "html",
        "java",
        "kotlin",
        "markdown",
        "matlab",
        "objc",
        "pascal",
        "perl",
        "php",
        "python",
        "ruby",
        "rust",
        "scheme",
        "tex",
        "unset",
    ]
)
"""Git's built-in diff drivers, which only name sections.

With `unset`, git shows no lines, so lines decide nothing.
"""
