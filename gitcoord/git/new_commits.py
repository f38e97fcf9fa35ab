"""Finds recent commits that no ref names; git keeps their objects for some time.

An object written since some moment is in a loose object file or a pack that is not older than it. Source:
https://git-scm.com/docs/gitrepository-layout (`objects`).
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gitcoord.git.git_cli import Git, Oid, stdin_lines
from gitcoord.path_search import matching_paths

_CLOCKS = 2.0
"""Seconds by which the clock of a file system may be behind."""


def unnamed_commits(git: Git, common_dir: Path, moment: float, *, after: Oid) -> list[Oid]:
    """Returns the newest commits since `moment` (seconds since 1970) that no ref and no worktree reaches.

    A worktree reaches the current and earlier commits of its HEAD. Only descendants of `after` count.
    """
    made = list(_objects_since(git, common_dir / "objects", moment - _CLOCKS))
    listed = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input=stdin_lines(made), ok=())
    commits = [line.split(" ")[0] for line in listed.text.split("\n") if line.endswith(" commit")]
    if not commits:
        return []
    known = (f"^{commit}" for commit in _positions(common_dir))
    walk = ("rev-list", "--ignore-missing", "--stdin", "--not", "--all")
    outside = set(git.run(*walk, input=stdin_lines([*commits, *known]), ok=()).text.split())
    found = [commit for commit in dict.fromkeys(commits) if commit in outside]
    tips = git.text("merge-base", "--independent", *found).split() if len(found) > 1 else found
    return [tip for tip in tips if git.probe("merge-base", "--is-ancestor", after, tip) is not None]


def _positions(common_dir: Path) -> set[Oid]:
    """Returns the current and earlier commits of all worktrees' HEADs and of the stash.

    A branch's own reflog does not count: it is deleted with the branch.
    """
    logs = (
        common_dir / "logs/HEAD",
        common_dir / "logs/refs/stash",
        *matching_paths(common_dir, "worktrees/*/logs/HEAD"),
    )
    found = set()
    for log in logs:
        with suppress(OSError):
            found |= {word for line in log.read_bytes().splitlines() for word in line.split(b" ", 2)[:2]}
    return {os.fsdecode(commit) for commit in found if commit.strip(b"0")}


def _objects_since(git: Git, objects: Path, moment: float) -> Iterator[Oid]:
    """Yields the objects in files written since `moment`, even if git packs objects meanwhile.

    Git writes a pack before it deletes the files that the pack replaces, so packs are read last.
    """
    for number in range(256):
        directory, files = objects / f"{number:02x}", list[str]()
        with suppress(OSError):  # Git may have removed the directory.
            files = os.listdir(directory)  # noqa: PTH208 - names are enough
        for name in files:
            if _is_since(directory / name, moment):
                yield f"{directory.name}{name}"
    read = set[Path]()
    while (
        new := {index for index in matching_paths(objects / "pack", "*.idx") if _is_since(index, moment)}
        - read
    ):
        read |= new
        for index in new:
            with suppress(FileNotFoundError):  # Its objects are in a newer pack, which the next turn reads.
                listed = git.run("show-index", input=index.read_bytes(), ok=()).text
                yield from (line.split(" ")[1] for line in listed.split("\n") if " " in line)


def _is_since(file: Path, moment: float) -> bool:
    try:
        return file.stat().st_mtime >= moment
    except OSError:
        return False
