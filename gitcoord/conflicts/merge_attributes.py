"""Which paths a merge treats as plain text: no merge driver, no attribute that decides what is text."""

from collections.abc import Collection

from gitcoord.git.git_cli import Git

_UNSPECIFIED = "unspecified"
_ASKED = ("merge", "diff")
_AT_ONCE = 20_000


def plainly_merged(git: Git, paths: Collection[str]) -> set[str]:
    """Those of `paths` whose attributes, as git sees them from here, leave merging and diffing alone."""
    wanted = sorted(paths)
    plain = set(wanted)
    for start in range(0, len(wanted), _AT_ONCE):
        request = "".join(f"{path}\0" for path in wanted[start : start + _AT_ONCE])
        ended = git.run(
            "check-attr", "-z", "--stdin", *_ASKED, input=request.encode("utf-8", "surrogateescape")
        )
        fields = ended.stdout.decode("utf-8", "surrogateescape").split("\0")
        for path, attribute, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            # A diff driver's own idea of what is binary would hide what the merge sees.
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
"""Git's own drivers, which name sections and leave open what is binary; `unset` shows no lines at all."""
