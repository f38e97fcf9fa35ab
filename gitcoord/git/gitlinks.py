"""Finds embedded repositories: gitlinks in a tree that are not in `.gitmodules`.

`git add` makes such a gitlink from a directory that is a repository; a clone gets an empty directory.
See https://git-scm.com/docs/gitmodules.
"""

from collections.abc import Iterator

from gitcoord.git.git_cli import Git, Oid

_LINK = "160000"
_FILE = ".gitmodules"


def links_without_row(git: Git, since: Oid, head: Oid) -> tuple[str, ...]:
    """Returns the gitlinks in `head` that are not in its `.gitmodules`, and were not in `since`."""
    options = ("-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
    fields = git.text("diff-tree", *options, since, head).split("\0")
    changed = dict(zip(fields[1::2], fields[::2], strict=False))
    new = {path for path, entry in changed.items() if entry.split(" ")[1] == _LINK}
    if not new and _FILE not in changed:
        return ()
    before, after = _rows(git, since), _rows(git, head)
    # Gitlinks that `since` has without an entry in `.gitmodules` do not count.
    old = {path for path in new if changed[path].startswith(f":{_LINK} ") and path not in before}
    left = set(_links(git, head, before - after))
    return tuple(sorted(((new - after) - old) | left))


def _rows(git: Git, commit: Oid) -> set[str]:
    """Returns the paths in the `.gitmodules` of a commit."""
    asked = ("config", "--blob", f"{commit}:{_FILE}", "-z", "--get-regexp", r"^submodule\..*\.path$")
    told = git.run(*asked, ok=()).text
    return {entry.partition("\n")[2].rstrip("/") for entry in told.split("\0") if entry}


def _links(git: Git, commit: Oid, paths: set[str]) -> Iterator[str]:
    """Yields those of `paths` that are gitlinks in a commit."""
    if not paths:
        return
    listed = git.text("--literal-pathspecs", "ls-tree", "-z", commit, "--", *sorted(paths))
    for line in filter(None, listed.split("\0")):
        entry, _, path = line.partition("\t")
        if entry.startswith(f"{_LINK} "):
            yield path
