"""Finds the files and commits that removing a worktree would lose although its tip is in the base."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gitcoord.git.git_cli import Git, Oid
from gitcoord.path_search import matching_paths
from gitcoord.text_lists import some

GENERATED = frozenset(
    {
        *("node_modules", "bower_components", ".next", ".nuxt", ".turbo", ".parcel-cache", ".yarn"),
        *("__pycache__", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        *("target", "build", "dist", "out", ".gradle", "bin", "obj", "_build", "deps", ".eggs", "coverage"),
    }
)
"""Names of ignored directories that tools generate again."""
_GENERATED_FILES = (".pyc", ".pyo", ".o", ".class", ".DS_Store")
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "sequencer": "a sequence of picks",
}
_STATUS = (
    *("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "core.ignoreStat=false"),
    *("status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignored=matching"),
    *("--ignore-submodules=none", "--no-renames"),
)


def under_way(own: Path) -> str:
    """Returns why a worktree is busy, according to git's files in its directory `own`; or ""."""
    if (own / "index.lock").exists():
        return "a git process works in it, or was killed there (index.lock)"
    if any(path.is_file() for path in matching_paths(own / "refs", "**/*")):
        return "it has its own refs (refs/worktree, refs/bisect)"
    name = next((what for file, what in _UNDER_WAY.items() if (own / file).exists()), "")
    return f"it is in the middle of {name}" if name else ""


def branches_under_way(own: Path) -> set[str]:
    """Returns the branches (full names) to which a rebase or bisection in a worktree returns at its end."""
    found = set[str]()
    for file in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
        with suppress(OSError):
            name = (own / file).read_text(encoding="utf-8", errors="surrogateescape").strip()
            found.add(name if name.startswith("refs/") else f"refs/heads/{name}")
    return found


def uncommitted(git: Git, worktree: Path, main: Path | None, *, ignored_too: bool) -> str:
    """Returns why removing a worktree would lose files, or "". `git` is bound to the worktree.

    Ignored files count unless `main`, the main worktree, has the same file, or their names are those of files
    or directories that tools generate again. `ignored_too`: ignored files may be lost.
    """
    told = git.text(*_STATUS).split("\0")
    changed = [line[3:] for line in told if line and not line.startswith("!! ")]
    if changed:
        return f"it has uncommitted changes: {some(changed, 3)}"
    hidden = list(_hidden(git, worktree))
    if hidden:
        return (
            f"git ignores changes of some of its files (assume-unchanged, skip-worktree): {some(hidden, 3)}"
        )
    ignored = [line[3:] for line in told if line.startswith("!! ")]
    nested = [name for name in ignored if name.endswith("/") and _holds_repository(worktree / name)]
    if nested:
        return f"it contains another repository: {some(nested, 3)}"
    if ignored_too:
        return ""
    lost = [name for name in ignored if not _is_generated(name) and not _same(worktree, main, name)]
    return f"it has ignored files that exist nowhere else: {some(lost, 3)} (see --ignored)" if lost else ""


def abandoned(own: Path) -> set[Oid]:
    """Returns commits at which HEAD was detached before it moved: perhaps only this reflog has them."""
    try:
        lines = (own / "logs" / "HEAD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    # Git's entry for a checkout ends with the two names; a detached HEAD has its commit id.
    moves = (line.partition("\t")[2].split(" ") for line in lines)
    froms = (words[3] for words in moves if words[:3] == ["checkout:", "moving", "from"] and len(words) > 3)
    return {name for name in froms if len(name) in (40, 64) and set(name) <= set("0123456789abcdef")}


def size_of(directory: Path) -> int:
    """Returns the bytes on disk of a directory's content; counts a file with several hard links once."""
    total, seen, todo = 0, set[tuple[int, int]](), [str(directory)]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    told = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    if told.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                        if (told.st_dev, told.st_ino) in seen:
                            continue
                        seen.add((told.st_dev, told.st_ino))
                    total += told.st_blocks * 512
        except OSError:
            continue  # removed in the meantime, or not readable
    return total


def _hidden(git: Git, worktree: Path) -> Iterator[str]:
    for line in git.text("ls-files", "-v", "-z").split("\0"):
        tag, _, path = line.partition(" ")
        if tag.islower() or (tag == "S" and os.path.lexists(worktree / path)):
            yield path


def _holds_repository(directory: Path) -> bool:
    return any(".git" in names or ".git" in files for _, names, files in os.walk(directory))


def _is_generated(name: str) -> bool:
    parts = name.rstrip("/").split("/")
    return not GENERATED.isdisjoint(parts) or (not name.endswith("/") and name.endswith(_GENERATED_FILES))


def _same(worktree: Path, main: Path | None, name: str) -> bool:
    """Whether the main worktree has the same file."""
    if main is None or name.endswith("/"):
        return False
    here, there = worktree / name, main / name
    try:
        if here.is_symlink() or there.is_symlink():
            return here.is_symlink() and there.is_symlink() and here.readlink() == there.readlink()
        return here.stat().st_size == there.stat().st_size and here.read_bytes() == there.read_bytes()
    except OSError:
        return False
